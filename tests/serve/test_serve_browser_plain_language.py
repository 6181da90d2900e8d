"""The page says first by which words a hit was found; figures are behind one switch."""

from playwright.sync_api import Page, expect
from support.search_page import at, hits, weight


def test_a_hit_says_the_words_that_found_it_heaviest_first(page: Page) -> None:
    at(page, "/?query=red+circle")
    expect(page.locator(".card .tokens").first).to_have_text("found by red, circle", use_inner_text=True)
    expect(page.locator(".card .tokens a").first).to_have_attribute("title", "Search by red only")


def test_figures_show_after_the_switch_and_stay_for_this_browser(page: Page) -> None:
    at(page, "/?query=red+circle")
    expect(page.locator(".score").first).to_be_hidden()
    expect(page.get_by_role("status")).not_to_contain_text("postings", use_inner_text=True)
    page.get_by_role("link", name="Show figures").click()
    expect(page.locator(".score").first).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("postings", use_inner_text=True)
    at(page, "/?query=green+circle")
    expect(page.locator(".score").first).to_be_visible()
    page.get_by_role("link", name="Hide figures").click()
    page.reload()
    expect(page.locator(".score").first).to_be_hidden()


def test_a_link_can_ask_for_figures(page: Page) -> None:
    at(page, "/?query=red&figures=1")
    expect(page.locator(".score").first).to_be_visible()


def test_pieces_of_a_word_are_one_chip_that_weighs_and_removes_them_together(page: Page) -> None:
    at(page, "/?query=dogs")
    expect(page.locator(".chip .name")).to_have_text(["dogs"])
    expect(page.locator(".chip")).to_have_attribute("data-token", "dog ##s")
    weight(page, "dogs").fill("7")
    expect(page).to_have_url("/?query=dogs&weights=dog%3A7+%23%23s%3A7")
    page.get_by_role("link", name="Remove dogs from the query").click()
    expect(page.locator(".chip.removed")).to_have_text(["dog+", "s+"])


def test_the_large_view_has_visible_links_to_the_next_and_the_previous_hit(page: Page) -> None:
    at(page, "/?query=red+circle")
    found = hits(page)
    page.locator("#hits a.open").first.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("link", name="Previous")).to_be_hidden()
    dialog.get_by_role("link", name="Next").click()
    expect(dialog.get_by_role("heading", name=found[1])).to_be_focused()
    dialog.get_by_role("link", name="Previous").click()
    expect(dialog.get_by_role("heading", name=found[0])).to_be_focused()


def test_more_hits_come_as_the_page_is_scrolled(page: Page) -> None:
    at(page, "/?query=red+circle+blue&k=4")
    before = hits(page)
    assert len(before) == 4
    page.set_viewport_size({"width": 390, "height": 500})
    page.mouse.wheel(0, 3000)
    expect(page.locator("#hits a.open")).not_to_have_count(4)
    assert hits(page)[:4] == before
