"""A tagger trained from its recipe: the same every time, chosen on posts kept aside, honest about its pictures."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from support import taggers

from lexlip_lucene.data.entities.tagged_posts import TaggedPost
from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger
from lexlip_lucene.errors import InputError, ModelError, OutputError, RecipeError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.tagger_recipe import PostsRecipe, TaggerRecipe, is_tagger_recipe
from lexlip_lucene.training.tagger.tagged_data import PostSet, keep_aside
from lexlip_lucene.training.tagger.train_tagger import train_tagger

TOP = Path(__file__).resolve().parents[2]
RECIPES = sorted(TOP.glob("encode/*-tagger.yaml"))


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("posts") / "posts"
    taggers.write_posts(folder)
    taggers.write_recipe(folder)
    return folder


def recipe(posts: Path, *overrides: str) -> TaggerRecipe:
    return read_recipe(posts / "tagger.yaml", TaggerRecipe, overrides)


@pytest.mark.parametrize("path", RECIPES, ids=lambda path: path.stem)
def test_every_shipped_tagger_recipe_is_right(path: Path) -> None:
    read = read_recipe(path, TaggerRecipe)
    assert is_tagger_recipe(path) and read.name == path.stem and read.about


def test_an_encoder_recipe_is_no_tagger_recipe() -> None:
    assert len(RECIPES) == 3
    assert not is_tagger_recipe(TOP / "encode" / "scenes.yaml") and not is_tagger_recipe(TOP / "missing.yaml")
    with pytest.raises(RecipeError):
        read_recipe(RECIPES[0], EncoderRecipe)


def test_the_same_recipe_gives_the_same_tagger(posts: Path, tmp_path: Path) -> None:
    reports = [train_tagger(recipe(posts), tmp_path / name) for name in ("one", "other")]
    weights = [load_file(tmp_path / name / "model.safetensors") for name in ("one", "other")]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    first, second = (report._replace(seconds=0) for report in reports)
    assert first == second and first.posts == 32 and first.aside == 8 and first.missing == 0
    other = train_tagger(recipe(posts, "training.seed=1"), tmp_path / "third")
    assert not torch.equal(load_file(tmp_path / "third" / "model.safetensors")["crf.end"], weights[0]["crf.end"])
    assert other.valid is not None


def test_pictures_decide_what_words_can_t(posts: Path, tmp_path: Path) -> None:
    overrides = ["training.epochs=20", "training.learning_rate=5e-3", "training.encoder_rate=1", "training.swapped=0"]
    report = train_tagger(recipe(posts, *overrides), tmp_path / "tagger")
    assert report.valid is not None and report.valid.f1 > 0.9
    tagger = EntityTagger.from_pretrained(tmp_path / "tagger")
    seen = {type: tagger.tag("two red dog run", taggers.picture(rgb)) for type, rgb in taggers.COLOURS.items()}
    assert {type: [(one.text, one.type) for one in found] for type, found in seen.items()} == {
        "PER": [("dog", "PER")],
        "LOC": [("dog", "LOC")],
    }


def test_missing_and_broken_pictures_are_counted_and_their_posts_read_as_texts(posts: Path, tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for path in sorted((posts / "images").iterdir())[1:]:
        (images / path.name).write_bytes(path.read_bytes())
    (images / "001.png").write_bytes(b"no picture")
    report = train_tagger(recipe(posts, f"data.images={images}"), tmp_path / "tagger")
    assert (report.missing, report.unreadable) == (1, 1)


def test_a_frozen_tower_is_kept_and_gives_the_states_of_the_cache(posts: Path, tmp_path: Path) -> None:
    frozen = recipe(posts, "image.frozen=true", "training.epochs=1")
    first = train_tagger(frozen, tmp_path / "one", cache=tmp_path / "states")
    assert len(list((tmp_path / "states").glob("states-*.safetensors"))) == 2, "of train and of valid"
    second = train_tagger(frozen, tmp_path / "other", cache=tmp_path / "states")
    assert first.dev == second.dev
    longer = train_tagger(recipe(posts, "image.frozen=true"), tmp_path / "longer", cache=tmp_path / "states")
    assert longer.steps > first.steps
    towers = [
        {name: tensor for name, tensor in load_file(tmp_path / run / "model.safetensors").items() if "tower" in name}
        for run in ("one", "longer")
    ]
    assert towers[0] and all(torch.equal(tensor, towers[1][name]) for name, tensor in towers[0].items())


def test_a_tagger_of_texts_needs_no_picture(posts: Path, tmp_path: Path) -> None:
    overrides = ["image=null", "data.images=null", "training.average=0.9", "training.word_dropout=0.1"]
    report = train_tagger(recipe(posts, *overrides), tmp_path / "tagger")
    assert report.valid is not None
    assert json.loads((tmp_path / "tagger" / "config.json").read_bytes())["image"] is None
    with pytest.raises(ModelError):
        EntityTagger.from_pretrained(tmp_path / "tagger").match_probability("dog", taggers.picture())


def test_what_can_t_be_trained_is_refused(posts: Path, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no image tower"):
        recipe(posts, "image=null")
    with pytest.raises(InputError, match="keep_aside"):
        train_tagger(recipe(posts, "data.keep_aside=40"), tmp_path / "tagger")
    (tmp_path / "plain.txt").write_text("dog\tO\n\nrun\tO\n\ncat\tO\n", encoding="utf-8")
    with pytest.raises(InputError, match="no entity"):
        train_tagger(recipe(posts, f"data.train={tmp_path / 'plain.txt'}", "data.keep_aside=1"), tmp_path / "tagger")
    (tmp_path / "there").mkdir()
    with pytest.raises(OutputError, match="exists already"):
        train_tagger(recipe(posts), tmp_path / "there")


def test_posts_of_one_picture_are_on_one_side() -> None:
    whole = [TaggedPost(("dog",), ("O",), str(number // 3), "") for number in range(30)]
    recipe = PostsRecipe(train=Path("train.txt"), keep_aside=10)
    learned, aside = keep_aside(PostSet(whole, [None] * 30, 0), recipe, 0)
    assert sorted(learned + aside) == list(range(30)) and len(aside) == 12
    assert not {whole[at].picture for at in learned} & {whole[at].picture for at in aside}
