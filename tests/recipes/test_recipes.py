"""Recipes: YAML to checked values, or an error that says what to do."""

from pathlib import Path

import pytest
import yaml

import lexlip_lucene
from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, TransformerTextRecipe
from lexlip_lucene.recipes.index_recipe import IndexRecipe
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe, is_ladder
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.recipes.settings import contents_of
from lexlip_lucene.recipes.tagger_recipe import is_tagger_recipe

TOP = Path(__file__).resolve().parents[2]
ENCODER_RECIPES = [
    *(path for path in sorted(TOP.glob("encode/*.yaml")) if not is_tagger_recipe(path)),
    Path(lexlip_lucene.__file__).parent / "demo" / "demo.yaml",
]
LADDERS = [path for path in sorted(TOP.glob("indexes/*.yaml")) if is_ladder(path)]
INDEX_RECIPES = [path for path in sorted(TOP.glob("indexes/*.yaml")) if path not in LADDERS]

ENCODER = """
name: tiny
roots: {here: data}
data: {captions: "{here}/captions.jsonl", keep_aside: 5}
vocabulary: {train_size: 200}
image: {backbone: vit, adapter: {width: 16}}
text: {kind: static}
training: {epochs: 1, batch_size: 4, learning_rate: 1.0e-3}
"""
INDEX = """
name: tiny
system: bm25
captions: ../data/captions.jsonl
held_out: 1
"""

LADDER = """
name: tiny
system: ladder
captions: ../data/captions.jsonl
encoder: ../encode/tiny.yaml
rungs: [10]
points: [{top_k: 5}]
"""


def encoder(tmp_path: Path, *overrides: str, text: str = ENCODER) -> EncoderRecipe:
    return read_recipe(written(tmp_path, text), EncoderRecipe, overrides)


def index(tmp_path: Path, *overrides: str, text: str = INDEX) -> IndexRecipe:
    return read_recipe(written(tmp_path, text), IndexRecipe, overrides)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "recipe.yaml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("path", ENCODER_RECIPES, ids=lambda path: path.stem)
def test_every_shipped_encoder_recipe_is_right(path: Path) -> None:
    recipe = read_recipe(path, EncoderRecipe)
    assert recipe.about, "a recipe says where it comes from"
    assert recipe.data.captions.is_absolute()


@pytest.mark.parametrize("path", INDEX_RECIPES, ids=lambda path: path.stem)
def test_every_shipped_index_recipe_is_right(path: Path) -> None:
    recipe = read_recipe(path, IndexRecipe)
    assert recipe.name == path.stem
    for named in [*recipe.fuses, *([recipe.encoder] if recipe.encoder else [])]:
        assert named.is_file(), f"{path.name} names {named}, which is not there"


@pytest.mark.parametrize("path", LADDERS, ids=lambda path: path.stem)
def test_every_shipped_ladder_is_right(path: Path) -> None:
    recipe = read_recipe(path, LadderRecipe)
    assert recipe.name == path.stem and recipe.about
    assert recipe.encoder.is_file()


def test_recipes_are_shipped() -> None:
    assert LADDERS
    assert len(ENCODER_RECIPES) > 1
    assert INDEX_RECIPES


def test_a_path_is_relative_to_the_recipe_whatever_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "encode").mkdir()
    (tmp_path / "elsewhere").mkdir()
    recipe = ENCODER.replace("{here}/captions.jsonl", "../data/captions.jsonl")
    written(tmp_path / "encode", recipe.replace("backbone: vit", "backbone: vit, weights: w.safetensors"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    found = read_recipe(Path("../encode/recipe.yaml"), EncoderRecipe)
    assert found.data.captions.resolve() == tmp_path / "data" / "captions.jsonl"
    assert found.image.weights == tmp_path / "encode" / "w.safetensors"


def test_an_absolute_path_stays(tmp_path: Path) -> None:
    assert index(tmp_path, "captions=/data/captions.jsonl").captions == Path("/data/captions.jsonl")


def test_a_root_is_relative_to_the_recipe_and_moves_relative_to_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe_folder, here = tmp_path / "encode", tmp_path / "here"
    recipe_folder.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    assert encoder(recipe_folder).data.captions == recipe_folder / "data" / "captions.jsonl"
    assert encoder(recipe_folder, "roots.here=photos").data.captions == here / "photos" / "captions.jsonl"
    assert encoder(recipe_folder, f"roots.here={tmp_path}").data.captions == tmp_path / "captions.jsonl"


def test_a_root_reaches_every_text_below_it(tmp_path: Path) -> None:
    recipe = encoder(tmp_path, text=ENCODER + 'about: "{here}/x"\nexpander: {texts: ["{here}", "{here}y"]}\n')
    assert recipe.about == str(tmp_path / "data/x")
    assert recipe.expander is not None
    assert recipe.expander.texts == (tmp_path / "data", tmp_path / "{here}y")


def test_the_names_of_no_file_are_not_taken_for_paths(tmp_path: Path) -> None:
    assert encoder(tmp_path, "image.weights=hub").image.weights == "hub"
    assert encoder(tmp_path).image.weights == "none"


def test_set_overrides_a_key_with_a_value_read_as_yaml(tmp_path: Path) -> None:
    recipe = encoder(
        tmp_path, "training.epochs=3", "image.identity=[a.b, c]", "quantise.top_k=null", "training.learning_rate=2.0e-3"
    )
    assert (recipe.training.epochs, recipe.training.learning_rate) == (3, 0.002)
    assert recipe.image.identity == ("a.b", "c")
    assert recipe.quantise.top_k is None
    assert encoder(tmp_path, "quantise.bits=4").quantise.bits == 4, "a group that the recipe leaves out"
    assert encoder(tmp_path, "about=a=b").about == "a=b"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("training.epochs", "--set needs key=value, got 'training.epochs'"),
        ("=3", "--set needs key=value, got '=3'"),
        ("training.epochs=[", r"--set training.epochs=\[: the value is not YAML"),
        ("name.first=x", "--set name.first=x: name is a value, not a group of keys"),
        ("training.epohcs=3", "unknown key 'training.epohcs': did you mean 'epochs'?"),
        ("training.epochs=many", "training.epochs: .* got 'many'"),
        ("roots=3", "roots must map names to folders, got 3"),
    ],
)
def test_an_override_that_is_not_right_is_named(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        encoder(tmp_path, override)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("epochs: 1", "epohcs: 1", "unknown key 'training.epohcs': did you mean 'epochs'?"),
        ("name: tiny", "nmae: tiny", "unknown key 'nmae': did you mean 'name'?"),
        ("kind: static", "kind: static, token_kep: 1", "unknown key .*token_kep': did you mean 'token_keep'?"),
        ("width: 16", "widht: 16", "unknown key 'image.adapter.widht': did you mean 'width'?"),
        ("name: tiny", "name: tiny\nqqqq: 1", "unknown key 'qqqq': known keys are .*about"),
        ("name: tiny", "about: none", "the key 'name' is missing"),
        ("epochs: 1", "epochs: 0", "training.epochs: Input should be greater than 0, got 0"),
        ("batch_size: 4", "batch_size: 1", "training.batch_size: .* got 1"),
        ("keep_aside: 5", "keep_aside: 0", "data.keep_aside: .* got 0"),
        ("train_size: 200", "train_size: 50", "vocabulary.train_size: .* got 50"),
        ("kind: static", "kind: statik", "'statik' .* 'static', 'transformer'"),
        ("width: 16", "width: 16, layers: 1, heads: 3", "image.adapter: width must be a multiple of heads"),
        ("{here}", "{there}", r"\{there\}/captions.jsonl: no root 'there'; the recipe's roots are \['here'\]"),
        ("roots: {here: data}", "roots: [data]", "roots must map names to folders"),
    ],
)
def test_a_recipe_that_is_not_right_is_named_with_what_to_do(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ENCODER
    with pytest.raises(RecipeError, match=rf"^{tmp_path}/recipe.yaml: .*{message}") as raised:
        encoder(tmp_path, text=ENCODER.replace(old, new))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("text", ["", "- 1", "tiny", "a: [", "\ta: 1"])
def test_what_is_not_a_mapping_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match=r"recipe\.yaml: (not YAML|a recipe is a mapping)"):
        encoder(tmp_path, text=text)


def test_a_recipe_that_is_not_utf_8_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"recipe: no such file: .*gone\.yaml"):
        read_recipe(tmp_path / "gone.yaml", EncoderRecipe)
    (tmp_path / "latin.yaml").write_bytes("name: Käse".encode("latin-1"))
    with pytest.raises(RecipeError, match="not YAML: 'utf-8'"):
        read_recipe(tmp_path / "latin.yaml", EncoderRecipe)


def test_yaml_can_make_no_python_object(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="not YAML"):
        encoder(tmp_path, text="name: !!python/object/apply:os.getcwd []")


def test_what_the_model_keeps_is_in_the_recipe(tmp_path: Path) -> None:
    recipe = encoder(tmp_path, "image.flip=true", "image.size=64")
    spec = recipe.image.spec()
    assert type(spec) is ImageSpec
    assert spec.size == 64
    assert spec == ImageSpec(backbone="vit", size=64, adapter=AdapterSpec(width=16))


def test_a_transformer_keeps_the_architecture_that_was_loaded(tmp_path: Path) -> None:
    text = encoder(tmp_path, "text={kind: transformer, model: bert-base-uncased, max_length: 32}").text
    assert isinstance(text, TransformerTextRecipe)
    assert text.spec({"model_type": "bert"}).architecture == {"model_type": "bert"}
    assert text.spec({}).max_length == 32


def test_a_recipe_does_not_change_after_reading(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        encoder(tmp_path).training.epochs = 3


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (["system=rrf"], "system rrf needs at least two recipes in fuses"),
        (["system=rrf", "fuses=[a.yaml]"], "system rrf needs at least two recipes in fuses"),
        (["system=lexlip"], "system lexlip needs an encoder"),
        (["captions=null"], "system bm25 needs captions"),
        (["held_out=0"], "system bm25 needs direction t2i and held_out of at least 1"),
        (["direction=i2t"], "system bm25 needs direction t2i"),
        (["direction=a2b"], "direction: .* got 'a2b'"),
        (["system=splade"], "system: .* 'lexlip', 'dense', 'bm25' or 'rrf', got 'splade'"),
        (["k=0"], "k: .* got 0"),
        (["bits=17"], "bits: .* got 17"),
        (["top_k=0"], "top_k: .* got 0"),
        (["expect={R@1: {value: 0.2, tolerance: 0.01}}"], "the key 'expect.R@1.source' is missing"),
        (["expect={R@1: {value: 0.2, tolerance: -1, source: here}}"], "expect.R@1.tolerance: .* got -1"),
        (
            ["expect={R@1: {value: 0.2, tolerance: .inf, source: here}}"],
            "expect.R@1.tolerance: .* finite number, got inf",
        ),
        (["expect={R@1: {value: .nan, tolerance: 0.01, source: here}}"], "expect.R@1.value: .* finite number, got nan"),
    ],
)
def test_an_index_recipe_whose_parts_do_not_fit_is_refused(tmp_path: Path, overrides: list[str], message: str) -> None:
    with pytest.raises(RecipeError, match=rf"^{tmp_path}/recipe.yaml: {message}"):
        index(tmp_path, *overrides)


@pytest.mark.parametrize("number", ["inf", "nan"])
@pytest.mark.parametrize(
    ("override", "key"),
    [
        ("distractors.noise=.{}", "distractors.noise"),
        ("distractors.concentration=.{}", "distractors.concentration"),
        ("two_step={{candidates: 5, postings_per_document: .{}}}", "two_step.postings_per_document"),
        ("seismic={{query_cut: 5, heap_factor: .{}}}", "seismic.heap_factor"),
        ("dense.ivfpq={{probed: .{}}}", "dense.ivfpq.probed"),
        ("points=[{{top_k: 5}}, {{top_k: 5, flops: .{}}}]", "points.1.flops"),
    ],
)
def test_a_ladder_takes_only_finite_numbers(tmp_path: Path, number: str, override: str, key: str) -> None:
    with pytest.raises(RecipeError, match=rf"{key}: .* got {number}"):
        read_recipe(written(tmp_path, LADDER), LadderRecipe, [override.format(number)])


def test_gradients_that_are_not_clipped_have_an_infinite_norm(tmp_path: Path) -> None:
    assert encoder(tmp_path, "training.gradient_norm=.inf").training.gradient_norm == float("inf")
    with pytest.raises(RecipeError, match="gradient_norm"):
        encoder(tmp_path, "training.gradient_norm=.nan")


def test_the_paths_of_an_index_recipe_are_relative_to_it(tmp_path: Path) -> None:
    found = index(tmp_path, text=f"{INDEX}encoder: ../encode/e.yaml\nfuses: [a.yaml, sub/b.yaml]\n")
    assert found.captions == tmp_path / "../data/captions.jsonl"
    assert found.encoder == tmp_path / "../encode/e.yaml"
    assert found.fuses == (tmp_path / "a.yaml", tmp_path / "sub/b.yaml")


def test_the_further_captions_of_an_expander_are_relative_to_the_recipe(tmp_path: Path) -> None:
    found = encoder(tmp_path, text=f"{ENCODER}expander: {{texts: ['{{here}}/a.jsonl', b.jsonl.gz]}}\n").expander
    assert found is not None
    assert found.texts == (tmp_path / "data" / "a.jsonl", tmp_path / "b.jsonl.gz")


LADDER = """
name: tiny
roots: {here: data}
system: ladder
captions: "{here}/captions.jsonl"
encoder: e.yaml
distractors: {captions: beside.jsonl, texts: [a.jsonl]}
clip: {model: owner/clip}
rungs: [10]
points: [{top_k: 4}]
"""


def test_a_path_that_an_override_sets_is_relative_to_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe, here = written(tmp_path, LADDER), tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", "/home/me")
    found = read_recipe(
        recipe,
        LadderRecipe,
        [
            "distractors.captions=photos",
            "distractors.texts=[b.jsonl, '{here}/c.jsonl', ~/d.jsonl]",
            "encoder=../e.yaml",
        ],
    )
    assert found.distractors.captions == here / "photos"
    assert found.distractors.texts == (here / "b.jsonl", tmp_path / "data" / "c.jsonl", Path("/home/me/d.jsonl"))
    assert found.encoder.resolve() == tmp_path / "e.yaml"
    assert found.captions == tmp_path / "data" / "captions.jsonl", "what is not overridden stays beside the recipe"
    whole = read_recipe(recipe, LadderRecipe, ["distractors={captions: photos, texts: [b.jsonl]}"])
    assert (whole.distractors.captions, whole.distractors.texts) == (here / "photos", (here / "b.jsonl",))
    none = read_recipe(recipe, LadderRecipe, ["distractors.captions=null", "distractors.split=null"])
    assert none.distractors.captions is None and none.distractors.texts == (tmp_path / "a.jsonl",)


def test_a_path_that_an_override_of_an_encoder_sets_is_relative_to_where_the_command_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    found = encoder(
        tmp_path,
        "data.captions=c.jsonl",
        "vocabulary={wordpieces: vocab.txt}",
        "image.weights=w.safetensors",
        "image.views=[{size: 64, weights: v.safetensors}, {mirrored: true, weights: '{here}/v'}]",
        "expander.texts=[t.jsonl]",
        "training.start=model",
    )
    assert (found.data.captions, found.vocabulary.wordpieces) == (here / "c.jsonl", here / "vocab.txt")
    assert (found.image.weights, found.training.start) == (here / "w.safetensors", here / "model")
    assert [view.weights for view in found.image.views] == [here / "v.safetensors", tmp_path / "data" / "v"]
    assert found.expander is not None and found.expander.texts == (here / "t.jsonl",)


def test_a_root_moves_for_an_override_too_whatever_the_order(tmp_path: Path) -> None:
    found = encoder(tmp_path, "data.captions='{here}/other.jsonl'", f"roots.here={tmp_path / 'moved'}")
    assert found.data.captions == tmp_path / "moved" / "other.jsonl"


def test_an_override_leaves_texts_that_are_no_paths_as_they_are(tmp_path: Path) -> None:
    found = read_recipe(written(tmp_path, LADDER), LadderRecipe, ["clip.model=owner/other", "about=a/b", "split=val"])
    assert found.clip is not None
    assert (found.clip.model, found.about, found.split) == ("owner/other", "a/b", "val")
    model = encoder(tmp_path, "image.weights=hub", "vocabulary.tokenizer=owner/name", "image.identity=[a, b]")
    assert (model.image.weights, model.vocabulary.tokenizer) == ("hub", "owner/name")
    assert model.image.identity == ("a", "b")
    text = encoder(tmp_path, "text={kind: transformer, model: google/bert, max_length: 32}").text
    assert isinstance(text, TransformerTextRecipe) and text.model == "google/bert"


def test_a_recipe_s_own_yaml_gives_it_back(tmp_path: Path) -> None:
    found = encoder(tmp_path)
    assert encoder(tmp_path, text=yaml.safe_dump(found.model_dump(mode="json"))) == found


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("image.ridge={strength: 100}", "ridge needs frozen: true and global_path: true"),
        ("training.distillation={teacher: expander}", "training.distillation.teacher expander needs expander"),
        (
            "image={backbone: vit, adapter: {width: 16}, frozen: true, shift: 4}",
            "shift, brightness and augment need frozen: false",
        ),
    ],
)
def test_an_encoder_recipe_whose_parts_do_not_fit_is_refused(tmp_path: Path, override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        encoder(tmp_path, override)


def test_what_a_recipe_names_is_known_by_its_content(tmp_path: Path) -> None:
    """A model that was trained with other weights or other texts under the same names is not taken for this one's."""
    texts, weights = tmp_path / "texts.jsonl", tmp_path / "w.safetensors"
    texts.write_text("a")
    weights.write_text("b")
    text = (
        ENCODER.replace("backbone: vit", "backbone: vit, weights: w.safetensors") + "expander: {texts: [texts.jsonl]}\n"
    )
    written(tmp_path, text)
    recipe = read_recipe(tmp_path / "recipe.yaml", EncoderRecipe)
    before = contents_of(recipe)
    assert len(before) == 2 and contents_of(recipe) == before
    texts.write_text("c")
    assert [old == new for old, new in zip(before, contents_of(recipe), strict=True)].count(False) == 1
