"""Search among dense vectors, and the dense twin's experiment and recipe, which need no Lucene."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support import halves, tiny
from torch import Tensor

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encode.embedding import embed_images, embed_texts
from lexlip_lucene.encoders.model.pixels import load_square
from lexlip_lucene.errors import InputError, ModelError, RecipeError
from lexlip_lucene.evaluate.dense_search import Embeddings, dense_run, read_embeddings, write_embeddings
from lexlip_lucene.experiments.one_system import run_dense
from lexlip_lucene.experiments.recipe_run import run_recipe
from lexlip_lucene.progress import SILENT
from lexlip_lucene.records import Hit, Topic

# --- search ------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(st.integers(1, 30), st.integers(1, 5), st.integers(1, 35), st.integers(0, 999))
def test_a_search_is_the_exact_ranking_with_ties_to_the_smaller_docid(n: int, width: int, k: int, seed: int) -> None:
    chance = np.random.default_rng(seed)
    ids = [f"é{number}" if number % 2 else f"d{number}" for number in chance.permutation(n)]
    vectors = chance.integers(-2, 3, (n, width)).astype(np.float32)  # small integers: many ties, exact products
    queries = {f"q{number}": chance.integers(-2, 3, width).astype(np.float32) for number in range(70)}
    found = dense_run(queries, Embeddings(ids, vectors), k)
    for qid, query in queries.items():
        scored = [
            (-sum(float(a) * float(b) for a, b in zip(query, row, strict=True)), name.encode(), name)
            for name, row in zip(ids, vectors, strict=True)
        ]
        wanted = [Hit(name, -score, rank) for rank, (score, _, name) in enumerate(sorted(scored)[:k], start=1)]
        assert found[qid] == (wanted if query.any() else [])


def test_equal_vectors_tie_wherever_they_stand() -> None:
    chance = np.random.default_rng(0)
    vector = chance.normal(size=97).astype(np.float32)
    run = dense_run(
        {"q": chance.normal(size=97)}, Embeddings([f"{n:03}" for n in range(300)], np.tile(vector, (300, 1))), 300
    )
    assert [hit.docid for hit in run["q"]] == [f"{n:03}" for n in range(300)]


def test_what_can_not_be_searched_is_refused() -> None:
    two = np.ones((2, 3), dtype=np.float32)
    for ids in (["a", "a"], ["a"]):
        with pytest.raises(InputError, match="documents need ids of their own, one a vector"):
            dense_run({}, Embeddings(ids, two), 1)
    with pytest.raises(InputError, match="need one width, got 4 and 3"):
        dense_run({"q": np.ones(4)}, Embeddings(["a", "b"], two), 1)
    with pytest.raises(InputError, match="number of hits must be at least 1"):
        dense_run({"q": np.ones(3)}, Embeddings(["a", "b"], two), 0)


def test_embeddings_outlive_a_file(tmp_path: Path) -> None:
    made = Embeddings(["é", "b c"], np.arange(6, dtype=np.float32).reshape(2, 3))
    write_embeddings(tmp_path / "index", made)
    ids, vectors = read_embeddings(tmp_path / "index")
    assert ids == made.ids and np.array_equal(vectors, made.vectors)
    (tmp_path / "index" / "vectors.npy").write_bytes(b"no array")
    for folder in (tmp_path / "index", tmp_path / "gone"):
        with pytest.raises(InputError, match=r"a folder with ids.json and vectors.npy is needed"):
            read_embeddings(folder)


# --- the experiment ----------------------------------------------------------------------------------------------


@pytest.fixture
def images(tmp_path: Path) -> list[CaptionedImage]:
    """Six pictures, the fourth broken, with two captions each."""
    chance, made = np.random.default_rng(1), []
    for number in range(6):
        path = tmp_path / f"{number}.png"
        Image.fromarray(chance.integers(0, 256, (32, 32, 3), dtype=np.uint8)).save(path)
        made.append(CaptionedImage(f"i{number}", path, "val", (f"a {tiny.WORDS[number]}", "two dog"), f"file:{number}"))
    made[3].path.write_bytes(b"no picture")
    return made


@torch.inference_mode()
def test_embedding_keeps_the_order_and_leaves_out_what_can_not_be_read(images: list[CaptionedImage]) -> None:
    model = tiny.lexlip(dense_width=8)
    ids, vectors = embed_images(model, images)
    assert ids == ["i0", "i1", "i2", "i4", "i5"]
    picture = load_square(images[4].path, tiny.SIZE)
    assert isinstance(picture, Tensor)
    np.testing.assert_allclose(
        vectors[3], model.image_embeddings(picture[None])[0].numpy(), atol=1e-2
    )  # maybe bfloat16
    found = embed_texts(model, [Topic("t", "a dog"), Topic("u", "cat")])
    assert found.ids == ["t", "u"] and found.vectors.shape == (2, 8)
    with pytest.raises(InputError, match="not one of 1 pictures could be read"):
        embed_images(model, images[3:4])


@pytest.mark.parametrize("direction", ["t2i", "i2t"])
def test_a_dense_experiment_searches_in_both_directions(
    tmp_path: Path, images: list[CaptionedImage], direction: str
) -> None:
    model = tiny.lexlip(dense_width=8)
    model.save_pretrained(tmp_path / "model")
    found = run_dense(
        tmp_path / "model",
        images,
        tmp_path / "run",
        direction=direction,
        held_out=0,
        k=100,
        progress=SILENT,
    )
    pictures = embed_images(model, images)
    captions = [(f"i{n}#{c}", text) for n, image in enumerate(images) for c, text in enumerate(image.captions)]
    texts = embed_texts(model, [Topic(*pair) for pair in captions])
    scores = texts.vectors.astype(np.float64) @ pictures.vectors.astype(np.float64).T
    if direction == "t2i":
        assert set(found.run) == {qid for qid, _ in captions} and found.documents == 5
        assert found.run["i5#0"][0].docid == pictures.ids[int(scores[texts.ids.index("i5#0")].argmax())]
    else:
        assert set(found.run) == {f"{name}#img" for name in pictures.ids} and found.documents == 12
        best = texts.ids[int(scores[:, pictures.ids.index("i5")].argmax())]
        assert found.run["i5#img"][0].score == pytest.approx(scores[texts.ids.index(best), 4])
    assert found.index_bytes > 8 * 4 * found.documents
    assert 0 <= found.figures["R@1"] <= found.figures["R@10"] <= 1


def bench_recipe(home: Path, **training: object) -> Path:
    """Return an index recipe over `halves`, whose encoder has the given part `training`."""
    encoder = halves.recipe_of(halves.write(home, halves.draw(home)))
    values = encoder.model_dump(mode="json")
    values["training"] = {"epochs": 1, "batch_size": 8, "learning_rate": 1e-3, "evaluations": 1, **training}
    (home / "encoder.yaml").write_text(yaml.safe_dump(values))
    recipe = {"name": "twin", "system": "dense", "captions": "captions.jsonl", "encoder": "encoder.yaml", "k": 5}
    (home / "twin.yaml").write_text(yaml.safe_dump(recipe))
    return home / "twin.yaml"


def test_a_recipe_of_the_dense_twin_is_run_and_kept(tmp_path: Path) -> None:
    path = bench_recipe(tmp_path, dense={"width": 8})
    first = run_recipe(path, [], device="cpu", progress=SILENT)
    assert first.topics == 2 * halves.IMAGES and first.index_bytes > 8 * 4 * halves.IMAGES
    vectors = tmp_path / "twin" / "index" / "vectors.npy"
    built = vectors.stat().st_mtime_ns
    (tmp_path / "twin" / "run.txt").unlink()
    assert run_recipe(path, [], device="cpu", progress=SILENT) == first
    assert vectors.stat().st_mtime_ns == built, "searched again, not built again"


def test_a_recipe_of_a_model_without_a_twin_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="model tiny has no dense twin"):
        run_recipe(bench_recipe(tmp_path), [], device="cpu", progress=SILENT)


@pytest.mark.parametrize(("setting", "message"), [("bits=8", "neither bits nor top_k"), ("encoder=null", "an encoder")])
def test_a_dense_recipe_takes_no_quantisation_and_needs_an_encoder(tmp_path: Path, setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=f"system dense .*{message}"):
        run_recipe(bench_recipe(tmp_path), [setting], device="cpu", progress=SILENT)
