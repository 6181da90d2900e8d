"""Towers that a recipe names, and recipes from a stranger: the arguments that are handed on, and the loading."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from support import tiny
from transformers import AutoConfig, BertConfig, BertForMaskedLM

import lexlip_lucene
from lexlip_lucene.encoders.model.clip_towers import ClipTowers
from lexlip_lucene.encoders.model.model_config import read_config
from lexlip_lucene.encoders.model.text_encoders import load_network
from lexlip_lucene.errors import LexlipError, ModelError, RecipeError
from lexlip_lucene.recipes.architecture import MODEL_TYPES, shaping
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe, TransformerTextRecipe, VocabularyRecipe
from lexlip_lucene.recipes.model_spec import TransformerTextSpec
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.examples.vocabulary import load_vocabulary

# --- towers that a recipe names ----------------------------------------------------------------------------------


def bert_folder(folder: Path) -> Path:
    given = {key: value for key, value in tiny.BERT.architecture.items() if key != "model_type"}
    BertForMaskedLM(BertConfig(**given)).save_pretrained(folder)
    return folder


def test_a_named_folder_of_transformers_gives_safetensors_only(tmp_path: Path) -> None:
    folder = bert_folder(tmp_path / "bert")
    torch.save(load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    load_network(str(folder))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match=r"text\.model .*: a hub name or a folder of transformers is needed"):
        load_network(str(folder))


@pytest.mark.parametrize("kind", ["text", "tokenizer", "clip"])
def test_a_named_folder_of_transformers_runs_no_code(tmp_path: Path, kind: str) -> None:
    folder, marker = bert_folder(tmp_path / "bert"), tmp_path / "marker"
    (folder / "evil.py").write_text(f"import os\nos.mkdir({str(marker)!r})\nclass Evil: pass\n", encoding="utf-8")
    config = json.loads((folder / "config.json").read_bytes())
    auto = {f"Auto{part}": "evil.Evil" for part in ("Config", "Model", "ModelForMaskedLM", "ImageProcessor")}
    auto["AutoTokenizer"] = ["evil.Evil", "evil.Evil"]  # type: ignore[assignment]  # its form
    hostile = {**config, "model_type": "evil", "auto_map": auto}
    (folder / "config.json").write_text(json.dumps(hostile), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(
        json.dumps({"auto_map": auto, "tokenizer_class": "Evil"}), encoding="utf-8"
    )
    with pytest.raises(LexlipError) as raised:
        if kind == "text":
            load_network(str(folder))
        elif kind == "tokenizer":
            load_vocabulary(VocabularyRecipe(tokenizer=str(folder)), [])
        else:
            ClipTowers(str(folder), device="cpu", needed="a CLIP is needed")
    assert "\n" not in str(raised.value)
    assert not marker.exists()


# --- recipes -----------------------------------------------------------------------------------------------------

ENCODE = Path(__file__).resolve().parents[2] / "encode"
SHIPPED = [
    *sorted(path for path in ENCODE.glob("*.yaml") if "\ntagger:" not in path.read_text()),
    Path(lexlip_lucene.__file__).parent / "demo" / "demo.yaml",
]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_what_every_shipped_recipe_makes_is_read_again(tmp_path: Path, path: Path) -> None:
    recipe = read_recipe(path, EncoderRecipe)
    text: Any = recipe.text
    if isinstance(text, TransformerTextRecipe):
        fresh = AutoConfig.for_model(**{"vocab_size": 20, **text.architecture})
        text = TransformerTextSpec(
            **{name: getattr(text, name) for name in TransformerTextSpec.model_fields if name != "architecture"},
            architecture={key: value for key, value in fresh.to_dict().items() if key != "_name_or_path"},
        )
    else:
        text = text.spec()
    config = {
        **tiny.config().model_dump(mode="json"),
        "image": recipe.image.spec().model_dump(mode="json"),
        "text": text.model_dump(mode="json", include=set(type(text).model_fields)),
    }
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")
    assert read_config(tmp_path).image == recipe.image.spec()


WRITTEN_BY_4_57 = (
    {"add_cross_attention": False, "bad_words_ids": None, "chunk_size_feed_forward": 0, "do_sample": False}
    | {"dtype": "float32", "id2label": {"0": "LABEL_0"}, "max_length": 20, "num_beams": 1, "pruned_heads": {}}
    | {"position_embedding_type": "absolute", "tf_legacy_loss": False, "torchscript": False, "typical_p": 1.0}
)


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_the_whole_config_that_transformers_writes_is_taken(kind: str) -> None:
    whole = {key: value for key, value in AutoConfig.for_model(kind).to_dict().items() if key != "_name_or_path"}
    spec = TransformerTextSpec(kind="transformer", architecture={**whole, **WRITTEN_BY_4_57})
    assert spec.architecture == {**shaping(whole), "position_embedding_type": "absolute"}


@pytest.mark.parametrize(
    "override",
    [
        "image.arguments={checkpoint_path: evil.pth}",
        "image.arguments={depth: 1000000000}",
        "image.backbone='hf-hub:a/b'",
        "image.views=[{backbone: resnet10t, arguments: {pretrained_cfg_overlay: {file: x}}}]",
        "text={kind: transformer, architecture: {model_type: bert, auto_map: {AutoConfig: evil.Evil}}}",
    ],
)
def test_a_recipe_from_a_stranger_is_held_to_the_same(override: str) -> None:
    with pytest.raises(RecipeError, match=r"demo\.yaml: (image|text)\."):
        read_recipe(SHIPPED[-1], EncoderRecipe, [override])


# --- the source --------------------------------------------------------------------------------------------------

HOME = Path(lexlip_lucene.__file__).parent
CALLS = [
    (
        f"{path.relative_to(HOME)}:{node.lineno}",
        ast.unparse(node.func),
        {word.arg: word.value for word in node.keywords},
    )
    for path in sorted(HOME.rglob("*.py"))
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
    if isinstance(node, ast.Call)
]


def test_nothing_in_the_package_unpickles_evaluates_or_runs_a_shell() -> None:
    for where, called, given in CALLS:
        assert called not in ("eval", "exec", "compile", "__import__", "os.system", "yaml.load"), where
        assert "pickle" not in called and "joblib" not in called, where
        values = {key: value.value for key, value in given.items() if key and isinstance(value, ast.Constant)}
        assert values.get("shell", False) is False, where
        assert called != "torch.load" or values["weights_only"] is True, where
        assert called not in ("np.load", "numpy.load") or values["allow_pickle"] is False, where


OURS = ("LexLip", "EntityTagger")
"""Models of this package, whose folders are data."""


def test_every_tower_of_transformers_is_loaded_without_code_and_from_safetensors() -> None:
    loading = [call for call in CALLS if call[1].endswith(".from_pretrained") and not call[1].startswith(OURS)]
    seen = {called for _, called, _ in loading}
    assert {"AutoConfig.from_pretrained", "AutoModelForMaskedLM.from_pretrained"} <= seen
    for where, called, given in loading:
        assert "trust_remote_code" in given, where
        assert ast.unparse(given["trust_remote_code"]) == "False", where
        if called.startswith("AutoModel"):
            assert ast.unparse(given["use_safetensors"]) == "True", where
