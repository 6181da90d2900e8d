"""A model by its name: a folder wins, then what the package has; an index finds the shipped model that made it."""

from pathlib import Path

import pytest
from support import tiny
from support.cli_run import done, lexlip
from support.photo_folder import photo

from lexlip_lucene import LexLip, LexLipQueryEncoder
from lexlip_lucene.errors import ModelError
from lexlip_lucene.models import shipped


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Ship two models: `small`, and the default of `lexlip photos`."""
    home = tmp_path / "models"
    tiny.lexlip().save_pretrained(home / "small")
    tiny.lexlip(seed=1).save_pretrained(home / shipped.PHOTOS_FAST)
    monkeypatch.setattr(shipped, "HOME", home)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return home


def test_a_name_is_that_of_a_shipped_model_unless_there_is_such_a_folder(home: Path) -> None:
    assert shipped.shipped_models() == ["photos-fast", "small"]
    assert shipped.model_folder("small") == home / "small"
    assert LexLip.from_pretrained("small").sha256 == LexLip.from_pretrained(home / "small").sha256
    assert LexLipQueryEncoder("small").encode("red dog") == LexLipQueryEncoder(home / "small").encode("red dog")
    tiny.lexlip(seed=2).save_pretrained("small")
    assert shipped.model_folder("small") == Path("small")
    assert LexLip.from_pretrained("small").sha256 != LexLip.from_pretrained(home / "small").sha256


def test_another_name_is_an_error_that_lists_the_shipped_ones(home: Path) -> None:
    for ask in (shipped.model_folder, LexLip.from_pretrained, LexLipQueryEncoder):
        with pytest.raises(
            ModelError, match="no such folder: smal; the models that come with the package: photos-fast, small"
        ):
            ask("smal")


def test_an_index_is_searched_with_the_shipped_model_that_made_it(home: Path) -> None:
    photo(Path("album/1.png"), 1)
    query = " ".join(tiny.WORDS)
    made = done("photos", "album", "--query", query)
    done("encode", "images", "album", "collection", "--model", "small")
    done("index", "collection", "index")
    Path("topics.tsv").write_text(f"1\t{query}\n")
    for index, model in ((made["index"], "photos-fast"), ("index", "small")):
        expected = done("search", index, "--query", query, "--model", model)["hits"]
        assert done("search", index, "--query", query)["hits"] == expected != []
        assert done("search", index, "--topics", "topics.tsv", "--output", f"{model}.txt")["topics"] == 1
    assert made["hits"] == done("search", made["index"], "--query", query)["hits"]


def test_an_index_of_another_model_asks_for_it(home: Path) -> None:
    photo(Path("album/1.png"), 1)
    tiny.lexlip(seed=2).save_pretrained("mine")
    index = done("photos", "album", "--no-serve", "--model", "mine")["index"]
    assert "give --model MODEL" in lexlip("search", index, "--query", "red dog").error
    assert "--model is needed" in lexlip("serve", index, "--port", 0).error
