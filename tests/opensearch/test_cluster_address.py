"""The address of an index in a cluster, as it is typed and as it is shown."""

import pytest

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.cluster_address import ClusterAddress, Node, is_address


@pytest.mark.parametrize(
    ("text", "nodes", "prefix", "alias", "shown"),
    [
        ("http://localhost:9200/photos", [("localhost", 9200)], "", "photos", "http://localhost:9200/photos"),
        ("HTTPS://Search.Org/photos/", [("search.org", 443)], "", "photos", "https://search.org:443/photos"),
        ("http://a/os/photos", [("a", 80)], "/os", "photos", "http://a:80/os/photos"),
        ("http://a:1,b:2/p", [("a", 1), ("b", 2)], "", "p", "http://a:1,b:2/p"),
        ("http://[::1]:9200/p", [("::1", 9200)], "", "p", "http://[::1]:9200/p"),
    ],
)
def test_an_address_is_its_nodes_and_the_alias(
    text: str, nodes: list[tuple[str, int]], prefix: str, alias: str, shown: str
) -> None:
    address = ClusterAddress.of(text)
    assert address == (text[:5].lower().rstrip(":"), tuple(Node(*node) for node in nodes), prefix, alias)
    assert str(address) == shown
    assert ClusterAddress.of(str(address)) == address


@pytest.mark.parametrize(
    "text",
    ["http://host:9200", "http://host:9200/", "http:///photos", "http://host:port/p", "http://h:99999/p", "ftp://h/p"],
)
def test_an_incomplete_address_is_refused_with_its_form(text: str) -> None:
    with pytest.raises(InputError, match="http://host:9200/alias"):
        ClusterAddress.of(text)


@pytest.mark.parametrize(
    "alias", ["Photos", "_all", "-x", "+x", "a,b", "a*", "a b", ".", "..", "a:b", 'a"b', "a" * 256]
)
def test_a_name_that_the_cluster_would_refuse_is_refused_first(alias: str) -> None:
    with pytest.raises(InputError, match="can't be the name of an index"):
        ClusterAddress.of(f"http://localhost:9200/{alias}")


@pytest.mark.parametrize("text", ["http://me:secret@host/p", "http://host/p@secret", "https://secret@host/p"])
def test_a_password_in_an_address_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(InputError, match="LEXLIP_OPENSEARCH_USER and LEXLIP_OPENSEARCH_PASSWORD") as refused:
        ClusterAddress.of(text)
    assert "secret" not in str(refused.value)


def test_only_http_and_https_are_addresses() -> None:
    assert is_address("http://h/p") and is_address("HTTPS://h/p")
    assert not is_address("indexes/http") and not is_address("/http://") and not is_address("http:/h/p")
