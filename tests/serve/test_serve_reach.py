"""The reach of a server: names, proxies, paths, and pages of other sites."""

from collections.abc import Iterator
from typing import Any

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send
from support import served
from support.cli_run import lexlip
from support.served import Place

from lexlip_lucene.errors import InputError
from lexlip_lucene.serve.app import create_app
from lexlip_lucene.serve.http.forwarded import Forwarded
from lexlip_lucene.serve.http.host_name import host_name
from lexlip_lucene.serve.http.reach import OWN_PATHS, Reach, checked_root_path
from lexlip_lucene.serve.served import Served

BASE = "http://127.0.0.1"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    return served.make(tmp_path_factory.mktemp("served"))


@pytest.fixture(scope="module")
def opened(place: Place) -> Served:
    return place.opened()


def client_of(opened: Served, reach: Reach, **how: Any) -> TestClient:
    """Make a client of the application that neither starts nor ends it: it may be one of several."""
    return TestClient(create_app(opened, reach=reach), base_url=BASE, **how)


@pytest.fixture(scope="module")
def client(opened: Served) -> Iterator[TestClient]:
    yield client_of(opened, Reach())


NO_HOSTS = [
    *(
        "a b",
        "user@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.0.0.1:",
        "127.0.0.1:0",
        "127.0.0.1:65536",
        "127.0.0.1:8x",
    ),
    *("127.0.0.1:+80", "[::1", "::1", "[::1]]", "[127.0.0.1]", "[::1%lo]", "[::1]x", "localhost..", ".localhost"),
    *("localhost,localhost", "localhost/", "local\thost", "http://localhost", "localhost#", "lo?calhost"),
    *("%6cocalhost", "lóc", "x" * 64, ".".join(["x" * 60] * 5)),
]


@pytest.mark.parametrize("host", NO_HOSTS)
def test_a_host_that_is_not_exactly_one_is_400(host: str, client: TestClient) -> None:
    answer = client.get("/api/health", headers={"Host": host.encode("latin-1")})
    assert answer.status_code == 400 and "a host" in answer.json()["error"]


@pytest.mark.parametrize("host", NO_HOSTS)
def test_where_any_name_is_answered_it_must_be_one(host: str, opened: Served) -> None:
    client = client_of(opened, Reach(names=None))
    assert client.get("/", headers={"Host": host.encode("latin-1")}).status_code == 400


@pytest.mark.parametrize("host", ["localhost.", "LocalHost.:1", "127.0.0.2", "[0:0:0:0:0:0:0:1]:65535", "127.0.0.1:1"])
def test_this_machines_names_may_be_written_in_several_ways(host: str, client: TestClient) -> None:
    assert client.get("/api/health", headers={"Host": host}).status_code == 200


def test_host_names_are_compared_in_one_form() -> None:
    assert host_name("Photos.Example.:8080") == "photos.example" and host_name("[0::0:1]:80") == "[::1]"


def test_two_hosts_are_400(client: TestClient) -> None:
    answer = client.get("/", headers=[("Host", "localhost"), ("Host", "localhost")])
    assert answer.status_code == 400 and "must have one Host, got 2" in answer.json()["error"]


def test_a_name_that_is_allowed_is_answered_and_others_are_not(opened: Served) -> None:
    client = client_of(opened, Reach.of("127.0.0.1", ["Photos.example.", "[2001:DB8::1]"], (), cross_site=False))
    for host, status in (
        ("photos.example", 200),
        ("PHOTOS.EXAMPLE:8443", 200),
        ("[2001:db8:0::1]", 200),
        ("localhost", 200),
        ("www.photos.example", 421),
        ("photos.example.evil.example", 421),
    ):
        assert client.get("/api/health", headers={"Host": host}).status_code == status, host
    assert "photos.example" in client.get("/", headers={"Host": "evil.example"}).json()["error"]


def test_elsewhere_every_name_is_answered_until_one_is_allowed(opened: Served) -> None:
    for allowed, status in (([], 200), (["photos.example"], 421)):
        client = client_of(opened, Reach.of("0.0.0.0", allowed, (), cross_site=False))
        assert client.get("/api/health", headers={"Host": "other.example"}).status_code == status


@pytest.mark.parametrize(
    "address", ["/api/search?query=red", "/api/health", "/v1/bm25/search?query=a", "/openapi.json"]
)
@pytest.mark.parametrize("how", [("no-cors", "image"), ("cors", ""), ("navigate", "document"), ("navigate", "iframe")])
def test_pages_of_other_sites_get_nothing_of_the_api(address: str, how: tuple[str, str], client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": how[0], "Sec-Fetch-Dest": how[1]}
    answer = client.get(address, headers=headers)
    assert answer.status_code == 403 and "--allow-cross-site" in answer.json()["error"]
    assert client.head(address, headers=headers).status_code == 403


def test_pages_of_other_sites_show_no_pictures_and_send_none(client: TestClient, place: Place) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Dest": "image"}
    for kind in ("images", "thumbnails", "clouds", "patches"):
        assert client.get(f"/{kind}/test%2Fdog", params={"token": "red"}, headers=headers).status_code == 403
    files = {"image": (place.images / "0.png").read_bytes()}
    assert client.post("/api/encode", files=files, headers=headers).status_code == 403
    assert client.get("/results?query=red", headers=headers).status_code == 403


def test_a_link_from_another_site_leads_to_the_page(client: TestClient) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
    assert client.get("/?query=red", headers=headers).status_code == 200
    assert client.get("/?query=red", headers={**headers, "Sec-Fetch-Dest": "iframe"}).status_code == 403
    assert client.get("/?query=red", headers={**headers, "Sec-Fetch-Mode": "no-cors"}).status_code == 403
    for site in ("same-origin", "same-site", "none"):
        assert client.get("/api/search?query=red", headers={**headers, "Sec-Fetch-Site": site}).status_code == 200


def test_other_sites_may_ask_where_that_is_allowed(opened: Served) -> None:
    client = client_of(opened, Reach(cross_site=True))
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors", "Origin": "https://other.example"}
    answer = client.get("/images/test%2Fdog", headers=headers)
    assert answer.status_code == 200 and answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "access-control-allow-origin" not in answer.headers


@pytest.mark.parametrize("path", ["/photos", "/photos/", "/a/b-c_d.e~f"])
def test_a_path_below_a_proxy_may_be_left_on_or_taken_off(path: str, place: Place) -> None:
    root = checked_root_path(path)
    client = client_of(place.opened(root_path=root), Reach())
    for below in ("", root):
        (hit,) = client.get(f"{below}/api/search", params={"query": "red", "k": 1}).json()["hits"]
        assert hit["image"] == f"{root}/images/val%2Fred-circle-0"
        assert client.get(f"{below}/static/page.css").status_code == 200
        assert f'action="{root}/"' in client.get(f"{below}/").text
        assert client.get(f"{below}/images/val%2Fred-circle-0").status_code == 200
        headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
        assert client.get(f"{below}/", headers=headers).status_code == 200
    assert f'action="{root}/"' in client.get(root).text
    assert client.get(f"{root}x/api/health").status_code == 404


@pytest.mark.parametrize(
    "path", ["photos", "//photos", "/a//b", "/a/../b", "/a b", "/a%20b", "/é", "/a?b", '/"', "/./b"]
)
def test_a_path_of_the_wrong_form_is_refused(path: str) -> None:
    with pytest.raises(InputError, match="--root-path must be a path such as /photos"):
        checked_root_path(path)


def test_a_path_can_not_be_one_of_the_servers_own(opened: Served) -> None:
    paths = {path for path in client_of(opened, Reach()).get("/openapi.json").json()["paths"]}
    assert {path.split("/")[1] for path in paths} | {"static", "results", "hit", "openapi.json"} == set(OWN_PATHS)
    with pytest.raises(InputError, match="must not begin with /images"):
        checked_root_path("/images/photos")


@pytest.mark.parametrize(
    "address",
    ["/", "/?query=red", "/results?query=red", "/hit?hit=test/dog&query=dog", "/static/page.js", "/openapi.json"]
    + ["/api/search?query=red", "/api/health", "/api/documents/test/dog", "/api/explain?query=dog&docid=test/dog"]
    + ["/images/test/dog", "/thumbnails/test/dog", "/patches/test/dog?token=dog", "/clouds/test/dog"]
    + ["/v1/lexlip/search?query=dog", "/v1/lexlip/doc/test/dog", "/api/encode?text=dog", "/no", "/api/search?k=0"],
)
def test_head_is_answered_where_get_is(address: str, client: TestClient) -> None:
    head, get = client.head(address), client.get(address)
    assert (head.status_code, head.content) == (get.status_code, b"")
    changing = ("content-length", "date") if "milliseconds" in get.text or "postings" in get.text else ("date",)
    kept = [{name: text for name, text in each.headers.items() if name not in changing} for each in (head, get)]
    assert kept[0] == kept[1]


async def _told(scope: Scope, receive: Receive, send: Send) -> None:
    request = Request(scope)
    assert request.client
    said = {"client": request.client.host, "scheme": request.url.scheme, "host": request.headers["host"]}
    await JSONResponse(said)(scope, receive, send)


@pytest.mark.parametrize("client_address", ["10.1.2.3", "::ffff:10.1.2.3", "2001:db8::7"])
def test_what_a_known_proxy_forwards_is_believed(client_address: str) -> None:
    reach = Reach.of("127.0.0.1", (), ["10.0.0.0/8", "2001:db8::/32"], cross_site=False)
    client = TestClient(Forwarded(_told, proxies=reach.proxies), client=(client_address, 1))
    headers = {"X-Forwarded-For": "6.6.6.6, 192.0.2.7", "X-Forwarded-Proto": "https"}
    headers["X-Forwarded-Host"] = "evil.example, photos.example"
    assert client.get("/", headers=headers).json() == {
        "client": "192.0.2.7",
        "scheme": "https",
        "host": "photos.example",
    }
    assert client.get("/", headers={"Host": "a.example"}).json()["host"] == "a.example"


@pytest.mark.parametrize("client_address", ["11.1.2.3", "127.0.0.1", "testclient"])
def test_what_anybody_else_forwards_is_not(client_address: str) -> None:
    reach = Reach.of("127.0.0.1", (), ["10.0.0.0/8"], cross_site=False)
    client = TestClient(Forwarded(_told, proxies=reach.proxies), client=(client_address, 1))
    headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https", "X-Forwarded-Host": "photos.example"}
    said = client.get("/", headers=headers).json()
    assert said == {"client": client_address, "scheme": "http", "host": "testserver"}


def test_a_forwarded_host_is_checked_as_host_is(opened: Served) -> None:
    reach = Reach.of("127.0.0.1", ["photos.example"], ["127.0.0.1"], cross_site=False)
    near = client_of(opened, reach, client=("127.0.0.1", 1))
    for forwarded, status in (("photos.example", 200), ("evil.example", 421), ("a b", 400)):
        assert near.get("/api/health", headers={"X-Forwarded-Host": forwarded}).status_code == status
    far = client_of(opened, reach, client=("10.0.0.1", 1))
    assert far.get("/api/health", headers={"X-Forwarded-Host": "evil.example"}).status_code == 200


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--allow-host", "https://photos.example"], "--allow-host: a host must be a name or address"),
        (["--allow-host", "photos.example:443"], "takes a name without a port, got 'photos.example:443'"),
        (["--allow-host", "*"], "--allow-host: a host must be a name or address"),
        (["--proxy", "nginx"], "--proxy must be an address or network, such as 10.0.0.0/8, got 'nginx'"),
        (["--root-path", "photos"], "--root-path must be a path such as /photos"),
        (["--root-path", "/static"], "--root-path must not begin with /static"),
    ],
)
def test_options_that_say_nothing_are_one_line(arguments: list[str], said: str, place: Place) -> None:
    assert said in lexlip("serve", place.index, "--model", place.model, *arguments).error
