"""Steps on the search page in a browser."""

from typing import Any

from playwright.sync_api import Page, expect


def at(page: Page, address: str) -> Page:
    page.goto(address)
    expect(page.locator("body")).to_have_attribute("data-ready", "true")
    return page


def hits(page: Page, column: int = 0) -> list[str]:
    links = page.locator(".column").nth(column).locator("a.open")
    found: list[str] = links.evaluate_all("links => links.map(link => link.dataset.hit)")
    return found


def first_hit(page: Page, docid: str) -> None:
    expect(page.locator("#hits a.open").first).to_have_attribute("data-hit", docid)


def weight(page: Page, token: str) -> Any:
    return page.get_by_role("slider", name=f"Weight of {token}", exact=True)
