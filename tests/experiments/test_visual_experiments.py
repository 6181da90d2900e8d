"""The measurements of visual words, on pictures small enough for a test."""

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml
from PIL import Image
from support import tiny
from support.halves import draw, recipe_of, write

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encoders.visual.visual_lexicon import Provenance, completed
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.pairs.runs import Runs
from lexlip_lucene.experiments.visual.alterations import ALTERATIONS, altered, chance_of, window
from lexlip_lucene.experiments.visual.caption_likeness import CaptionLikeness
from lexlip_lucene.experiments.visual.encoded.coded import impacts_of, with_one_fit
from lexlip_lucene.experiments.visual.encoded.places import KeptPlaces, tower_of
from lexlip_lucene.experiments.visual.figures import PLAIN, figures_of
from lexlip_lucene.experiments.visual.photos import photos_of
from lexlip_lucene.experiments.visual.report import table
from lexlip_lucene.experiments.visual.table import CODES, main, rows_of
from lexlip_lucene.experiments.visual.whole_pictures import nearest, whole_pictures
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.records import Hit
from lexlip_lucene.training.visual.visual_words import fitted
from lexlip_lucene.vectors.collection import read_collection

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos of a training split and of `val`, and the table of two codes over them."""
    folder = tmp_path_factory.mktemp("visual")
    lines = draw(folder)
    write(folder, [*lines[8:], *({**line, "split": "val"} for line in lines[:8])])
    recipe = recipe_of(folder, image={**tiny.VIT.model_dump(), "frozen": True})
    (folder / "recipe.yaml").write_text(yaml.safe_dump(recipe.model_dump(mode="json")), encoding="utf-8")
    run(folder)
    return folder


def run(folder: Path) -> None:
    rows = ["--codes", "rotated, keep 64", "--code", "code=k-means,size=8,per_place=2", "--code", "size=16,steps=2"]
    main([str(folder / "recipe.yaml"), "--output", str(folder / "out"), "--seeds", "2", *rows])


def records(folder: Path) -> list[dict[str, object]]:
    return Runs(folder / "out" / "runs.jsonl").done


@pytest.mark.parametrize("alteration", ALTERATIONS)
def test_a_copy_depends_on_the_picture_s_id_only(alteration: str) -> None:
    first, again, other = (altered(NOISE, id, alteration) for id in ("a", "a", "b"))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_window_has_its_share_of_the_area_and_lies_in_the_picture() -> None:
    cut = window(NOISE, 0.25, chance_of("a", "crop"))
    assert cut.size == (30, 20)
    whole, part = np.asarray(NOISE), np.asarray(cut)
    places = [(y, x) for y in range(21) for x in range(31) if np.array_equal(whole[y : y + 20, x : x + 30], part)]
    assert len(places) == 1


def test_a_hard_copy_is_mirrored() -> None:
    """A picture dark on the left is dark on the right afterwards, wherever the window lies."""
    ramp = Image.fromarray(np.tile(np.arange(0, 240, 2, dtype=np.uint8), (80, 1))).convert("RGB")
    for id in "abcd":
        columns = np.asarray(altered(ramp, id, "hard"), dtype=float).mean(axis=(0, 2))
        assert columns[0] > columns[-1]


def test_caption_likeness_is_a_cosine_of_words() -> None:
    """Hand-computed: "a" is in both training captions (idf 1), "dog" and "cat" in one (ln 1.5 + 1)."""
    train = [image("1", "a dog"), image("2", "a cat")]
    likeness = CaptionLikeness([image("q", "a dog")], train)
    rare = np.log(3 / 2) + 1
    other = 1 / (1 + rare**2)
    assert likeness.random == pytest.approx((1 + other) / 2)
    assert likeness.most(1) == pytest.approx(1)
    assert likeness.of_neighbours({"q": ["x", "2", "1"]}, 1) == pytest.approx(other), "x is none of the others"
    assert likeness.of_neighbours({"q": ["1"]}, 2) == pytest.approx(1 / 2), "one that was not found counts 0"


def image(id: str, *captions: str) -> CaptionedImage:
    return CaptionedImage(id, Path(f"{id}.png"), "train", captions)


def test_the_nearest_are_those_of_a_full_sort() -> None:
    chance = np.random.default_rng(2)
    queries, documents = (chance.standard_normal((n, 6)).astype(np.float32) for n in (3, 20))
    ids = [f"{n:02}" for n in range(20)]
    for query, hits in zip(queries, nearest(queries, documents, ids, 4), strict=True):
        assert [hit.docid for hit in hits] == [ids[row] for row in np.argsort(-(documents @ query))[:4]]
    assert len(nearest(queries, documents, ids, 99)[0]) == 20


def test_figures_leave_the_photo_itself_out() -> None:
    likeness = CaptionLikeness([image("p", "red")], [image("x", "red"), image("y", "blue")])
    hits = [Hit("p", 9, 1), Hit("x", 8, 2), Hit("y", 7, 3)]
    figures = figures_of({PLAIN: {"p": hits}, "crop": {"p": hits[1:]}}, likeness, {"p": ["x", "y"]}, shortlist=1)
    assert figures.shortlisted == 0.5, "x is the first hit without the photo itself; y is beyond the shortlist"
    assert figures.recall == {"crop": {"R@1": 0.0, "R@10": 0.0}}
    assert figures.likeness == pytest.approx(0.1), "one of ten neighbours has the word"


def test_each_row_and_seed_has_one_record_and_its_sizes(folder: Path) -> None:
    found = [(run["row"], run["seed"]) for run in records(folder) if run["kind"] == "code"]
    rows = ["rotated, keep 64", "code=k-means, size=8, per_place=2", "size=16, steps=2"]
    assert sorted(found) == sorted((row, seed) for row in rows for seed in range(2))
    for run in records(folder):
        if run["kind"] == "code":
            documents = list(read_collection(folder / "out" / folder_of(run) / "documents"))
            assert len(documents) == 40
            assert run["postings"] == sum(len(document.vector) for document in documents) / 40
            assert 0 < run["own_bytes"] < run["bytes"]
            assert run["recall"].keys() == set(ALTERATIONS)


def folder_of(run: dict[str, object]) -> str:
    return f"{str(run['row']).replace(', ', '-').replace(' ', '-')}-{run['seed']}"


def test_dense_search_finds_photos_as_they_are_and_all_its_own_neighbours(folder: Path) -> None:
    (dense,) = [run for run in records(folder) if run["kind"] == "dense"]
    assert (dense["documents"], dense["queries"], dense["bytes"]) == (40, 8, 4 * 32)
    assert dense["shortlisted"] == 1


def test_rows_that_have_ended_are_not_done_again(folder: Path) -> None:
    before = (folder / "out" / "runs.jsonl").read_bytes()
    run(folder)
    assert (folder / "out" / "runs.jsonl").read_bytes() == before


def test_the_table_has_means_and_spreads(folder: Path) -> None:
    (dense,) = [run for run in records(folder) if run["kind"] == "dense"]
    one = next(run for run in records(folder) if run["kind"] == "code")
    recall = {"crop": {"R@1": 0.9, "R@10": 1.0}, "hard": {"R@1": 0.5, "R@10": 0.7}}
    more = {**recall, "crop": {"R@1": 1.0, "R@10": 1.0}}
    text = table([dense, {**one, "recall": recall}, {**one, "recall": more}])
    assert "| 95.0 ± 7.1 | 50.0 ± 0.0 | 70.0 ± 0.0 |" in text
    assert "| dense cosine, 32 floats | | 128 |" in text
    assert "8 photos search 40." in text


def test_photos_kept_aside_are_not_fitted_on(folder: Path) -> None:
    recipe = read_recipe(folder / "recipe.yaml", EncoderRecipe)
    photos = photos_of(recipe, split="val", aside=8)
    assert {each.split for part in photos for each in part} == {"train"}
    assert (len(photos.searched), len(photos.fitted)) == (8, 24)
    assert not {each.id for each in photos.searched} & {each.id for each in photos.fitted}
    with pytest.raises(InputError, match=r"photos to search and others to fit on are needed, got 32 and 0"):
        photos_of(recipe, split="val", aside=99)


def test_a_picture_that_can_t_be_read_is_named(folder: Path, tmp_path: Path) -> None:
    recipe = read_recipe(folder / "recipe.yaml", EncoderRecipe)
    places = KeptPlaces(tower_of(recipe), tmp_path, altered, SILENT)
    with pytest.raises(InputError, match=r"image 1: No such file .*: leave it out of the captions file"):
        places.of([image("1", "a")])


def test_impacts_of_strengths_are_those_of_places() -> None:
    chance = torch.Generator().manual_seed(3)
    places = torch.rand(40, 4, 12, generator=chance).half()
    for recipe in (
        VisualRecipe(code="auto-encoder", size=20, keep=6, steps=2, width=8),
        VisualRecipe(code="rotated", keep=6),
    ):
        lexicon = fitted(places, recipe, "backbone")
        strengths = torch.cat([lexicon.code.strengths(part.float()) for part in places.split(32)])
        again = completed(recipe.form(), lexicon.code, strengths, Provenance("backbone", 40), with_idf=recipe.idf)
        assert list(impacts_of(again, strengths)) == lexicon.impacts(places)


def test_rows_that_differ_after_the_fit_share_it() -> None:
    rows = rows_of(VisualRecipe(), list(CODES), [], 1)
    groups = [list(group) for group in with_one_fit(rows)]
    assert groups[0] == [f"auto-encoder 8192, keep {keep}" for keep in (152, 128, 96)]
    assert groups[-1] == [f"rotated, keep {keep}" for keep in (64, 128, 176, 320)]
    assert {recipe.seed for recipe in rows.values()} == {1}


def test_an_unknown_row_and_a_wrong_setting_are_named() -> None:
    with pytest.raises(InputError, match=r"codes: .* are known, got 'more'"):
        rows_of(VisualRecipe(), ["more"], [], 0)
    with pytest.raises(RecipeError, match=r"size=many: .*size"):
        rows_of(VisualRecipe(), [], ["size=many"], 0)


def test_whole_pictures_are_means_of_length_one() -> None:
    places = np.array([[[3, 0], [3, 8]], [[0, 0], [0, 0]]], dtype=np.float16)
    assert whole_pictures(places).tolist() == [[pytest.approx(0.6), pytest.approx(0.8)], [0, 0]]
