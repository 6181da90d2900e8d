"""Facets of the search page in a browser, and what leads on from an empty result."""

from playwright.sync_api import Page, expect
from support.search_page import at, first_hit


def test_a_filter_that_holds_is_a_pill_that_takes_it_away_and_facets_are_folded(page: Page) -> None:
    at(page, "/?query=dog&filter=split%3Dval")
    expect(page.get_by_role("link", name="hostile", exact=True)).to_be_hidden()
    page.get_by_role("link", name="Remove the filter split: val").click()
    expect(page).to_have_url("/?query=dog")
    expect(page.locator("#hits a.open")).to_have_count(2)


def test_an_unfolded_facet_stays_so_while_its_values_are_chosen(page: Page) -> None:
    at(page, "/?query=star")
    page.get_by_text("split", exact=True).click()
    page.get_by_role("link", name="hostile", exact=True).click()
    expect(page.locator("#hits a.open")).to_have_count(8)
    page.get_by_role("link", name="val", exact=True).click()
    expect(page).to_have_url("/?query=star&filter=split%3Dhostile&filter=split%3Dval")
    expect(page.get_by_role("link", name="val", exact=True)).to_be_focused()


def test_an_empty_result_is_searched_without_filters(page: Page) -> None:
    at(page, "/?weights=cat:1&filter=split%3Dtest")
    page.get_by_role("link", name="Search without the filters").click()
    first_hit(page, "val/two")


def test_only_a_word_after_a_minus_sign_is_said_not_to_be_excluded(page: Page) -> None:
    at(page, "/?query=dog+zebra+-hippo")
    hints = page.locator("#words .hint")
    expect(hints.filter(has_text="Not excluded")).to_have_text("Not excluded, since the model has no such word: hippo.")
    expect(hints.filter(has_text="zebra is not among the words of this model")).to_be_visible()
