"""The safety of a server: other hosts, files, hostile markup, inner errors and excess are refused."""

import asyncio
import os
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient
from support import served
from support.served import HOSTILE, Place

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.commit import commit_facts, write_facts
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.gate import Gate
from lexlip_lucene.serve.http.host_name import host_name, is_loopback
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.http.problems import Busy, TooSlow
from lexlip_lucene.serve.http.reach import Reach
from lexlip_lucene.serve.image_files import find_image_files, media_type
from lexlip_lucene.serve.served import Served
from lexlip_lucene.serve.thumbnails import SIDE, Thumbnails

BASE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def opened(place: Place) -> Served:
    return place.opened()


@pytest.fixture(scope="module")
def client(opened: Served) -> Iterator[TestClient]:
    app = create_app(opened)
    with TestClient(app, base_url=BASE, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(
    "address",
    ["/", "/?query=red", "/?query=red&hit=test/dog", "/results?query=red&k=0", "/api/health", "/api/search?k=0"]
    + ["/images/test/dog", "/thumbnails/test/dog", "/clouds/test/dog", "/static/page.js", "/openapi.json", "/nosuch"],
)
def test_every_answer_has_the_strict_headers(address: str, client: TestClient) -> None:
    headers = client.get(address).headers
    policy = dict(part.strip().partition(" ")[::2] for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'" and policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff" and headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "server" not in headers and "access-control-allow-origin" not in headers


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80", "", "0.0.0.0"])
def test_another_host_name_is_not_answered_on_loopback(host: str, client: TestClient) -> None:
    answer = client.get("/api/health", headers={"Host": host})
    assert answer.status_code == 421 and list(answer.json()) == ["error"]


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example:8080", "http://[::"])
def test_a_page_of_another_host_can_not_send_pictures_here(origin: str, client: TestClient, place: Place) -> None:
    files = {"image": (place.images / "0.png").read_bytes()}
    assert client.post("/api/encode", files=files, headers={"Origin": origin}).status_code == 403
    assert client.post("/api/encode", files=files, headers={"Origin": "http://localhost:8080"}).status_code == 200


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:9", "127.0.0.1:8080", "[::1]:8080", "[::1]"])
def test_this_machines_own_names_are_answered(host: str, client: TestClient) -> None:
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


def test_any_host_name_is_answered_where_others_may_connect(place: Place) -> None:
    with TestClient(create_app(place.opened(), reach=Reach(names=None)), base_url="http://photos.example") as client:
        assert client.get("/api/health").status_code == 200


def test_loopback_addresses_are_distinguished_from_others() -> None:
    assert all(map(is_loopback, ["127.0.0.1", "127.9.9.9", "::1", "localhost"]))
    assert not any(map(is_loopback, ["0.0.0.0", "::", "192.168.0.1", "photos.example"]))
    assert host_name("A.b:80") == "a.b" and host_name("[::1]:80") == host_name("[::1]") == "[::1]"


@pytest.mark.parametrize(
    "path",
    [
        "../model/config.json",
        "..%2fmodel%2fconfig.json",
        "%2e%2e/%2e%2e/etc/passwd",
        "/etc/passwd",
        "0.png",
        "images/0.png",
    ]
    + ["....//....//etc/passwd", "0.png%00", "..\\model\\config.json", "file:///etc/passwd"],
)
def test_no_path_from_a_request_reaches_a_file(path: str, client: TestClient) -> None:
    for route in ("images", "thumbnails", "patches", "api/documents"):
        answer = client.get(f"/{route}/{path}", params={"token": "red"})
        assert answer.status_code == 404, route
    assert client.get(f"/static/{path}").status_code in (404, 405)


def test_a_picture_beside_the_index_is_not_given_away(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    (place.images / "secret.png").write_bytes((place.images / "0.png").read_bytes())
    with place.captions.open("ab") as captions:
        captions.write(b'\n{"id": "secret", "file": "images/secret.png", "split": "val", "captions": []}')
    with TestClient(create_app(place.opened()), base_url=BASE) as client:
        assert client.get("/images/secret").status_code == 404
        assert client.get("/thumbnails/secret").status_code == 404


def test_a_link_that_leaves_the_folder_is_refused_now_and_later(tmp_path: Path) -> None:
    inside, outside = tmp_path / "images", tmp_path / "private"
    inside.mkdir()
    outside.mkdir()
    (outside / "key.png").write_bytes(b"\x89PNG secret")
    (inside / "a.png").write_bytes(b"\x89PNG own")
    (inside / "b.png").symlink_to(inside / "a.png")
    (inside / "c.png").symlink_to(outside / "key.png")
    (inside / "d").symlink_to(outside)
    (inside / "e.png").symlink_to(inside / "e.png")
    files = find_image_files(inside, None)
    assert set(files.paths) == {"a.png", "a", "b.png", "b"}
    assert files.path("b") == inside / "a.png"
    (inside / "a.png").unlink()
    (inside / "a.png").symlink_to(outside / "key.png")
    assert files.path("a") is None and files.path("c") is None


def test_without_captions_an_id_is_a_relative_path_with_or_without_its_ending(tmp_path: Path) -> None:
    for name in ("x/1.png", "x/1.jpg", "2.WEBP", "3.txt", ".hidden.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    files = find_image_files(tmp_path, None)
    assert set(files.paths) == {
        "x/1.png",
        "x/1.jpg",
        "x/1",
        "2.WEBP",
        "2",
        "3.txt",
        "3",
    }, "whether a file is a picture is looked at when it is asked for"
    assert files.path("x/1") == tmp_path / "x/1.jpg"


def test_captions_of_pictures_elsewhere_are_refused_at_the_start(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        InputError, match=r"none of its 28 is below .*empty; the first is .*0\.png \(id 'val/red-circle-0'\)"
    ):
        find_image_files(tmp_path / "empty", place.captions)
    (place.images / "3.png").unlink()
    assert find_image_files(place.images, place.captions).outside == 1


def test_a_file_that_is_not_a_picture_is_not_served_under_a_pictures_name(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    (place.images / "0.png").write_bytes(b"<html><script>alert(1)</script>")
    (place.images / "1.png").write_bytes(b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>")
    with TestClient(create_app(place.opened()), base_url=BASE) as client:
        assert client.get("/images/val/red-circle-0").status_code == 404
        assert client.get("/images/test/red-circle-1").status_code == 404
        assert client.get("/thumbnails/val/red-circle-0").status_code == 415


def test_media_types_follow_from_content(tmp_path: Path) -> None:
    for head, media in (
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF0000WEBPVP8 ", "image/webp"),
        (b"RIFF0000WAVE", None),
        (b"", None),
    ):
        (tmp_path / "file").write_bytes(head)
        assert media_type(tmp_path / "file") == media


@pytest.mark.parametrize("docid", HOSTILE)
def test_hostile_ids_and_captions_stay_text_on_the_page(docid: str, client: TestClient) -> None:
    for address in ("/", "/results", "/hit"):
        text = client.get(address, params={"query": "star " + docid[:200], "hit": docid, "k": 50}).text
        assert "<script>document" not in text and 'onerror="' not in text and "<img src=x" not in text
        assert "49" not in text.partition('id="hit-title"')[2][:30]


def test_a_query_that_is_markup_comes_back_as_text(client: TestClient) -> None:
    attack = "\"><script>alert(1)</script><b a='"
    text = client.get("/", params={"query": attack}).text
    assert "<script>alert" not in text and "&#34;&gt;&lt;script&gt;alert(1)" in text
    record = client.get("/api/search", params={"query": attack})
    assert record.headers["content-type"] == "application/json" and record.json()["query"] == attack


def test_a_page_that_can_not_be_drawn_says_why_with_the_status(client: TestClient) -> None:
    for asked, status, said in (
        ({"query": "red", "k": "0"}, 422, "k: Input should be greater than or equal to 1"),
        ({"like": "no"}, 404, "the index has no document"),
        ({"weights": " ".join(f"t{number}:1" for number in range(513))}, 422, "weights must be at most 512, got 513"),
        ({"query": "red", "hit": "no"}, 404, "the index has no document"),
    ):
        for address in ("/", "/results") if "hit" not in asked else ("/", "/hit"):
            answer = client.get(address, params=asked)
            assert answer.status_code == status and said in answer.text
            assert answer.headers["content-type"].startswith("text/html")


def test_a_fault_is_logged_and_its_traceback_kept_from_the_client(
    client: TestClient, opened: Served, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("/home/secret")

    monkeypatch.setattr(opened.searching, "search", fail)
    for address in ("/api/search?query=red", "/?query=red"):
        answer = client.get(address)
        assert answer.status_code == 500
        assert answer.json() == {"error": "this is a fault of the server, and is in its log"}
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert "/home/secret" in caplog.text


def test_an_error_of_the_index_is_503_and_names_no_path(
    client: TestClient, opened: Served, monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    def fail(*_: Any) -> None:
        raise SearchError(f"Lucene can't search {place.index}: disk full")

    monkeypatch.setattr(opened.searching, "search", fail)
    answer = client.get("/api/search", params={"query": "red"})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert str(place.root) not in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_other_methods_are_405_with_json(method: str, client: TestClient) -> None:
    answer = client.request(method, "/api/search")
    assert answer.status_code == 405 and list(answer.json()) == ["error"] and answer.headers["allow"] == "GET, HEAD"


def test_a_body_is_bounded_whatever_it_says_of_its_length(place: Place) -> None:
    limits = Limits(upload_bytes=1000)
    with TestClient(create_app(place.opened(limits)), base_url=BASE) as client:
        head = {"Content-Type": "multipart/form-data; boundary=b"}
        part = b'--b\r\nContent-Disposition: form-data; name="image"; filename="x"\r\n\r\n'
        chunks = (chunk for chunk in [part, *[b"x" * 1000] * 100])  # of a length that is not said before
        answer = client.post("/api/encode", content=chunks, headers=head)
        assert answer.status_code == 413 and list(answer.json()) == ["error"]
        stated = client.post("/api/encode", content=b"", headers={**head, "Content-Length": "999999999"})
        assert stated.status_code == 413
        body = client.post("/v1/lexlip/search", content=b'"' + b"x" * 50_000 + b'"')
        assert body.status_code == 413


def test_work_that_takes_too_long_is_answered_and_keeps_its_place() -> None:
    async def story() -> None:
        gate = Gate("tests", workers=1, waiting=1, seconds=0.05)
        release, began = threading.Event(), threading.Event()

        def slow() -> None:
            began.set()
            release.wait(60)

        with pytest.raises(TooSlow, match=r"not done after 0\.05 s"):
            await gate.run(slow)
        assert began.is_set()
        waits = asyncio.create_task(gate.run(lambda: "never begun"))
        await asyncio.sleep(0)
        with pytest.raises(Busy, match="2 tests are under way"):
            await gate.run(lambda: None)
        with pytest.raises(TooSlow):
            await waits
        release.set()
        while True:  # the place is free again once the work has ended
            try:
                assert await gate.run(lambda: "done") == "done"
                break
            except (Busy, TooSlow):
                await asyncio.sleep(0.01)
        gate.close()

    asyncio.run(story())


def test_more_requests_than_may_wait_are_sent_away_for_now(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = place.opened(Limits(workers=1, waiting=0, seconds=60, refresh_seconds=600))
    began, release = threading.Event(), threading.Event()

    def slow(*_: Any) -> None:
        began.set()
        assert release.wait(60)
        raise InputError("done")

    monkeypatch.setattr(opened.searching, "search", slow)
    with TestClient(create_app(opened), base_url=BASE) as client:
        first = threading.Thread(target=lambda: client.get("/api/search?query=red"))
        first.start()
        assert began.wait(60)
        answer = client.get("/api/encode?text=red")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        release.set()
        first.join()


def test_an_index_that_goes_bad_is_said_without_its_path_and_the_old_commit_stays_in_use(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    opened = place.opened(Limits(refresh_seconds=600))
    with TestClient(create_app(opened), base_url=BASE) as client:
        assert opened.check is not None
        while opened.check.state == "running":  # it would miss the files that are away, and back when it looks again
            time.sleep(0.01)
        place.index.rename(tmp_path / "away")
        with pytest.raises(InputError, match="no such folder"):
            opened.refresh()
        health = client.get("/api/health").json()
        assert (health["ok"], health["documents"]) == (False, 28) and "see the server's log" in health["problem"]
        assert str(tmp_path) not in str(health)
        assert client.get("/api/search?query=red").json()["hits"]
        (tmp_path / "away").rename(place.index)
        opened.refresh()
        assert client.get("/api/health").json()["ok"]


def test_an_index_that_becomes_another_models_is_said(tmp_path: Path) -> None:
    place = served.make(tmp_path)
    opened = place.opened(Limits(refresh_seconds=600))
    with TestClient(create_app(opened), base_url=BASE) as client:
        write_facts(place.index, {**commit_facts(place.index), "vocabulary_sha256": "0" * 64})
        for _ in range(2):  # and is still said the second time
            with pytest.raises(SearchError, match="has become the index of another model"):
                opened.refresh()
            assert not client.get("/api/health").json()["ok"]


def test_a_small_picture_is_handed_on_and_a_moving_one_is_shown_still(tmp_path: Path) -> None:
    Image.new("RGB", (300, 200)).save(tmp_path / "small.jpg")
    Image.new("P", (30, 20)).save(tmp_path / "moving.gif", save_all=True, append_images=[Image.new("P", (30, 20), 9)])
    thumbnails = Thumbnails(most_bytes=1_000_000)
    assert thumbnails.of(tmp_path / "small.jpg") == ((tmp_path / "small.jpg").read_bytes(), "image/jpeg")
    assert thumbnails.of(tmp_path / "moving.gif").media == "image/jpeg"


def test_thumbnails_are_kept_within_their_bytes(tmp_path: Path) -> None:
    paths = []
    for number in range(6):
        paths.append(tmp_path / f"{number}.png")
        Image.frombytes("RGB", (900, 600), os.urandom(900 * 600 * 3)).save(paths[-1])
    thumbnails = Thumbnails(most_bytes=250_000)
    made = [thumbnails.of(path) for path in paths]
    assert all(Image.open(BytesIO(each.content)).size == (SIDE, 320) for each in made)
    assert sum(len(kept.content) for kept in thumbnails._kept.values()) <= 250_000
    assert thumbnails.of(paths[-1]) is made[-1]


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_a_picture_whose_place_is_taken_by_something_else_is_not_waited_for(tmp_path: Path, kind: str) -> None:
    place = served.make(tmp_path)
    with TestClient(create_app(place.opened(Limits())), base_url=BASE) as client:
        docid = "val%2Fred-circle-0"
        assert client.get(f"/images/{docid}").status_code == 200
        (place.images / "0.png").unlink()
        os.mkfifo(place.images / "0.png") if kind == "pipe" else (place.images / "0.png").mkdir()
        for _ in range(4):  # more than there are workers
            assert client.get(f"/images/{docid}").status_code == 404
            assert client.get(f"/thumbnails/{docid}").status_code in (404, 415)


@pytest.mark.parametrize("wanted", ["bytes=999999-", "bytes=-0", "zz", "lines=1-2", "bytes=5-2", "bytes=0-3"])
def test_ranges_are_passed_over(tmp_path: Path, wanted: str) -> None:
    place = served.make(tmp_path)
    with TestClient(create_app(place.opened(Limits())), base_url=BASE) as client:
        whole = client.get("/static/page.js")
        answer = client.get("/static/page.js", headers={"Range": wanted})
        assert (answer.status_code, answer.content) == (200, whole.content)
