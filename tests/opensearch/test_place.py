"""The place of an index as it is typed: a folder or an address, and the options about certificates."""

from pathlib import Path

import pytest

from lexlip_lucene.cli.place import ClusterPlace, place_of, places_of
from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.cluster_address import PASSWORD_VARIABLE, USER_VARIABLE, ClusterAddress


def test_an_address_keeps_its_slashes_and_a_folder_is_a_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(USER_VARIABLE, "me")
    monkeypatch.setenv(PASSWORD_VARIABLE, "secret")
    folder, place = places_of(["photos-index", "https://host:9200/photos"])
    assert folder == Path("photos-index")
    assert isinstance(place, ClusterPlace) and place.address == ClusterAddress.of("https://host:9200/photos")
    assert place.security.password == "secret"
    assert str(place) == f"{place}" == "https://host:9200/photos" and "secret" not in repr(place)


def test_options_about_certificates_reach_the_place(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    place = place_of("https://host/photos", authority, True)
    assert isinstance(place, ClusterPlace)
    assert (place.security.ca_file, place.security.insecure) == (authority, True)
    with pytest.raises(InputError, match=r"--ca-file is no file: .*nowhere"):
        place_of("https://host/photos", tmp_path / "nowhere")
    for text in ("photos-index", "http://host/photos"):
        with pytest.raises(InputError, match="--ca-file and --insecure are for a cluster's https address"):
            place_of(text, None, True)


@pytest.mark.parametrize("text", ["localhost:9200/photos", "127.0.0.1:9200/photos", "opensearch://host/photos"])
def test_an_address_without_its_http_is_not_taken_for_a_folder(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="begins with http:// or https://"):
        place_of(text)
    folder = Path(text)
    folder.mkdir(parents=True)
    assert place_of(text) == folder
