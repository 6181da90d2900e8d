"""The server behind nginx, as docs/serving.md advises: under another host name, and below a path."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from httpx2 import Client
from playwright.sync_api import expect
from support import served
from support.browser import chromium, opened
from support.nginx import nginx
from support.page_addresses import addresses_on
from support.served import Place, running

from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.reach import Reach

NAME = "photos.example"
FORWARD = """
      proxy_set_header Host $host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header X-Forwarded-Host $host;
"""
LOCATIONS = {
    "at the top": ("", "location / {{ proxy_pass {at}; {forward} }}"),
    "the path taken off": ("/photos", "location /photos/ {{ proxy_pass {at}/; {forward} }}"),
    "the path left on": ("/photos", "location /photos/ {{ proxy_pass {at}; {forward} }}"),
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(params=LOCATIONS)
def home(request: pytest.FixtureRequest, place: Place, tmp_path: Path) -> Iterator[str]:
    """Yield the page's address behind nginx."""
    root, location = LOCATIONS[request.param]
    reach = Reach.of("127.0.0.1", [NAME], ["127.0.0.1"], cross_site=False)
    app = create_app(place.opened(root_path=root), reach=reach)
    with running(app) as at, nginx(tmp_path, location.format(at=at, forward=FORWARD)) as address:
        yield f"{address}{root}/"


def test_every_address_on_the_page_and_in_its_answers_leads_there(home: str) -> None:
    with Client(headers={"Host": NAME}) as client:
        seen: set[str] = set()
        for page in ("", "?query=red+circle", "?query=dog&hit=test%2Fdog", "?query=%22&k=0"):
            answer = client.get(home + page)
            assert answer.status_code == (422 if page.endswith("k=0") else 200)
            for address in addresses_on(answer.text):
                whole = urljoin(home, address)
                assert whole.startswith(home), address
                if whole not in seen:
                    seen.add(whole)
                    assert client.get(whole).status_code == 200, address
        assert len(seen) > 50
        (hit,) = client.get(f"{home}api/search", params={"query": "red circle", "k": 1}).json()["hits"]
        assert client.get(urljoin(home, hit["image"])).headers["content-type"] == "image/png"
        assert (
            client.get(urljoin(home, hit["image"].replace("/images/", "/patches/")) + "?token=red").status_code == 200
        )
        openapi = client.get(f"{home}openapi.json").json()
        servers = [server["url"] for server in openapi.get("servers", [{"url": ""}])]
        assert servers == [urlsplit(home).path.rstrip("/")]


def test_head_has_the_headers_of_get_and_no_body(home: str) -> None:
    with Client(headers={"Host": NAME}) as client:
        for path in ("", "api/search?query=red", "static/page.js", "images/test%2Fdog", "clouds/test%2Fdog", "no"):
            head, get = client.head(home + path), client.get(home + path)
            assert head.status_code == get.status_code and head.content == b""
            for name in ("content-type", "cache-control", "content-security-policy", "etag"):
                assert head.headers.get(name) == get.headers.get(name)


def test_another_name_is_421_and_a_page_of_this_name_may_send_pictures(home: str, place: Place) -> None:
    files = {"image": (place.images / "0.png").read_bytes()}
    with Client() as client:
        assert client.get(home, headers={"Host": "other.example"}).status_code == 421
        for origin, status in ((f"https://{NAME}", 200), ("https://other.example", 403)):
            headers = {"Host": NAME, "Origin": origin}
            assert client.post(f"{home}api/encode", files=files, headers=headers).status_code == status


def test_a_large_upload_is_refused_as_json_through_the_proxy(home: str) -> None:
    with Client(headers={"Host": NAME}) as client:
        answer = client.post(f"{home}api/encode", files={"image": b"x" * 45_000_000})
        assert answer.status_code == 413 and list(answer.json()) == ["error"]


def test_the_page_works_in_a_browser(home: str) -> None:
    at = urlsplit(home)
    with chromium() as browser, opened(browser, home) as page:
        page.route("**/*", lambda route: route.continue_(headers={**route.request.headers, "host": NAME}))
        page.goto(home)
        page.get_by_role("searchbox").fill("red circle")
        expect(page.locator("#hits a.open").first).to_have_attribute("data-hit", "val/red-circle-0")
        expect(page).to_have_url(f"{home}?query=red+circle")
        page.locator("#hits a.open").first.click()
        expect(page.locator("#hit-title")).to_have_text("val/red-circle-0")
        page.get_by_label("Add a word").is_visible()
        assert page.locator("#seen").evaluate("image => image.naturalWidth") > 0
        page.keyboard.press("Escape")
        page.get_by_label("Add a word").fill("dog")
        page.keyboard.press("Enter")
        expect(page.get_by_role("slider", name="Weight of dog", exact=True)).to_be_visible()
        assert urlsplit(page.url).path == at.path
