"""Text and picture queries on one index of photos and mixes: shards, states, times, and the whole run."""

from pathlib import Path

import numpy as np
import orjson
import pytest
import torch
from support import tiny
from support.halves import draw, write

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import load_square, normalise
from lexlip_lucene.errors import ModelError, SearchError
from lexlip_lucene.experiments.engine.query_times import timed_queries
from lexlip_lucene.experiments.visual.dense_pictures import DensePictures, byte_coded
from lexlip_lucene.experiments.visual.encoded.joint_documents import states_of
from lexlip_lucene.experiments.visual.joint_index import require_same_hits
from lexlip_lucene.experiments.visual.joint_shards import read_shards, read_tokens, write_shard, write_tokens
from lexlip_lucene.experiments.visual.scale import main
from lexlip_lucene.experiments.visual.vector_mixes import with_mixes
from lexlip_lucene.late.whole_reranker import WholeReranker
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.recipes.ladder_recipe import HnswSpec
from lexlip_lucene.recipes.model_spec import ViewSpec
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.records import Hit
from lexlip_lucene.training.visual.visual_words import add_visual, train_visual

GLOBAL = tiny.VIT.model_copy(update={"global_state": True, "grid": 1})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and a model with visual words."""
    folder = tmp_path_factory.mktemp("scale")
    lines = draw(folder)
    write(folder, [*lines[8:], *({**line, "split": "val"} for line in lines[:8])])
    torch.manual_seed(0)
    tiny.lexlip(GLOBAL).save_pretrained(folder / "plain")
    model = LexLip.from_pretrained(folder / "plain")
    images = read_captions(folder / "captions.jsonl", split="train")
    recipe = VisualRecipe(size=24, steps=2, width=8, keep=12)
    add_visual(model, train_visual(model, images, recipe), folder / "model")
    return folder


def test_both_indexes_are_measured_at_every_number_of_documents(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = ["--documents", "20", "12", "--repeats", "1", "--timed", "4", "--heaviest", "4", "--dense", "flat", "HNSW"]
    main([str(folder / "model"), str(folder / "captions.jsonl"), "--output", str(folder / "out"), *given])
    small, large = [orjson.loads(line) for line in (folder / "out" / "rungs.jsonl").read_bytes().splitlines()]
    assert (small["documents"], large["documents"]) == (12, 20)
    assert large["joint_bytes"] > large["words_bytes"]
    ways = ["looks", "words", "both", "looks, then exact", "looks, 4 heaviest", "dense, flat", "dense, HNSW"]
    assert list(large["recall"]) == ways
    assert list(large["times"]) == ["text", "text, words only in the index", *ways]
    assert "| looks, then exact |" in capsys.readouterr().out


def test_states_of_places_are_those_of_the_tower(folder: Path) -> None:
    model = LexLip.from_pretrained(folder / "plain")
    pixels = torch.stack([load_square(folder / f"{number}.png", tiny.SIZE) for number in range(3)])
    with torch.inference_mode():
        seen = model.image.tower.seen(normalise(pixels, model.config.image))
        torch.testing.assert_close(states_of(model.config.image, seen.places), seen.states)


def test_places_do_not_show_further_views() -> None:
    spec = tiny.VIT.model_copy(update={"views": (ViewSpec(size=16),)})
    with pytest.raises(ModelError, match=r"take a model without image\.views"):
        states_of(spec, torch.zeros(1, 4, 32))


def test_shards_give_back_vectors_ids_and_codes(tmp_path: Path) -> None:
    tokens = ["dog", "cat", "v00000", "v00001"]
    write_tokens(tmp_path, tokens, ["photo"])
    write_shard(tmp_path, 0, [{"v00001": 5, "dog": 7}, {}], tokens, np.array([[1], [2]], dtype=np.uint8))
    write_shard(tmp_path, 1, [{"cat": 1}, {"dog": 2}], tokens, np.array([[3], [4]], dtype=np.uint8))
    assert read_tokens(tmp_path) == (tokens, 2)
    first, second = read_shards(tmp_path)
    assert (first.ids, second.first(1).ids) == (["photo", "mix0000001"], ["mix0000002"])
    assert first.matrix.toarray().tolist() == [[7, 0, 0, 5], [0, 0, 0, 0]]
    assert second.words_only(2).toarray().tolist() == [[0, 1], [2, 0]]
    assert second.first(1).vectors.tolist() == [[3]]


def test_mixes_lie_between_two_vectors_and_keep_as_many_tokens(tmp_path: Path) -> None:
    tokens = ["dog", "cat", "red", "v00000", "v00001", "v00002"]
    vectors = [{"dog": 200, "cat": 10, "v00000": 90}, {"red": 100, "v00001": 50}, {"cat": 40, "v00002": 70}]
    write_tokens(tmp_path, tokens, [])
    write_shard(tmp_path, 0, vectors, tokens, np.arange(3, dtype=np.uint8)[:, None])
    shards = list(with_mixes(list(read_shards(tmp_path)), 3, 500))
    ids = [id for shard in shards for id in shard.ids]
    assert ids == [f"mix{number:07d}" for number in range(500)]
    assert all(shard.matrix.has_sorted_indices for shard in shards)
    every = np.concatenate([shard.matrix.toarray() for shard in shards])
    own = every[:3]
    assert own.tolist() == [[vector.get(token, 0) for token in tokens] for vector in vectors]
    for row in every[3:]:
        assert np.count_nonzero(row[:3]) <= 2 and np.count_nonzero(row[3:]) == 1
        between = [
            (one, two)
            for one in own
            for two in own
            if all(min(a, b) - 1 <= value <= max(a, b) or value == 0 for a, b, value in zip(one, two, row, strict=True))
        ]
        assert between, "it is a mix of two of them, cut to the heaviest"
    assert shards[0].first(2).ids == ids[:2]


def test_a_text_with_other_hits_in_the_joint_index_fails_the_run(tmp_path: Path) -> None:
    from scipy.sparse import csr_array

    for name, impact in (("one", 3), ("same", 3), ("other", 4)):
        with ImpactIndex.create(tmp_path / name) as index:
            index.add(["d"], csr_array([[impact]]), ["dog"])
    with ImpactSearcher(tmp_path / "one") as one, ImpactSearcher(tmp_path / "same") as same:
        assert require_same_hits(one, same, [{"dog": 2}, {"cat": 1}]) == 1
        with ImpactSearcher(tmp_path / "other") as other, pytest.raises(SearchError, match="text 0 has other hits"):
            require_same_hits(other, one, [{"dog": 2}])


def test_the_second_stage_orders_hits_by_their_cosine() -> None:
    pictures = DensePictures(["a", "b", "c"], byte_coded(np.array([[0.6, 0.8], [1, 0], [0, 1]], dtype=np.float32)))
    found = WholeReranker(pictures).rerank(np.array([0, 1], dtype=np.float32), [Hit("b", 9, 1), Hit("a", 8, 2)])
    assert [(hit.docid, hit.score) for hit in found] == [("a", pytest.approx(0.8, abs=0.01)), ("b", 0)]
    assert (pictures.width, pictures.bytes) == (2, 4)


def test_faiss_finds_the_nearest_of_the_same_vectors() -> None:
    vectors = np.random.default_rng(0).standard_normal((50, 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    pictures = DensePictures([f"{row}" for row in range(50)], byte_coded(vectors))
    for hnsw in (None, HnswSpec()):
        assert [hit.docid for hit in pictures.found(pictures.faiss(hnsw), vectors[7], 1)] == ["7"]


def test_every_way_answers_every_query_once_a_repeat_and_once_before() -> None:
    asked: dict[str, list[int]] = {"a": [], "b": []}
    times = timed_queries({name: numbers.append for name, numbers in asked.items()}, 3, 2)
    assert asked == {"a": [0, 1, 2] * 3, "b": [0, 1, 2] * 3}
    assert all(each.p99 >= each.median >= 0 for each in times.values())
