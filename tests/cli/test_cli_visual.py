"""Visual words on the command line: `train-visual`, `encode images --visual`, `search --image`, `explain --image`."""

import shutil
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
import pytest
from PIL import Image
from support import tiny
from support.cli_run import copied, done, lexlip, write_scenes
from support.noise_photos import noise_photos

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.visual import of_model
from lexlip_lucene.encoders.visual.of_model import encode_pictures, visual_of, whole_vector
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.search.visual_postings import visual_postings
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.manifest import read_manifest
from lexlip_lucene.vectors.picture_vector import PictureVector, words_and_picture
from lexlip_lucene.words.visual_words import is_visual_word, parted

PICTURES = 12
SMALL = ("--set", "size=16", "--set", "keep=6", "--set", "width=8", "--set", "steps=5", "--set", "per_place=3")


class Place(NamedTuple):
    """A model, the same with visual words, and collections and indexes of its pictures without and with them."""

    root: Path

    def at(self, name: str) -> Path:
        return self.root / name

    def picture(self, number: int) -> Path:
        return self.root / "photos" / f"{number:02}.png"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("visual cli")
    tiny.lexlip().save_pretrained(root / "plain")
    noise_photos(root / "photos", PICTURES)
    (root / "photos" / "broken.png").write_bytes(b"no picture")
    done("train-visual", root / "photos", root / "model", "--model", root / "plain", *SMALL)
    for name, model, more in (
        ("words", "plain", ()),
        ("joint", "model", ("--visual", "--whole", root / "wholes")),
    ):
        done("encode", "images", root / "photos", root / f"{name} collection", "--model", root / model, *more)
        done("index", root / f"{name} collection", root / name)
    return Place(root)


def search(place: Place, *more: object, index: str = "joint", model: str = "model") -> dict[str, Any]:
    return done("search", place.at(index), "--model", place.at(model), *more)


# The model


def test_a_model_with_visual_words_is_the_same_model(place: Place) -> None:
    for name in ("model.safetensors", "tokenizer.json", "README.md"):
        assert sha256_of(place.at("model") / name) == sha256_of(place.at("plain") / name)
    before, after = (LexLip.from_pretrained(place.at(name)) for name in ("plain", "model"))
    assert after.sha256 == before.sha256
    assert visual_of(after).made_of.pictures == PICTURES, "the broken one was passed over"
    assert done("check", place.at("model"))["ok"]


def test_visual_words_go_along_when_a_model_is_saved_again(place: Place, tmp_path: Path) -> None:
    model = LexLip.from_pretrained(place.at("model"))
    model.save_pretrained(tmp_path / "again")
    assert visual_of(LexLip.from_pretrained(tmp_path / "again")).sha256 == visual_of(model).sha256


def test_learning_again_gives_the_same_visual_words(place: Place, tmp_path: Path) -> None:
    done("train-visual", place.at("photos"), tmp_path / "again", "--model", place.at("model"), *SMALL)
    assert sha256_of(tmp_path / "again" / "visual.safetensors") == sha256_of(place.at("model") / "visual.safetensors")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["size=1"], "size"),
        (["colour=red"], "colour"),
        (["code=tree"], "code"),
        (["size=4096"], "4096 codes"),
        (["size"], "key=value"),
    ],
)
def test_settings_that_can_t_be_are_refused(place: Place, tmp_path: Path, settings: list[str], message: str) -> None:
    sets = [part for setting in settings for part in ("--set", setting)]
    ran = lexlip("train-visual", place.at("photos"), tmp_path / "new", "--model", place.at("plain"), *sets)
    assert message in ran.error
    assert not (tmp_path / "new").exists()


def test_a_recipe_with_visual_makes_a_model_that_has_visual_words(tmp_path: Path) -> None:
    write_scenes(tmp_path)
    settings = [part for key in SMALL[1::2] for part in ("--set", f"visual.{key}")]
    train = ("train", tmp_path / "tiny.yaml", "--set", "training.epochs=1")
    done(*train, "--output", tmp_path / "model", *settings)
    done(*train, "--output", tmp_path / "plain")
    model = LexLip.from_pretrained(tmp_path / "model")
    assert visual_of(model).form.keep == 6
    assert model.sha256 == LexLip.from_pretrained(tmp_path / "plain").sha256, (
        "the lexicon's training knows nothing of it"
    )


def test_pictures_that_can_t_be_read_teach_nothing(place: Place, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "a.png").write_bytes(b"no picture")
    ran = lexlip("train-visual", tmp_path / "photos", tmp_path / "new", "--model", place.at("plain"), *SMALL)
    assert "none of 1 can be read" in ran.error


def test_a_model_in_the_way_is_kept(place: Place) -> None:
    ran = lexlip("train-visual", place.at("photos"), place.at("plain"), "--model", place.at("plain"), *SMALL)
    assert "exists" in ran.error
    assert not (place.at("plain") / "visual.safetensors").exists()


# The collection and the index


def test_a_document_has_its_words_and_its_visual_words(place: Place) -> None:
    words = {document.id: document.vector for document in read_collection(place.at("words collection"))}
    model = LexLip.from_pretrained(place.at("model"))
    for document in read_collection(place.at("joint collection")):
        own, looks = parted(document.vector)
        assert own == words[document.id]
        [expected] = encode_pictures(model, visual_of(model), [place.root / "photos" / f"{document.id}"])
        assert looks == expected.looks and 0 < len(looks) <= 6
        assert list(document.vector.values()) == sorted(document.vector.values(), reverse=True)


def test_the_manifest_names_the_visual_lexicon(place: Place) -> None:
    manifest = read_manifest(place.at("joint collection"))
    assert manifest is not None
    assert manifest.visual_sha256 == sha256_of(place.at("model") / "visual.safetensors")
    assert manifest.visual_codes == 16
    content = (place.root / "words collection.manifest.json").read_text()
    assert "visual_" not in content, "a collection without them says nothing of them"


def test_text_search_in_the_joint_index_changes_in_no_hit_and_no_score(place: Place) -> None:
    for text in ("a red dog", "two cats run", "blue square", "star over a circle"):
        one = search(place, "--query", text, "-k", 50, index="words", model="plain")
        two = search(place, "--query", text, "-k", 50)
        assert one["hits"] == two["hits"]
        assert one["weights"] == two["weights"]


def test_a_store_of_whole_pictures_is_whole(place: Place) -> None:
    assert done("check", place.at("wholes"))["ok"]


# The search


@pytest.mark.parametrize("by", ["words", "looks", "both"])
def test_a_picture_finds_itself_by_an_exact_sum(place: Place, by: str) -> None:
    model = LexLip.from_pretrained(place.at("model"))
    [vector] = encode_pictures(model, visual_of(model), [place.picture(3)])
    query = vector.query({"words": 0.0, "looks": 1.0, "both": 0.5}[by])
    record = search(place, "--image", place.picture(3), "--by", by, "-k", PICTURES)
    assert record["weights"] == query
    documents = {one.id: one.vector for one in read_collection(place.at("joint collection"))}
    scores = {id: sum(query.get(token, 0) * impact for token, impact in own.items()) for id, own in documents.items()}
    best = sorted((id for id in scores if scores[id]), key=lambda id: (-scores[id], id.encode()))
    assert [(hit["docid"], hit["score"]) for hit in record["hits"]] == [(id, scores[id]) for id in best]
    if by != "words":
        assert record["hits"][0]["docid"] == "03.png"


def test_a_picture_is_searched_by_both_unless_it_says_otherwise(place: Place) -> None:
    asked = ("--image", place.picture(2))
    assert search(place, *asked)["hits"] == search(place, *asked, "--by", "both", "--looks", 0.5)["hits"]
    without = search(place, *asked, index="words", model="plain")
    assert without["hits"] == search(place, *asked, "--by", "words", index="words", model="plain")["hits"]


def test_words_and_a_picture_are_one_query(place: Place) -> None:
    words = search(place, "--query", "a red dog")["weights"]
    picture = search(place, "--image", place.picture(2), "--by", "looks")["weights"]
    both = search(place, "--query", "a red dog", "--image", place.picture(2), "--by", "looks")
    assert both["weights"] == words_and_picture(words, picture)


def test_the_second_stage_orders_the_first_hits_by_the_exact_cosine(place: Place) -> None:
    model = LexLip.from_pretrained(place.at("model"))
    wholes = {
        path.name: whole_vector(model, Image.open(path).convert("RGB"))
        for path in sorted(place.at("photos").glob("[0-9]*.png"))
    }
    record = search(place, "--image", place.picture(5), "--by", "looks", "--whole", place.at("wholes"), "-k", PICTURES)
    assert record["hits"][0]["docid"] == "05.png"
    for hit in record["hits"]:
        assert hit["score"] == pytest.approx(float(wholes[hit["docid"]] @ wholes["05.png"]), abs=0.01)
    scores = [hit["score"] for hit in record["hits"]]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--by", "looks"], "--by belongs to --image FILE"),
        (["--looks", "0.5"], "--looks belongs to --image FILE"),
        (["--whole", "store"], "--whole belongs to --image FILE"),
        (["--image", "PICTURE", "--by", "smell"], "--by must be words, looks or both, got 'smell'"),
        (["--image", "PICTURE", "--looks", "1.5"], "--looks must be from 0"),
        (["--image", "PICTURE", "--by", "words", "--looks", "0.5"], "--by words leaves nothing to weigh"),
        (["--image", "PICTURE", "--whole", "store"], "give --by looks with it"),
        (["--image", "PICTURE", "--by", "looks", "--whole", "store", "--rerank", "0"], "--rerank must be at least 1"),
        (["--image", "PICTURE", "--output", "run.txt"], "--output is for a run"),
        (["--image", "MISSING"], "can't read"),
    ],
)
def test_options_that_contradict_are_refused(place: Place, more: list[str], message: str) -> None:
    known = {"PICTURE": str(place.picture(0)), "MISSING": str(place.root / "missing.png")}
    query = [] if "--image" in more else ["--query", "dog"]
    asked = [*query, *(known.get(one, one) for one in more)]
    assert message in lexlip("search", place.at("joint"), "--model", place.at("model"), *asked).error


def test_an_index_without_visual_words_says_how_to_get_them(place: Place) -> None:
    asked = ("--image", place.picture(0), "--by", "looks", "--model", place.at("model"))
    error = lexlip("search", place.at("words"), *asked).error
    assert "has no visual words" in error and "lexlip train-visual" in error and "--by words" in error


def test_a_model_without_visual_words_is_refused_where_looks_are_asked_for(place: Place) -> None:
    asked = ("--image", place.picture(0), "--model", place.at("plain"))
    assert "has no visual words: make a model that has" in lexlip("search", place.at("joint"), *asked).error
    assert (
        "has no visual words"
        in lexlip(
            "encode", "images", place.at("photos"), place.root / "new", "--model", place.at("plain"), "--visual"
        ).error
    )
    assert search(place, "--image", place.picture(0), "--by", "words", model="plain")["hits"]


def test_another_codebook_than_the_index_has_is_refused(place: Place, tmp_path: Path) -> None:
    done(
        "train-visual", place.at("photos"), tmp_path / "other", "--model", place.at("plain"), *SMALL, "--set", "seed=1"
    )
    asked = ("--image", place.picture(0), "--model", tmp_path / "other")
    assert "whose numbers mean other looks" in lexlip("search", place.at("joint"), *asked).error
    encoded = (
        "encode",
        "images",
        place.at("photos"),
        tmp_path / "collection",
        "--model",
        tmp_path / "other",
        "--visual",
    )
    done(*encoded)
    error = lexlip("index", tmp_path / "collection", copied(place.at("joint"), tmp_path / "index"), "--append").error
    assert "visual_sha256" in error and "scores can't be compared" in error


def test_visual_words_of_another_backbone_are_refused(place: Place, tmp_path: Path) -> None:
    tiny.lexlip(seed=1).save_pretrained(tmp_path / "other")
    done("train-visual", place.at("photos"), tmp_path / "visual", "--model", tmp_path / "other", *SMALL)
    mixed = copied(place.at("model"), tmp_path / "mixed")
    shutil.copyfile(tmp_path / "visual" / "visual.safetensors", mixed / "visual.safetensors")
    asked = ("--image", place.picture(0), "--model", mixed)
    assert "not the file that was written" in lexlip("search", place.at("joint"), *asked).error
    config = orjson.loads((mixed / "config.json").read_bytes())
    config["files"]["visual.safetensors"] = sha256_of(mixed / "visual.safetensors")
    config.pop("checksum", None)
    (mixed / "config.json").write_bytes(orjson.dumps(config))
    assert "of another backbone" in lexlip("search", place.at("joint"), *asked).error


def test_a_uniform_picture_is_encoded_and_searched_by(place: Place, tmp_path: Path) -> None:
    (tmp_path / "grey").mkdir()
    Image.new("RGB", (50, 40), (128, 128, 128)).save(tmp_path / "grey" / "grey.png")
    encoded = done(
        "encode", "images", tmp_path / "grey", tmp_path / "collection", "--model", place.at("model"), "--visual"
    )
    assert encoded["documents"] == 1
    ran = lexlip(
        "search",
        place.at("joint"),
        "--model",
        place.at("model"),
        "--image",
        tmp_path / "grey" / "grey.png",
        "--by",
        "looks",
    )
    assert ran.status == 0


def test_a_picture_without_visual_words_finds_nothing_and_says_so(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(of_model, "encode_pictures", lambda *_: [PictureVector({"dog": 3}, {})])
    asked = ("search", place.at("joint"), "--model", place.at("model"), "--image", place.picture(0))
    ran = lexlip(*asked, "--by", "looks")
    assert ran.status == 0
    assert f"no hits: the picture {place.picture(0)} has nothing to search by" in ran.out
    assert done(*asked)["weights"] == {"dog": 3}, "by both, what it has is searched for"


def test_new_pictures_join_a_collection_with_their_visual_words(place: Place, tmp_path: Path) -> None:
    few = noise_photos(tmp_path / "photos", 4)
    collection, model = tmp_path / "collection", place.at("model")
    done("encode", "images", few, collection, "--model", model, "--visual", "--whole", tmp_path / "wholes")
    Image.fromarray(np.full((30, 40, 3), 60, np.uint8)).save(few / "new.png")
    more = ("--model", model, "--update")
    assert "visual_sha256" in lexlip("encode", "images", few, collection, *more).error
    done("encode", "images", few, collection, *more, "--visual", "--whole", tmp_path / "wholes")
    documents = {one.id: one.vector for one in read_collection(collection)}
    assert len(documents) == 5
    assert any(map(is_visual_word, documents["new.png"]))
    assert done("check", tmp_path / "wholes")["ok"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--whole", "W"], "--whole is the second stage of a search by looks: give --visual"),
        (["--visual", "--whole", "collection"], "must be folders beside each other"),
    ],
)
def test_a_store_of_whole_pictures_needs_its_place(place: Place, tmp_path: Path, more: list[str], message: str) -> None:
    where = [str(tmp_path / "collection" / "W") if one == "collection" else one for one in more]
    asked = ("encode", "images", place.at("photos"), tmp_path / "collection", "--model", place.at("model"))
    assert message in lexlip(*asked, *where).error
    assert not (tmp_path / "collection").exists()


# The explanation


def test_the_places_that_matched_add_up_to_the_looks_score(place: Place, tmp_path: Path) -> None:
    asked = ("--model", place.at("model"), "--image", place.picture(3), "--docid", "07.png")
    drawn = ("--maps", tmp_path / "maps.png", "--images", place.at("photos"))
    record = done("explain", place.at("joint"), *asked, *drawn)
    looks = [term for term in record["terms"] if is_visual_word(term["token"])]
    assert record["looks_score"] == sum(term["contribution"] for term in looks) > 0
    assert record["score"] == sum(term["contribution"] for term in record["terms"])
    assert record["maps"]["score"] == pytest.approx(record["looks_score"])
    assert record["maps"]["grid"] == [2, 2]
    with Image.open(tmp_path / "maps.png") as picture:
        assert picture.format == "PNG"
    hits = search(place, "--image", place.picture(3), "-k", PICTURES)["hits"]
    assert {hit["docid"]: hit["score"] for hit in hits}["07.png"] == record["score"]


def test_the_same_picture_is_matched_place_by_place(place: Place, tmp_path: Path) -> None:
    asked = ("--model", place.at("model"), "--image", place.picture(3), "--docid", "03.png", "--by", "looks")
    record = done("explain", place.at("joint"), *asked, "--maps", tmp_path / "m.png", "--images", place.at("photos"))
    text = lexlip("explain", place.at("joint"), *asked).out
    assert f"visual words gave {record['score']}, 100% of the score" in text


def test_explaining_needs_something_that_was_searched_for(place: Place) -> None:
    error = lexlip("explain", place.at("joint"), "--docid", "03.png", "--model", place.at("model")).error
    assert "Give --query, --image or both" in error


# Pyserini's side


def test_visual_words_are_terms_of_the_index(place: Place) -> None:
    documents = list(read_collection(place.at("joint collection")))
    words = sorted({token for one in documents for token in one.vector if is_visual_word(token)})
    with ImpactSearcher(place.at("joint")) as searcher:
        frequencies = searcher.frequencies(words)
        assert searcher.captions.visual and searcher.facts["visual_codes"] == "16"
        for document in documents:
            assert searcher.captions.seen(searcher.vector(document.id)) == parted(document.vector).words
        found = visual_postings(searcher)
    assert frequencies == {word: sum(word in one.vector for one in documents) for word in words}
    counts = [count for count in frequencies.values() if count]
    assert found == (len(counts), sum(counts), pytest.approx(sum(counts) / len(counts) / PICTURES))


def test_the_report_of_an_index_has_visual_words_apart(place: Place, tmp_path: Path) -> None:
    record = done("index", place.at("joint collection"), tmp_path / "joint")
    plain = done("index", place.at("words collection"), tmp_path / "words")
    assert record["postings"] == plain["postings"] + record["visual"]["postings"]
    assert "visual" not in plain
    assert "visual words, each in" in lexlip("index", place.at("joint collection"), tmp_path / "again").out


def test_the_states_of_places_are_kept_for_another_model(place: Place, tmp_path: Path) -> None:
    asked = ("encode", "images", place.at("photos"))
    model, states = ("--model", place.at("model")), ("--states", tmp_path / "states")
    done(*asked, tmp_path / "words", *model, *states)
    for name in ("first", "second"):
        done(*asked, tmp_path / name, *model, *states, "--visual")
        for one, two in zip(
            read_collection(tmp_path / name), read_collection(place.at("joint collection")), strict=True
        ):
            assert one.vector == two.vector
