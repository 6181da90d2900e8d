"""Re-ranking by patches on the command line: `encode images --patches`, `search --late`, `tune --late`."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import pytest
from PIL import Image
from support import tiny
from support.cli_run import done, lexlip
from support.noise_photos import noise_photos

from lexlip_lucene.encoders.explain.label_alignment import label_alignment
from lexlip_lucene.encoders.explain.late_maps import late_maps
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.evaluate.run import read_run
from lexlip_lucene.files.checksum import with_checksum, without_checksum
from lexlip_lucene.late.late_reranker import LateReranker
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_changes import without
from lexlip_lucene.pictures.patch_picture import alignment_overlay
from lexlip_lucene.pictures.sheet import enlarged
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.records import Hit

PICTURES = 12
QUERIES = {f"q{n}": text for n, text in enumerate(["a red dog", "two cats run", "blue square", "star over a circle"])}


class Place(NamedTuple):
    """A model with a late head, the index of its pictures, their patches, topics and judgements."""

    root: Path
    model: Path
    index: Path
    store: Path

    def search(self, *more: object) -> tuple[object, ...]:
        return ("search", self.index, "--model", self.model, *more)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    root = tmp_path_factory.mktemp("late cli")
    found = Place(root, root / "model", root / "index", root / "patches")
    tiny.lexlip(late=LateSpec(width=8, mix=0.3)).save_pretrained(found.model)
    tiny.lexlip(late=LateSpec(width=8), seed=1).save_pretrained(root / "other")
    tiny.lexlip().save_pretrained(root / "plain")
    noise_photos(root / "photos", PICTURES)
    asked = ("encode", "images", root / "photos", root / "collection", "--model", found.model)
    done(*asked, "--patches", found.store, "--patch-code", "int8", "--patch-clusters", 3)
    done("index", root / "collection", found.index)
    (root / "topics.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in QUERIES.items()))
    ids = [path.stem for path in sorted((root / "photos").iterdir())]
    qrels = [f"{qid} 0 {ids[place]} 1" for place, qid in enumerate(QUERIES)]
    (root / "qrels.txt").write_text("\n".join(qrels) + "\n")
    return found


def hits_in(record: dict[str, object]) -> list[Hit]:
    hits = record["hits"]
    assert isinstance(hits, list)
    return [Hit(**hit) for hit in hits]


@pytest.mark.parametrize(("rerank", "mix"), [(5, 0.0), (100, 0.5), (100, None)])
def test_the_first_hits_are_re_ranked_and_the_others_follow(place: Place, rerank: int, mix: float | None) -> None:
    first = hits_in(done(*place.search("--query", "a red dog", "-k", PICTURES)))
    options = ["--late", place.store, "--rerank", rerank, *(["--mix", mix] if mix is not None else [])]
    record = done(*place.search("--query", "a red dog", "-k", PICTURES, *options))
    second = LateReranker(
        PatchStore.open(place.store), LateQuery(place.model), k=rerank, mix=0.3 if mix is None else mix
    )
    assert hits_in(record) == second.rerank("a red dog", first)
    assert record["late"].startswith(f"re-ranked by patches: the first {min(rerank, len(first))} hits")


def test_a_mix_of_one_gives_the_order_of_the_first_stage(place: Place) -> None:
    asked = place.search("--query", "star over a circle", "-k", 4)
    first, second = (hits_in(done(*asked, *more)) for more in ([], ["--late", place.store, "--mix", 1]))
    assert [hit.docid for hit in first] == [hit.docid for hit in second]


def test_fewer_hits_than_are_re_ranked_may_be_shown(place: Place) -> None:
    asked = ("--query", "a red dog", "--late", place.store)
    all_of_them = hits_in(done(*place.search(*asked, "-k", PICTURES)))
    assert hits_in(done(*place.search(*asked, "-k", 3))) == all_of_them[:3]


def test_a_run_is_re_ranked_as_single_queries_are(place: Place, tmp_path: Path) -> None:
    options = ("--late", place.store, "--rerank", 6)
    ran = lexlip(*place.search("--topics", place.root / "topics.tsv", "--output", tmp_path / "run.txt", *options))
    assert ran.status == 0 and ran.out.endswith(f"the first 6 hits of each were re-ranked by {place.store}\n")
    run = read_run(tmp_path / "run.txt")
    for qid, text in QUERIES.items():
        single = hits_in(done(*place.search("--query", text, "-k", 1000, *options)))
        assert [hit.docid for hit in run[qid]] == [hit.docid for hit in single]
        assert [hit.score for hit in run[qid]] == pytest.approx([hit.score for hit in single], abs=1e-5)


def test_an_approximate_first_stage_is_re_ranked_and_says_what_it_may_have_lost(place: Place) -> None:
    asked = place.search("--query", "a red dog", "--late", place.store, "--postings", 10**6)
    record = done(*asked)
    assert record["unseen"] >= 0 and record["late"] and record["hits"]
    assert hits_in(record) == hits_in(done(*asked[:-2]))


def test_a_query_without_a_token_that_has_a_vector_says_that_it_is_not_re_ranked(place: Place) -> None:
    ran = lexlip(*place.search("--query", "zebra", "--late", place.store))
    assert ran.status == 0 and "not re-ranked: no word of the query has a vector" in ran.out


@pytest.mark.parametrize("query", ["", " ", "[PAD]", "[PAD] [PAD] [SEP]", "é"])
def test_an_empty_query_and_one_of_pads_have_no_hits_and_say_so(place: Place, query: str) -> None:
    ran = lexlip(*place.search("--query", query, "--late", place.store))
    assert ran.status == 0 and ran.out.startswith("no hits: ")
    assert "not re-ranked: no word of the query has a vector" in ran.out


def test_one_hit_that_can_not_change_places_is_not_called_re_ranked(place: Place) -> None:
    asked = place.search("--query", "a red dog")
    late = ("--late", place.store, "--rerank", 1)
    assert "not re-ranked: two hits at least can change places, got 1" in lexlip(*asked, *late).out
    assert hits_in(done(*asked, *late)) == hits_in(done(*asked))


def test_no_hit_at_all_is_not_called_re_ranked(place: Place) -> None:
    ran = lexlip(*place.search("--query", "red -red", "--late", place.store))
    assert ran.status == 0 and "two hits at least can change places, got 0" in ran.out


def test_more_hits_to_re_rank_than_the_run_has_are_all_re_ranked(place: Place, tmp_path: Path) -> None:
    asked = place.search("--query", "a red dog", "-k", 10**6, "--late", place.store)
    assert hits_in(done(*asked, "--rerank", 10**9)) == hits_in(done(*asked, "--rerank", PICTURES))
    run = place.search("--topics", place.root / "topics.tsv", "--late", place.store, "--rerank", 10**9)
    record = done(*run, "-k", 10**6, "--output", tmp_path / "run.txt")
    assert record["not_reranked"] == 0 and set(read_run(tmp_path / "run.txt")) == set(QUERIES)


def test_a_run_says_how_many_topics_have_no_word_that_has_a_vector(place: Place, tmp_path: Path) -> None:
    (tmp_path / "topics.tsv").write_text("q1\ta red dog\nq2\tzebra\nq3\t[PAD] [PAD]\nq4\t\n")
    asked = place.search("--topics", tmp_path / "topics.tsv", "--output", tmp_path / "run.txt", "--late", place.store)
    ran = lexlip(*asked)
    assert ran.status == 0
    assert ran.out.endswith("\nnot re-ranked: 3 of 4 topics, no word of which has a vector\n")
    assert done(*asked, "--force")["not_reranked"] == 3


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--rerank", 5], "--rerank belongs to --late STORE"),
        (["--mix", 0.5], "--mix belongs to --late STORE"),
        (["--late", "patches", "--rerank", 0], "--rerank must be at least 1, got 0"),
        (["--late", "patches", "--mix", 1.5], "--mix must be from 0"),
        (["--late", "nowhere"], "nowhere"),
        (["--late", "photos"], "is not a patch store"),
    ],
)
def test_a_wrong_option_is_one_line_that_names_it(place: Place, options: list[object], said: str) -> None:
    options = [place.root / str(one) if one in ("patches", "nowhere", "photos") else one for one in options]
    assert said in lexlip(*place.search("--query", "a red dog", *options)).error


def test_models_and_stores_that_do_not_belong_together_are_refused(place: Place, tmp_path: Path) -> None:
    late = ("--late", place.store)
    asked = ("search", place.index, "--query", "a red dog")
    assert "patches of the model" in lexlip(*asked, "--model", place.root / "other", *late).error
    assert "no patch vectors" in lexlip(*asked, "--model", place.root / "plain", *late).error
    assert "give --model MODEL" in lexlip("search", place.index, "--query", "red:3", *late).error
    encoded = ("encode", "texts", place.root / "topics.tsv", tmp_path / "q.jsonl", "--model", place.model)
    done(*encoded)
    run = ("search", place.index, "--encoded", tmp_path / "q.jsonl", "--output", tmp_path / "r.txt", *late)
    assert "give --model MODEL, and words" in lexlip(*run).error


def change(**values: object) -> Callable[[Path], None]:
    """Return a change of the manifest whose checksum fits again: damage by somebody who means it."""

    def made(store: Path) -> None:
        record = {**without_checksum(orjson.loads((store / "store.json").read_bytes())), **values}
        (store / "store.json").write_bytes(orjson.dumps(with_checksum(record)))

    return made


def cut(name: str, left: float) -> Callable[[Path], None]:
    def made(store: Path) -> None:
        content = (store / name).read_bytes()
        (store / name).write_bytes(content[: int(left * len(content))])

    return made


def gone(store: Path) -> None:
    (store / "ids.bin").unlink()


def a_folder(store: Path) -> None:
    (store / "vectors.bin").unlink()
    (store / "vectors.bin").mkdir()


def of_another_byte_order(store: Path) -> None:
    """Give the table the other byte order, which its manifest does not say."""
    numbers = np.fromfile(store / "documents.bin", "<u8")
    numbers.astype(">u8").tofile(store / "documents.bin")


def no_numbers(store: Path) -> None:
    """Make every vector's largest number NaN, in as many bytes."""
    (store / "vectors.bin").write_bytes(b"\xff" * (store / "vectors.bin").stat().st_size)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (change(byte_order="big"), "integers in byte order 'little' are needed, got 'big'"),
        (of_another_byte_order, "`lexlip check` says if its files are whole"),
        (change(model_sha256="f" * 64), "patches of the model"),
        (change(width=7), "bytes are not those of its counts"),
        (change(documents=PICTURES - 1), "bytes are not those of its counts"),
        (change(vectors=PICTURES - 1), "bytes are not those of its counts"),
        (change(clusters=-1), "store.json is damaged: clusters: "),
        *((cut(name, 0.9), f"{name} is cut short") for name in ("vectors.bin", "documents.bin", "ids.bin")),
        *((cut("store.json", left), "store.json is damaged") for left in (0.9, 0.0)),
        (gone, "can't read"),
        (a_folder, "vectors.bin must be a file"),
        (no_numbers, "are no finite numbers: the store is damaged"),
    ],
)
def test_a_store_that_is_not_as_it_was_written_is_one_line_that_says_so(
    place: Place, tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    shutil.copytree(place.store, tmp_path / "store")
    harm(tmp_path / "store")
    assert said in lexlip(*place.search("--query", "a red dog", "--late", tmp_path / "store")).error
    run = place.search("--topics", place.root / "topics.tsv", "--output", tmp_path / "run.txt")
    assert said in lexlip(*run, "--late", tmp_path / "store").error
    assert not (tmp_path / "run.txt").exists()


def test_options_of_patches_without_a_store_are_refused(place: Place, tmp_path: Path) -> None:
    asked = ("encode", "images", place.root / "photos", tmp_path / "c", "--model", place.model)
    for option in (("--patch-code", "int8"), ("--patch-clusters", 0)):
        assert "belong to --patches STORE" in lexlip(*asked, *option).error
    assert list(tmp_path.iterdir()) == []


def test_a_store_that_lacks_a_hit_names_it(place: Place) -> None:
    lacking = place.root / "lacking"
    asked = ("encode", "images", place.root / "photos", place.root / "c2", "--model", place.model)
    done(*asked, "--patches", lacking)
    first = hits_in(done(*place.search("--query", "a red dog", "-k", 1)))[0]
    without(PatchStore.open(lacking), [first.docid]).close()
    assert f"lacks {first.docid!r}" in lexlip(*place.search("--query", "a red dog", "--late", lacking)).error


def test_tuning_chooses_a_number_of_hits_and_a_mix_and_says_how_to_search_so(place: Place, tmp_path: Path) -> None:
    asked = ("tune", place.index, "--topics", place.root / "topics.tsv", "--model", place.model, "--late", place.store)
    record = done(*asked, "--qrels", place.root / "qrels.txt", "--output", tmp_path / "tuned")
    assert record["topics"] == 4 and record["chosen"] in record["settings"]
    assert [one["hits"] for one in record["settings"]] == [10, 20, 50, 100, 200]
    assert {path.name for path in (tmp_path / "tuned").iterdir()} == {
        *("recall-hits.png", "recall-hits.svg", "tune.json", "tune.md")
    }
    assert orjson.loads((tmp_path / "tuned" / "tune.json").read_bytes())["chosen"] == record["chosen"]
    assert f"--rerank {record['chosen']['hits']} --mix {record['chosen']['mix']:g}" in record["command"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--qrels", "qrels.txt"], "--qrels and --rerank belong to --late"),
        (["--late", "patches"], "give --topics, --model and --qrels"),
        (["--late", "patches", "--qrels", "qrels.txt", "--rerank", 0], "--rerank must be at least 1"),
        (["--late", "patches", "--qrels", "others.txt"], "they share none"),
    ],
)
def test_tuning_with_a_wrong_option_is_refused(place: Place, tmp_path: Path, options: list[object], said: str) -> None:
    (place.root / "others.txt").write_text("other 0 00 1\n")
    asked = ("tune", place.index, "--topics", place.root / "topics.tsv", "--model", place.model)
    named = [place.root / str(one) if "." in str(one) or one == "patches" else one for one in options]
    assert said in lexlip(*asked, *named, "--output", tmp_path / "tuned").error


def explained(place: Place, *more: object) -> tuple[object, ...]:
    docid = hits_in(done(*place.search("--query", "a red dog", "-k", 1)))[0].docid
    asked = ("explain", place.index, "--query", "a red dog", "--docid", docid, "--model", place.model)
    return (*asked, "--images", place.root / "photos", *more)


def test_late_maps_are_drawn_of_all_words_of_the_query(place: Place, tmp_path: Path) -> None:
    record = done(*explained(place, "--maps", tmp_path / "maps.png", "--late"))
    assert {each["token"] for each in record["maps"]["tokens"]} == {"a", "red", "dog"}
    assert (tmp_path / "maps.png").stat().st_size > 1000
    assert "give --maps, --images and --model with it" in lexlip(*explained(place)[:-2], "--late").error


def test_late_maps_are_as_the_query_has_its_tokens_beside_those_of_max_pooling(place: Place, tmp_path: Path) -> None:
    record = done(*explained(place, "--maps", tmp_path / "both.png", "--late"))
    both = record["maps"]
    plain = done(*explained(place, "--maps", tmp_path / "plain.png"))["maps"]
    assert [each["token"] for each in both["tokens"]] == [each["token"] for each in both["max_pool"]]
    with Image.open(place.root / "photos" / record["docid"]) as picture:
        tokens = [each["token"] for each in both["tokens"]]
        expected = late_maps(LexLip.from_pretrained(place.model), picture, tokens, texts=["a red dog"])
    assert [each["weights"] for each in both["tokens"]] == [each.weights.tolist() for each in expected]
    pooled = {each["token"]: each for each in both["max_pool"]}
    assert all(pooled[each["token"]] == each for each in plain["tokens"]) and "max_pool" not in plain
    with Image.open(tmp_path / "both.png") as sheet:
        assert sheet.size[0] == 12 + 4 * 236  # the picture, a gap, and three pairs, four in a row
        high = (sheet.size[1] - 12) // 2
        corners = [(12 + 236 * column, 12 + high * row) for row in (0, 1) for column in range(4)]
        shown = [sheet.crop((x, y, x + 224, y + 168)).tobytes() for x, y in corners]
        assert len(set(shown)) == 8 and shown[1] == Image.new("RGB", (224, 168), "white").tobytes()


def test_a_label_lights_the_places_that_are_most_like_it(place: Place, tmp_path: Path) -> None:
    asked = explained(place, "--maps", tmp_path / "maps.png", "--late", "--label", "red dog")
    record = done(*asked)
    docid, label = record["docid"], record["maps"]["label"]
    with Image.open(place.root / "photos" / docid) as picture:
        found = label_alignment(LexLip.from_pretrained(place.model), picture, "red dog")
    assert label["prompt"] == "a photo of a red dog." and label["tokens"] == ["a", "a", "red", "dog"]
    assert label["places"] == found.words and label["lit"] == found.lit.tolist()
    text = lexlip(*asked, "--force").out
    assert f"{found.lit.sum()} of 4 places are most like 'red dog' in 'a photo of a red dog.'" in text
    with Image.open(tmp_path / "maps.png") as sheet, Image.open(place.root / "photos" / docid) as picture:
        beside = sheet.crop((12 + 236, 12, 12 + 236 + 224, 12 + 168))
        assert beside.tobytes() == alignment_overlay(enlarged(picture.convert("RGB")), found).tobytes()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--label", "dog"], "--label lights places by the model's patch vectors: give --late with it"),
        (["--late", "--label", "zebra"], "has a vector for none of 'zebra'"),
    ],
)
def test_a_label_that_can_not_be_lit_is_refused(place: Place, tmp_path: Path, options: list[object], said: str) -> None:
    assert said in lexlip(*explained(place, "--maps", tmp_path / "maps.png", *options)).error
    assert list(tmp_path.iterdir()) == []
