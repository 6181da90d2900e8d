"""Searching by a picture of one's own, in a browser: it is shown beside its hits, and its address is short."""

import re
from pathlib import Path

from playwright.sync_api import Browser, Page, expect
from support.browser import opened
from support.search_page import at, first_hit, hits
from support.served import Place

SHORT = re.compile(r"/\?picture=[\w-]{16}$")


def choose(page: Page, file: Path) -> None:
    """Search by a picture file, and wait for its hits."""
    page.get_by_label("Search by a picture of yours").set_input_files(file)
    page.wait_for_url("**/?*picture=*")
    expect(page.locator("#hits a.open").first).to_be_visible()


def is_shown(page: Page) -> None:
    picture = page.get_by_role("img", name="The picture that is searched by")
    expect(picture).to_be_visible()
    assert picture.evaluate("each => each.decode().then(() => each.naturalWidth)") == 96


def test_the_picture_is_shown_beside_its_hits_and_its_address_survives(page: Page, place: Place) -> None:
    at(page, "/?query=dog")
    choose(page, place.images / "0.png")
    is_shown(page)
    expect(page).to_have_url(SHORT)
    expect(page).to_have_title("your picture – image search")
    found = hits(page)
    page.reload()
    is_shown(page)
    assert hits(page) == found
    page.go_back()
    first_hit(page, "test/dog")
    expect(page).to_have_url("/?query=dog")
    page.go_forward()
    is_shown(page)
    assert hits(page) == found


def test_filters_and_weights_hold_beside_the_picture_and_words_replace_it(page: Page, place: Place) -> None:
    at(page, "/")
    choose(page, place.images / "0.png")
    page.locator("summary", has_text="split").click()
    page.get_by_role("link", name="hostile", exact=True).click()
    expect(page).to_have_url(re.compile(r"/\?picture=[\w-]{16}&filter=split%3Dhostile$"))
    is_shown(page)
    slider = page.locator(".chip input[type=range]").first
    token = page.locator(".chip").first.get_attribute("data-token")
    slider.focus()
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile(rf"&weights={re.escape(token or '')}%3A0$"))
    is_shown(page)
    page.get_by_role("searchbox").fill("star")
    expect(page).to_have_url(re.compile(r"\?filter=split%3Dhostile&query=star$"))
    expect(page.get_by_role("img", name="The picture that is searched by")).to_have_count(0)


def test_a_hit_of_a_picture_says_why_it_was_found_and_more_like_it_replaces_the_picture(
    page: Page, place: Place
) -> None:
    at(page, "/")
    choose(page, place.images / "0.png")
    docid = hits(page)[0]
    page.locator("#hits a.open").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("heading", name="Why it was found")).to_be_visible()
    dialog.get_by_role("link", name="More like this").click()
    expect(page.locator(".source figcaption")).to_have_text(f"Like {docid}")
    assert "picture=" not in page.url


def test_a_picture_that_was_forgotten_leads_to_the_upload(page: Page, place: Place) -> None:
    at(page, "/?picture=gone&filter=split%3Dval")
    expect(page.get_by_role("heading", name="This picture is no longer kept")).to_be_visible()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a picture").click()
    chooser.value.set_files(place.images / "0.png")
    is_shown(page)
    expect(page).to_have_url(re.compile(r"/\?filter=split%3Dval&picture=[\w-]{16}$"))


def test_a_word_without_a_place_is_said_to_be_of_the_whole_picture(page: Page, place: Place) -> None:
    at(page, "/?query=red&hit=val/red-circle-0")
    placeless = {"path": place.images / "0.png", "headers": {"Lexlip-Place": "none"}}
    page.route("**/patches/**", lambda route: route.fulfill(**placeless))
    page.get_by_role("dialog").locator("table").first.get_by_role("link", name="red").hover()
    expect(page.get_by_text("“red” is of the picture as a whole: it has no place in it.")).to_be_visible()


def test_a_map_that_can_t_be_drawn_says_why(page: Page) -> None:
    at(page, "/?query=red&hit=val/red-circle-0")
    page.route("**/patches/**", lambda route: route.fulfill(status=503, json={"error": "many pictures are under way"}))
    page.get_by_role("dialog").locator("table").first.get_by_role("link", name="red").hover()
    expect(page.get_by_text("many pictures are under way")).to_be_visible()
    expect(page.locator("#seen")).to_have_attribute("src", "/images/val%2Fred-circle-0")


def test_without_javascript_places_are_links_and_no_button_is_without_use(browser: Browser, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        page.goto("/?query=red&hit=val/red-circle-0")
        assert "Point at" not in page.locator("#hit").inner_text()
        assert "Touch" not in page.locator("#hit").inner_text()
        place = page.locator("#hit noscript").get_by_role("link", name="red")
        expect(place).to_have_attribute("href", "/patches/val%2Fred-circle-0?token=red")
        expect(page.locator("label.picture")).to_be_hidden()
        page.goto("/?picture=gone")
        expect(page.get_by_role("heading", name="This picture is no longer kept")).to_be_visible()
        expect(page.locator(".choose")).to_be_hidden()
