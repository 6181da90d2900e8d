"""The pictures of the search page in the documentation, taken of what `lexlip demo` wrote in DEMO.

    PYTHONPATH=tests python -m support.screenshots DEMO

Writes docs/pictures/page-light.png, page-dark.png and page-phone.png, in 256 colours to keep them small, and
photos-1280.webp, photos-768.webp and photos-390.webp: `lexlip photos` on scenes with the names of people's own files.
"""

import sys
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import ExifTags, Image
from playwright.sync_api import Page

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.photos.model_choice import Wanted
from lexlip_lucene.photos.photo_index import update_photos
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
    with TemporaryDirectory() as folder:
        take_photos(demo, Path(folder))


FOLDERS = ("2021/Summer holiday in the Alps with the family", "2022/Winter", "2023/Garden, before the rebuilding")
CAMERAS = ("Canon EOS 80D", "iPhone 12 Pro Max", "Pixel 7")
PLACES = ("Zermatt", "Innsbruck", "Briançon")
PHOTOS = 300


def take_photos(demo: Path, root: Path) -> None:
    """Take the pictures of a folder of photos at three widths: an upload, facets, and a phone."""
    photos = root / "Photos"
    scenes = sorted((demo / "scenes" / "images").glob("test-*"))
    for number, scene in enumerate(scenes[:PHOTOS]):
        save_photo(scene, photos, number)
    report = update_photos(photos, root / "Photos.lexlip", Wanted(model=demo / "model"))
    served = open_served(report.index, report.model, photos, None, None)
    with running(create_app(served)) as address, chromium() as browser:
        with opened(browser, address, viewport={"width": 1280, "height": 800}) as page:
            page.goto("/")
            page.get_by_label("Search by a picture of yours").set_input_files(scenes[PHOTOS])
            page.wait_for_selector(".source img")
            page.evaluate("document.activeElement.blur()")
            keep(page, "photos-1280", webp=True)
        with opened(browser, address, viewport={"width": 768, "height": 1024}) as page:
            page.goto("/?query=a red circle on sand&filter=year=2022")
            page.locator("summary", has_text="month").click()
            keep(page, "photos-768", webp=True)
        with opened(browser, address, **PHONE) as page:
            page.goto("/?query=a green star and a red square")
            keep(page, "photos-390", webp=True)


def save_photo(scene: Path, photos: Path, number: int) -> None:
    """Save a scene as a photo of some camera, date and place, under a name that is long."""
    year, month = 2021 + number % 3, 1 + number % 12
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = CAMERAS[number % 3]
    exif.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = f"{year}:{month:02}:14 18:35:{number % 60:02}"
    path = photos / FOLDERS[number % 3] / f"IMG_{year}{month:02}14_1835{number % 60:02}_family_{number:04}_edited.jpg"
    path.parent.mkdir(parents=True, exist_ok=True)
    place = f'<rdf:Description photoshop:City="{PLACES[number % 3]}"/>'.encode()
    Image.open(scene).convert("RGB").resize((480, 480)).save(path, quality=90, exif=exif, xmp=place)


def keep(page: Page, name: str, *, webp: bool = False) -> None:
    """Write what the page shows."""
    for _ in range(0 if webp else 20):  # the first searches of a server are slow, and their time would show
        page.request.get(page.url)
    if not webp and not page.get_by_role("dialog").count():
        page.reload()
    page.wait_for_load_state("networkidle")
    picture = Image.open(BytesIO(page.screenshot()))
    if webp:
        picture.convert("RGB").save(TARGET / f"{name}.webp", quality=80, method=6)
        return
    picture.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(TARGET / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
