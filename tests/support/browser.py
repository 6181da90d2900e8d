"""A real browser for the tests: Debian's Chromium, driven by Playwright."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
LIGHT: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
DARK: dict[str, Any] = {**LIGHT, "color_scheme": "dark"}
PHONE: dict[str, Any] = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}


PATIENCE = 60_000
"""Milliseconds after which something that should show has not, on a very busy machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Chromium. Without one on this machine the tests are skipped, and in CI they fail."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        said = "no Chromium on this machine: `apt-get install chromium` lets the browser tests run"
        pytest.fail(said) if os.environ.get("CI") else pytest.skip(said)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        expect.set_options(timeout=PATIENCE)
        yield browser
        browser.close()


@contextmanager
def opened(browser: Browser, address: str, **how: Any) -> Iterator[Page]:
    """Open a page at `address`; an error on its console, such as a refused script, fails the test."""
    context = browser.new_context(base_url=address, **{**LIGHT, **how})
    context.set_default_timeout(PATIENCE)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: (errors.append(dialog.message), dialog.dismiss()))
    yield page
    refused = [error for error in errors if not error.startswith("Failed to load resource: ")]
    context.close()
    assert refused == []
