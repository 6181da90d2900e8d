"""The slider from the same things to the same look, in a browser: by keyboard, by mouse, and without JavaScript."""

import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, expect
from support import served_looks
from support.browser import DARK, LIGHT, PHONE, opened
from support.search_page import at, first_hit, hits
from support.served import running
from support.served_looks import COPY, KEEP, ORIGINAL, LookingPlace

from lexlip_lucene.serve.app import create_app

SLIDER = "From the same things to the same look"


@pytest.fixture(scope="module")
def looking(tmp_path_factory: pytest.TempPathFactory) -> LookingPlace:
    return served_looks.make(tmp_path_factory.mktemp("looks"))


@pytest.fixture(scope="module")
def address(looking: LookingPlace, browser: Browser) -> Iterator[str]:
    with running(create_app(looking.opened())) as address:
        yield address


def slider(page: Page) -> Locator:
    return page.get_by_role("slider", name=SLIDER)


def test_the_arrow_keys_move_the_share_which_the_address_keeps(page: Page) -> None:
    at(page, f"/?like={ORIGINAL}")
    expect(slider(page)).to_have_value("0.5")
    slider(page).focus()
    page.keyboard.press("ArrowRight")
    expect(page).to_have_url(f"/?like={ORIGINAL}&looks=0.55")
    expect(slider(page)).to_be_focused()
    expect(slider(page)).to_have_attribute("aria-valuetext", "the look counts 55 %")
    page.keyboard.press("End")
    expect(page).to_have_url(f"/?like={ORIGINAL}&looks=1")
    expect(page.locator(".chip:not(.look)")).to_have_count(0)  # the answer of the share before has words, too
    first_hit(page, COPY)
    expect(page.locator(".chip.look")).to_contain_text(f"{KEEP} visual words")
    found = hits(page)
    page.reload()
    expect(slider(page)).to_have_value("1")
    assert hits(page) == found
    page.go_back()
    expect(slider(page)).to_have_value("0.55")


def test_the_share_is_dragged_with_one_step_of_history(page: Page) -> None:
    at(page, f"/?like={ORIGINAL}")
    box = slider(page).bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 2, middle, steps=4)
    page.mouse.up()
    expect(page).to_have_url(f"/?like={ORIGINAL}&looks=0")
    expect(page.locator(".chip.look")).to_have_count(0)
    expect(page.get_by_role("link", name="same things")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page).to_have_url(f"/?like={ORIGINAL}")


def test_the_ends_of_the_slider_are_links_and_words_take_it_away(page: Page) -> None:
    at(page, f"/?like={ORIGINAL}")
    page.get_by_role("link", name="same look", exact=True).click()
    expect(page).to_have_url(f"/?like={ORIGINAL}&by=looks")
    first_hit(page, COPY)
    page.locator("#hits .card").first.get_by_role("link", name="the look (100 %)").click()
    expect(page).to_have_url(f"/?like={ORIGINAL}&by=looks")
    page.get_by_role("link", name="Leave the look out").click()
    expect(page).to_have_url(f"/?like={ORIGINAL}&by=words")
    page.get_by_role("searchbox").fill("dog")
    expect(page).to_have_url("/?query=dog")
    expect(slider(page)).to_have_count(0)


def test_a_picture_that_is_sent_is_found_by_its_look(page: Page, looking: LookingPlace) -> None:
    at(page, f"/?like={ORIGINAL}&by=words")
    page.get_by_label("Search by a picture of yours").set_input_files(looking.images / ORIGINAL)
    expect(page).to_have_url(re.compile(r"/\?picture=[\w-]{16}$"))
    slider(page).focus()
    page.keyboard.press("End")
    expect(page).to_have_url(re.compile(r"/\?picture=[\w-]{16}&looks=1$"))
    first_hit(page, ORIGINAL)
    assert hits(page)[1] == COPY


def test_an_open_hit_leads_to_pictures_of_the_same_look(page: Page) -> None:
    at(page, f"/?query=dog&hit={ORIGINAL}")
    page.get_by_role("dialog").get_by_role("link", name="Same look").click()
    expect(page).to_have_url(f"/?like={ORIGINAL}&by=looks")
    first_hit(page, COPY)


def test_the_places_that_look_alike_are_drawn_when_they_are_asked_for(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/matches/" in request.url else None)
    at(page, f"/?like={ORIGINAL}&by=looks&hit={COPY}")
    drawn = page.get_by_role("img", name="bright where they look alike")
    expect(drawn).to_be_hidden()
    assert asked == []
    page.get_by_text("Where they look alike").click()
    expect(drawn).to_be_visible()
    assert drawn.evaluate("each => each.decode().then(() => each.naturalWidth)") > 0
    assert len(asked) == 1


def test_without_javascript_the_slider_is_a_form_with_a_button(browser: Browser, address: str) -> None:
    with opened(browser, address, java_script_enabled=False) as page:
        page.goto(f"/?like={ORIGINAL}&weights=cat:3")
        slider(page).focus()
        page.keyboard.press("End")
        page.locator(".looks").get_by_role("button", name="Search").click()
        expect(slider(page)).to_have_value("1")
        assert "looks=1" in page.url and f"like={ORIGINAL}" in page.url and "weights=cat%3A3" in page.url
        first_hit(page, COPY)


@pytest.mark.parametrize("how", [LIGHT, DARK, PHONE], ids=["light", "dark", "phone"])
@pytest.mark.parametrize("path", [f"/?like={ORIGINAL}&looks=0.7", f"/?like={ORIGINAL}&by=looks&hit={COPY}"])
def test_axe_finds_nothing_serious_on_a_page_of_looks_and_nothing_is_cut_off(
    path: str, how: dict[str, object], browser: Browser, address: str
) -> None:
    with opened(browser, address, **how) as page:
        at(page, path)
        violations = Axe().run(page).response["violations"]
        assert [each for each in violations if each["impact"] in ("serious", "critical")] == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= page.evaluate("innerWidth")
