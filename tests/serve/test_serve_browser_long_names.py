"""The search page over pictures with the names and captions that people's own files have."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image
from playwright.sync_api import Browser, expect
from support import tiny
from support.browser import PHONE, opened
from support.search_page import at, hits, weight
from support.served import Place, draw, running

from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.serve.app import create_app

NAMES = [f"IMG_20230814_1835{n:02}_family_holiday_{n:04}_edited" for n in range(12)]
CAPTION = "A_red_circle_on_a_beach_with_a_name_that_has_no_space_in_it_at_all " + "and a long caption " * 12


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, browser: Browser) -> Iterator[str]:
    with running(create_app(long_names(tmp_path_factory.mktemp("long")).opened())) as address:
        yield address


def long_names(root: Path) -> Place:
    """Make an index whose ids have more than 40 characters."""
    place = Place(root)
    for folder in (place.images, root / "collection", root / "texts"):
        folder.mkdir()
    tiny.lexlip().save_pretrained(place.model)
    vectors, captions, texts = [], [], []
    for number, docid in enumerate(NAMES):
        vector = {"red": 200 - number, "circle": 150}
        draw(vector).save(place.images / f"{docid}.png")
        vectors.append({"id": docid, "contents": CAPTION, "vector": vector})
        captions.append({"id": docid, "file": f"images/{docid}.png", "split": "test", "captions": [CAPTION]})
        texts.append({"id": docid, "contents": CAPTION})
    for path, lines in (
        (root / "collection" / "a.jsonl", vectors),
        (place.captions, captions),
        (root / "texts" / "a.jsonl", texts),
    ):
        path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    ImpactIndex.build(root / "collection", place.index, store=["contents"])
    build_bm25(root / "texts", place.bm25)
    return place


OVERFLOWING = """() => [...document.querySelectorAll(".card, .under, .chip, main, .hit, .seen, .why")]
    .filter(each => each.scrollWidth > each.clientWidth).map(each => each.outerHTML.slice(0, 120))"""


@pytest.mark.parametrize("width", [1280, 768, 390])
@pytest.mark.parametrize(
    "link",
    ["/?query=red+circle", f"/?query=red&hit={NAMES[0]}", f"/?like={NAMES[0]}", "/?query=caption&system=bm25"],
)
def test_nothing_overflows_with_long_names_and_captions(link: str, width: int, browser: Browser, address: str) -> None:
    with opened(browser, address, viewport={"width": width, "height": 844}) as page:
        at(page, link)
        assert page.locator("#hits a.open").count() > 1
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")


WIDE = {"viewport": {"width": 1280, "height": 844}}
TABLET = {"viewport": {"width": 768, "height": 1024}}


@pytest.mark.parametrize("how", [WIDE, TABLET, PHONE], ids=["1280", "768", "390"])
def test_nothing_overflows_beside_an_uploaded_picture_and_the_first_hit_is_in_sight(
    how: dict[str, Any], browser: Browser, address: str, tmp_path: Path
) -> None:
    Image.new("RGB", (900, 300), "red").save(tmp_path / "wide.png")
    width, height = how["viewport"]["width"], how["viewport"]["height"]
    with opened(browser, address, **how) as page:
        at(page, "/")
        page.get_by_label("Search by a picture of yours").set_input_files(tmp_path / "wide.png")
        page.wait_for_url("**/?picture=*")
        at(page, f"{page.url}&weights=red:200")  # the model has no idea of pictures, and what it sees finds nothing
        expect(page.get_by_role("img", name="The picture that is searched by")).to_be_visible()
        assert page.evaluate(OVERFLOWING) == []
        assert page.evaluate("document.scrollingElement.scrollWidth") <= width
        box = page.locator("#hits a.open").first.bounding_box()
        assert box is not None and box["y"] + box["height"] / 2 < height
        if how is PHONE:
            page.get_by_role("button", name="Weights").tap()
            assert page.evaluate("document.scrollingElement.scrollWidth") <= width


@pytest.mark.parametrize("link", ["/?query=a+red+circle+with+a+blue+star+and+a+green+square", f"/?like={NAMES[0]}"])
def test_on_a_phone_words_are_one_line_that_scrolls_by_itself(link: str, browser: Browser, address: str) -> None:
    with opened(browser, address, **PHONE) as page:
        at(page, link)
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390
        box = page.locator("#hits a.open").first.bounding_box()
        assert box is not None and box["y"] < 400
        page.get_by_role("button", name="Weights").tap()
        assert page.evaluate("document.scrollingElement.scrollWidth") <= 390


def test_on_a_phone_the_first_picture_is_in_sight_and_weights_unfold(browser: Browser, address: str) -> None:
    with opened(browser, address, **PHONE) as page:
        at(page, "/?query=a+red+circle+with+a+blue+star+and+a+green+square")
        box = page.locator("#hits a.open").first.bounding_box()
        assert box is not None and box["y"] + box["height"] / 2 < PHONE["viewport"]["height"]
        expect(weight(page, "red")).to_be_hidden()
        page.get_by_role("button", name="Weights").tap()
        expect(weight(page, "red")).to_be_visible()


def test_on_a_phone_the_hint_is_about_touch(browser: Browser, address: str) -> None:
    with opened(browser, address, **PHONE) as page:
        at(page, f"/?query=red&hit={NAMES[0]}")
        expect(page.get_by_text("Touch a word to see where it is")).to_be_visible()


def test_arrow_keys_go_to_the_next_and_the_previous_hit(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        at(page, "/?query=red")
        page.locator("#hits a.open").first.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("heading", name=NAMES[0])).to_be_focused()
        page.keyboard.press("ArrowRight")
        expect(dialog.get_by_role("heading", name=NAMES[1])).to_be_focused()
        page.keyboard.press("ArrowLeft")
        expect(dialog.get_by_role("heading", name=NAMES[0])).to_be_focused()
        page.keyboard.press("Escape")
        expect(dialog).to_have_count(0)
        expect(page).to_have_url("/?query=red")


def test_more_like_this_leaves_the_picture_itself_out(browser: Browser, address: str) -> None:
    with opened(browser, address) as page:
        for system in ("lexlip", "fused"):
            at(page, f"/?like={NAMES[0]}&system={system}&k=3")
            assert len(hits(page)) == 3
            assert NAMES[0] not in hits(page)
            expect(page.locator(".rank").first).to_have_text("1")
