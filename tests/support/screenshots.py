"""The pictures of the search page in the documentation, taken of what `lexlip demo` wrote in DEMO.

    PYTHONPATH=tests python -m support.screenshots DEMO

Writes docs/pictures/page-light.png, page-dark.png and page-phone.png, in 256 colours to keep them small.
"""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.serve.app import create_app
from support.browser import DARK, LIGHT, PHONE, chromium, opened
from support.served import running

SIZE = {"width": 1000, "height": 660}
TARGET = Path(__file__).parents[2] / "docs" / "pictures"
QUERY = "a turquoise circle and an orange striped star at night"


def main(demo: Path) -> None:
    """Take the pictures."""
    scenes = demo / "scenes"
    served = open_served(
        demo / "lexlip" / "index", demo / "model", scenes / "images", scenes / "captions.jsonl", demo / "bm25" / "index"
    )
    with running(create_app(served)) as address, chromium() as browser:
        with opened(browser, address, **{**LIGHT, "viewport": SIZE}) as page:
            page.goto("/?query=a red circle -blue&weights=a:0")
            keep(page, "page-light")
        with opened(browser, address, **DARK) as page:
            page.goto(f"/?query={QUERY}&hit=test-00717")
            page.get_by_role("dialog").locator("table a.map", has_text="orange").hover()
            page.wait_for_selector("#seen[src*='patches']")
            keep(page, "page-dark")
        with opened(browser, address, **PHONE) as page:
            page.goto("/?query=two red circles&system=fused")
            keep(page, "page-phone")


def keep(page: Page, name: str) -> None:
    """Write what the page shows."""
    for _ in range(20):  # the first searches of a server are slow, and their time would show in the picture
        page.request.get(page.url)
    if not page.get_by_role("dialog").count():
        page.reload()
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO(page.screenshot()))
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(TARGET / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
