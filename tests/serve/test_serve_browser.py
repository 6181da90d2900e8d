"""Searching on the page in a real browser, by mouse, by keyboard and by touch."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect
from support.browser import DARK, LIGHT, PHONE, opened
from support.search_page import at, first_hit, hits, weight
from support.served import Place


def test_results_come_as_one_pauses_and_the_address_has_the_search(page: Page) -> None:
    at(page, "/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("red circle")
    first_hit(page, "val/red-circle-0")
    expect(page).to_have_url("/?query=red+circle")
    expect(page).to_have_title("red circle – image search")
    expect(page.get_by_role("status")).to_contain_text("LexLIP: 10 pictures of 28 in")
    expect(page.get_by_role("status")).to_contain_text("12 postings looked at.")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_an_answer_that_comes_too_late_is_dropped(page: Page) -> None:
    held: list[Route] = []
    page.route("**/results?query=red", lambda route: held.append(route))
    at(page, "/")
    field = page.get_by_role("searchbox")
    with page.expect_request("**/results?query=red"):
        field.fill("red")
    field.fill("dog")
    first_hit(page, "test/dog")
    for route in held:
        route.continue_()
    page.evaluate("fetch('/api/health').then(answer => answer.text())")  # which the late answer is before
    first_hit(page, "test/dog")
    expect(page).to_have_url("/?query=dog")


def test_a_weight_is_moved_by_the_arrow_keys_and_keeps_the_focus(page: Page) -> None:
    at(page, "/?weights=dog:20+star:100&k=3")
    first_hit(page, "val/blue-star-0")
    slider = weight(page, "dog")
    slider.focus()
    for _ in range(4):
        page.keyboard.press("PageUp")
    first_hit(page, "test/dog")
    expect(slider).to_be_focused()
    moved = int(slider.input_value())
    assert moved > 20
    page.keyboard.press("ArrowRight")
    expect(page.locator(".chip", has=slider).locator(".amount")).to_have_text(str(moved + 1))
    expect(page).to_have_url(f"/?weights=dog%3A{moved + 1}+star%3A100")
    page.keyboard.press("Delete")
    first_hit(page, "val/blue-star-0")
    expect(slider).to_have_count(0)


def test_a_weight_is_dragged_with_results_on_the_way_and_one_step_of_history(page: Page) -> None:
    at(page, "/?weights=dog:5+star:100")
    box = weight(page, "dog").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 8, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, middle, steps=4)
    first_hit(page, "test/dog")
    page.mouse.move(box["x"] + box["width"] - 2, middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url("/?weights=dog%3A255+star%3A100")
    page.go_back()
    expect(page).to_have_url("/?weights=dog:5+star:100")
    first_hit(page, "val/blue-star-0")
    expect(weight(page, "dog")).to_have_value("5")


def test_words_are_removed_put_back_excluded_allowed_and_added(page: Page) -> None:
    at(page, "/?query=red+circle")
    page.get_by_role("link", name="Remove circle from the query").click()
    expect(weight(page, "circle")).to_have_count(0)
    page.get_by_role("link", name="Put circle back").click()
    expect(weight(page, "circle")).to_have_count(1)
    page.get_by_role("link", name="Exclude circle: no picture with it").click()
    first_hit(page, "val/red-square-0")
    assert not any("circle" in docid for docid in hits(page))
    page.get_by_role("link", name="Allow circle again").click()
    first_hit(page, "val/red-circle-0")
    page.get_by_label("Add a word").fill("Dog")
    page.keyboard.press("Enter")
    expect(weight(page, "dog")).to_have_count(1)
    assert "test/dog" in hits(page)
    expect(page.get_by_label("Add a word")).to_be_focused()
    page.get_by_label("Add a word").fill("elephant")
    page.keyboard.press("Enter")
    expect(page.get_by_text("The model does not know the word “elephant”.").first).to_be_visible()


def test_a_word_with_a_minus_is_excluded_and_can_be_allowed_again(page: Page) -> None:
    at(page, "/?query=red+-circle")
    first_hit(page, "val/red-square-0")
    page.get_by_role("link", name="Allow circle again").click()
    expect(page.get_by_role("searchbox")).to_have_value("red")


PASTE = """(bytes) => {
    const data = new DataTransfer();
    data.items.add(new File([new Uint8Array(bytes)], "pasted.png", {type: "image/png"}));
    const target = document.getElementById("query");
    if (HOW === "paste") target.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true}));
    else for (const type of ["dragover", "drop"])
        target.dispatchEvent(new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
}"""


@pytest.mark.parametrize("how", ["choose", "paste", "drop"])
def test_a_picture_is_searched_by(how: str, page: Page, place: Place) -> None:
    at(page, "/?query=dog")
    file = place.images / "0.png"
    if how == "choose":
        page.get_by_label("Search by a picture of yours").set_input_files(file)
    else:
        page.evaluate(PASTE.replace("HOW", f'"{how}"'), list(file.read_bytes()))
    expect(page.get_by_role("status")).to_contain_text("LexLIP: ")
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.wait_for_url("**/?picture=*")
    from lexlip_lucene.encoders.model.lexlip import LexLip

    encoded = LexLip.from_pretrained(place.model).encode_images([file])[0]
    expect(page.locator(".chip input[type=range]")).to_have_count(len(encoded))
    token, impact = next(iter(encoded.items()))
    expect(weight(page, token)).to_have_value(str(impact))


def test_a_file_that_is_not_a_picture_is_refused_with_its_reason(page: Page, tmp_path: Path) -> None:
    at(page, "/")
    (tmp_path / "x.png").write_bytes(b"<svg/>")
    page.get_by_label("Search by a picture of yours").set_input_files(tmp_path / "x.png")
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    expect(page.locator("#results")).to_contain_text("not a JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC image")


def test_systems_are_switched_and_set_side_by_side(page: Page) -> None:
    at(page, "/?query=dogs")
    systems = page.get_by_role("navigation", name="Search with")
    systems.get_by_role("link", name="BM25").click()
    expect(page.get_by_role("status")).to_contain_text("BM25: 2 pictures")
    expect(systems.get_by_role("link", name="BM25")).to_have_attribute("aria-current", "true")
    expect(systems.get_by_role("link", name="BM25")).to_be_focused()
    systems.get_by_role("link", name="Fused").click()
    expect(page.locator(".ranks").first).to_contain_text("BM25 1")
    systems.get_by_role("link", name="Side by side").click()
    expect(page.get_by_role("heading", name="BM25 over captions")).to_be_visible()
    assert set(hits(page, 0)) == set(hits(page, 1)) == {"test/dog", "val/two"}


def test_a_filter_is_set_and_taken_away(page: Page) -> None:
    at(page, "/?query=dog")
    page.get_by_text("split", exact=True).click()
    page.get_by_role("link", name="val", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("1 picture of")
    assert hits(page) == ["val/two"]
    page.get_by_role("link", name="val", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text("2 pictures of")


def test_more_hits_are_shown_when_they_are_asked_for(page: Page) -> None:
    at(page, "/?query=star+a&k=5")
    assert len(hits(page)) == 5
    page.get_by_role("link", name="Show more").click()
    expect(page.locator("#hits a.open")).to_have_count(27)
    expect(page).to_have_url("/?query=star+a&k=35")


def test_a_link_carries_the_whole_state(page: Page, browser: Browser, address: str) -> None:
    link = "/?query=red+circle&weights=dog%3A90+circle%3A0&exclude=star&filter=split%3Dval&hit=val%2Ftwo"
    at(page, link)
    with opened(browser, address, java_script_enabled=False) as plain:
        plain.goto(link)
        assert hits(plain) == hits(page) != []
        expect(plain.get_by_role("heading", name="val/two")).to_be_visible()
    expect(page.get_by_role("dialog").get_by_role("heading", name="val/two")).to_be_visible()
    page.keyboard.press("Escape")
    assert weight(page, "dog").input_value() == "90" and weight(page, "circle").count() == 0
    expect(page.get_by_text("− star")).to_be_visible()
    expect(page.get_by_text("split: val")).to_be_visible()


def test_back_and_forward_go_through_the_searches(page: Page) -> None:
    at(page, "/")
    page.get_by_role("searchbox").fill("red circle")
    first_hit(page, "val/red-circle-0")
    page.locator("#hits .card").first.get_by_role("link", name="red", exact=True).click()
    expect(page).to_have_url("/?weights=red%3A100")
    page.get_by_role("searchbox").fill("dog")
    first_hit(page, "test/dog")
    page.go_back()
    expect(page).to_have_url("/?weights=red%3A100")
    first_hit(page, "val/red-circle-0")
    expect(page.get_by_role("searchbox")).to_have_value("")
    page.go_back()
    expect(page.get_by_role("searchbox")).to_have_value("red circle")
    page.go_back()
    expect(page.get_by_role("heading", name="Search pictures by their words")).to_be_visible()
    page.go_forward()
    first_hit(page, "val/red-circle-0")


def test_without_javascript_the_page_searches_too(browser: Browser, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        page.goto("/")
        page.get_by_role("searchbox").fill("red circle -star")
        page.get_by_role("button", name="Search", exact=True).click()
        first_hit(page, "val/red-circle-0")
        page.get_by_role("link", name="Exclude circle: no picture with it").click()
        first_hit(page, "val/red-square-0")
        page.locator("#hits a.open").first.click()
        expect(page.get_by_role("heading", name="Why it was found")).to_be_visible()
        page.get_by_label("Compare with the hit").fill("val/red-star-0")
        page.get_by_role("button", name="Compare").click()
        expect(page.get_by_role("heading", name="Beside val/red-star-0")).to_be_visible()


@pytest.mark.parametrize(
    ("address_of_page", "said"),
    [
        ("/?query=zzz", "The query has no word that is known here."),
        ("/?weights=cat:1&filter=split%3Dtest", "No picture that is let through has any of these words."),
        ("/?query=dog&k=0", "k: Input should be greater than or equal to 1"),
        ("/?like=nosuch", "the index has no document 'nosuch'"),
    ],
)
def test_nothing_found_and_what_is_wrong_are_said(address_of_page: str, said: str, page: Page) -> None:
    at(page, address_of_page)
    expect(page.locator("#results .note")).to_contain_text(said)


def test_an_overloaded_server_and_a_lost_one_are_said_and_the_page_keeps_working(page: Page) -> None:
    at(page, "/")
    busy = '{"error": "64 searches are under way"}'
    page.route(
        "**/results?query=red", lambda route: route.fulfill(status=503, content_type="application/json", body=busy)
    )
    page.route("**/results?query=blue", lambda route: route.abort())
    field = page.get_by_role("searchbox")
    field.fill("red")
    expect(page.locator("#results .problem")).to_contain_text("64 searches are under way")
    expect(page.get_by_role("status")).to_contain_text("64 searches are under way")
    field.fill("blue")
    expect(page.locator("#results .problem")).to_contain_text("The server can’t be reached.")
    field.fill("dog")
    first_hit(page, "test/dog")


def test_a_word_that_is_added_while_the_server_is_gone_says_so(page: Page) -> None:
    at(page, "/?query=red")
    page.route("**/api/encode?text=blue", lambda route: route.abort())
    page.locator("#add input").fill("blue")
    page.locator("#add input").press("Enter")
    expect(page.locator("#results .problem")).to_contain_text("The server can’t be reached.")


def test_a_search_that_takes_its_time_is_seen_to(page: Page) -> None:
    held: list[Route] = []
    page.route("**/results?query=dog", lambda route: held.append(route))
    at(page, "/?query=red")
    page.get_by_role("searchbox").fill("dog")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status")).to_have_text("Searching…")
    expect(page.locator("#progress")).to_be_visible()
    held[0].continue_()
    first_hit(page, "test/dog")
    expect(page.locator("#results")).to_have_attribute("aria-busy", "false")


PAGES = [
    "/",
    "/?query=red+circle+-star&weights=dog:0",
    "/?query=dog&system=both&filter=split%3Dval",
    "/?query=dog&system=fused",
    "/?like=val/red-circle-0&filter=split%3Dval",
    "/?query=red+circle&hit=val/red-circle-0&against=val/blue-star-0",
    "/?query=zzz",
    "/?k=0",
]


@pytest.mark.parametrize("how", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("address_of_page", PAGES)
def test_axe_finds_nothing_serious_and_nothing_is_cut_off(
    address_of_page: str, how: dict[str, Any], browser: Browser, address: str
) -> None:
    with opened(browser, address, **how) as page:
        at(page, address_of_page)
        found = Axe().run(page).response["violations"]
        told = [(each["id"], each["impact"], [node["html"][:200] for node in each["nodes"][:3]]) for each in found]
        assert [each for each in told if each[1] in ("serious", "critical")] == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= page.evaluate("innerWidth")
