"""Hits on the search page in a real browser: seen large, compared, and searched by."""

from playwright.sync_api import Browser, Page, expect
from support.browser import PHONE, opened
from support.search_page import at, first_hit, hits, weight
from support.served import HOSTILE


def test_a_click_on_a_word_of_a_hit_searches_by_it(page: Page) -> None:
    at(page, "/?query=red+circle")
    page.locator("#hits .card").first.get_by_role("link", name="circle", exact=True).click()
    expect(page).to_have_url("/?weights=circle%3A100")
    first_hit(page, "val/blue-circle-0")
    assert hits(page)[:3] == ["val/blue-circle-0", "val/green-circle-0", "val/red-circle-0"]
    expect(page.get_by_role("searchbox")).to_have_value("")


def test_a_hit_is_seen_large_with_its_reasons_and_closes_again(page: Page) -> None:
    at(page, "/?query=red+circle+dog")
    page.get_by_role("link", name="Show figures").click()
    page.locator("#hits a.open").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="val/red-circle-0")).to_be_focused()
    expect(page).to_have_url("/?query=red+circle+dog&hit=val%2Fred-circle-0")
    rows = dialog.locator("table").first.locator("tbody tr").all()
    adds = [int(row.locator("td").last.inner_text().replace(",", "")) for row in rows]
    total = int(dialog.get_by_role("heading", name="Why it was found").inner_text().split()[-1].replace(",", ""))
    assert len(adds) == 2 and sum(adds) == total
    expect(dialog.get_by_text("In the query, not in this picture: dog")).to_be_visible()
    expect(dialog.get_by_text("A red circle.").first).to_be_visible()
    expect(dialog.locator("dd")).to_have_text(["A red circle."])
    assert all(
        image.evaluate("each => each.decode().then(() => each.naturalWidth)") for image in dialog.locator("img").all()
    )
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page).to_have_url("/?query=red+circle+dog")
    expect(page.locator("#hits a.open").first).to_be_focused()
    page.go_back()
    expect(page.get_by_role("dialog").get_by_role("heading", name="val/red-circle-0")).to_be_visible()
    page.go_back()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_a_word_that_is_pointed_at_or_focused_shows_where_it_is(page: Page) -> None:
    at(page, "/?query=red&hit=val/red-circle-0")
    dialog = page.get_by_role("dialog")
    seen = dialog.locator("#seen")
    word = dialog.locator("table").first.get_by_role("link", name="red")
    word.hover()
    expect(seen).to_have_attribute("src", "/patches/val%2Fred-circle-0?token=red")
    assert seen.evaluate("each => each.decode().then(() => each.naturalWidth)") == 480
    expect(dialog.get_by_text("Where “red” is")).to_be_visible()
    page.mouse.move(0, 0)
    expect(seen).to_have_attribute("src", "/images/val%2Fred-circle-0")
    word.focus()
    expect(seen).to_have_attribute("src", "/patches/val%2Fred-circle-0?token=red")


def test_two_hits_are_compared(page: Page) -> None:
    at(page, "/?query=red+circle")
    second = hits(page)[1]
    page.locator("#hits a.open").nth(1).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Compare with the hit")).to_have_value("val/red-circle-0")
    dialog.get_by_role("button", name="Compare").click()
    heading = dialog.get_by_role("heading", name="Beside val/red-circle-0: ")
    expect(heading).to_be_visible()
    rows = dialog.locator("table").nth(1).locator("tbody tr").all()
    differences = [int(row.locator("td").last.inner_text()) for row in rows]
    assert sum(differences) == int(heading.inner_text().split()[-1]) < 0
    expect(page.get_by_role("dialog").get_by_role("heading", name=second)).to_be_visible()


def test_more_like_this_searches_by_the_pictures_own_vector(page: Page) -> None:
    at(page, "/?query=red&hit=val/two")
    page.get_by_role("dialog").get_by_role("link", name="More like this").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).to_have_url("/?like=val%2Ftwo")
    first_hit(page, "test/dog")
    expect(weight(page, "dog")).to_have_value("120")
    expect(page.get_by_text("like val/two")).to_be_visible()


def test_the_keyboard_by_itself_gets_from_the_field_to_a_hit_and_back(page: Page) -> None:
    at(page, "/?query=dog")
    page.get_by_role("searchbox").focus()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('open')"):
            break
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog").get_by_role("heading", name="test/dog")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#hits a.open").first).to_be_focused()


def test_hostile_ids_and_captions_are_shown_and_do_nothing(page: Page) -> None:
    at(page, "/?query=star&filter=split%3Dhostile")
    assert sorted(hits(page)) == sorted(HOSTILE)
    for docid in HOSTILE:
        page.locator("#hits a.open").nth(hits(page).index(docid)).click()
        dialog = page.get_by_role("dialog")
        assert dialog.locator("#hit-title").text_content() == docid
        assert dialog.locator("#seen").evaluate("each => each.decode().then(() => each.naturalWidth)") == 96
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
    assert page.title() == "star – image search"


def test_on_a_phone_the_first_touch_of_a_word_shows_where_it_is_and_the_second_searches(
    browser: Browser, address: str
) -> None:
    with opened(browser, address, **PHONE) as page:
        at(page, "/?query=red&hit=val/red-circle-0")
        word = page.get_by_role("dialog").locator("table").first.get_by_role("link", name="red")
        word.tap()
        expect(page.locator("#seen")).to_have_attribute("src", "/patches/val%2Fred-circle-0?token=red")
        word.tap()
        expect(page).to_have_url("/?weights=red%3A100")
