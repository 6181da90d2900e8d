"""Towers as a hub gives them, loaded by the code that would fetch them, and the recipes that name some."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from safetensors.torch import save_file
from support import halves, tiny
from transformers import BertConfig, BertForMaskedLM, PreTrainedTokenizerFast

from lexlip_lucene import LexLip
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.reading import read_recipe
from lexlip_lucene.training.run.train import train
from lexlip_lucene.training.start.starting import captions_of, make_model, make_vocabulary

ENCODE = Path(__file__).resolve().parents[2] / "encode"
PHASES = ("paper-phase1", "paper-phase2", "paper-finetune")
SMALL = {"img_size": 32, "depth": 1, "embed_dim": 32, "num_heads": 2}
BACKBONES = pytest.mark.parametrize(
    "backbone", ["vit_base_patch16_siglip_224.webli", "vit_base_patch16_clip_224.openai", "vit_small_patch16_224"]
)


def recipe(name: str, data: Path, *overrides: str) -> EncoderRecipe:
    """Read a shipped recipe over the data of `halves`, which has 40 photos."""
    given = (f"roots.data={data}", f"roots.weights={data}", f"vocabulary.wordpieces={data / 'vocab.txt'}")
    return read_recipe(ENCODE / f"{name}.yaml", EncoderRecipe, (*given, "data.keep_aside=8", *overrides))


def released(folder: Path, backbone: str) -> tuple[Path, dict[str, torch.Tensor]]:
    """Write random weights as timm has them on the hub, with a classifier as in the real file."""
    torch.manual_seed(7)
    tower = timm.create_model(backbone, **SMALL, num_classes=min(5, timm.get_pretrained_cfg(backbone).num_classes))
    tensors = {name: torch.randn_like(tensor) for name, tensor in tower.state_dict().items()}
    save_file(tensors, folder / "released.safetensors")
    return folder / "released.safetensors", tensors


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Callable[[Path], str]:
    """Point timm at a file instead of the hub; return the arguments that make a tower as small as that in the file."""

    def pointed_at(file: Path) -> str:
        def create(name: str, *, pretrained: bool, **arguments: Any) -> Any:
            overlay = {"pretrained_cfg_overlay": {"file": str(file)}} if pretrained else {}
            return made(name, pretrained=pretrained, **overlay, **arguments)

        made = timm.create_model
        monkeypatch.setattr(timm, "create_model", create)
        return f"image.arguments={SMALL}"

    return pointed_at


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return halves.write(tmp_path, halves.draw(tmp_path))


@BACKBONES
def test_a_tower_named_on_the_hub_is_loaded_with_its_weights_and_not_fetched_again(
    data: Path, backbone: str, hub: Callable[[Path], str]
) -> None:
    file, tensors = released(data, backbone)
    made = recipe("frozen-siglip", data, f"image.backbone={backbone}", hub(file), "image.size=32", "image.grid=2")
    images = read_captions(made.data.captions)
    vocabulary = make_vocabulary(made, images, np.arange(40))
    model = make_model(made, vocabulary, captions_of(images, np.arange(40)))
    for name, tensor in model.image.tower.backbone.state_dict().items():
        assert torch.equal(tensor, tensors[name]), name
    model.save_pretrained(data / "model")
    file.unlink()
    loaded = LexLip.from_pretrained(data / "model")
    pixels = torch.zeros(1, 3, 32, 32, dtype=torch.uint8)
    with torch.inference_mode():
        assert torch.equal(loaded.image_weights(pixels), model.eval().image_weights(pixels))


def test_the_quick_recipe_trains_from_the_hub_s_tower_to_a_model(data: Path, hub: Callable[[Path], str]) -> None:
    file, tensors = released(data, "vit_base_patch16_siglip_224.webli")
    changes = ("image.size=32", "image.grid=2", "training.epochs=2", "training.batch_size=8", "quantise.top_k=5")
    made = recipe("frozen-siglip", data, hub(file), *changes, "training.captions_per_image=2", "vocabulary.min_count=0")
    train(made, data / "model")
    model = LexLip.from_pretrained(data / "model")
    name = "patch_embed.proj.weight"
    assert torch.equal(model.image.tower.backbone.state_dict()[name], tensors[name]), "frozen means as it was released"
    assert len(model.encode_images([data / "0.png"])[0]) == 5


@pytest.mark.parametrize("kind", ["hub's", "fresh"])
def test_a_text_side_by_name_brings_its_weights_and_tokenizer(data: Path, kind: str) -> None:
    folder = data / "bert"
    config = BertConfig(**{key: value for key, value in tiny.BERT.architecture.items() if key != "model_type"})
    network = BertForMaskedLM(config)
    network.save_pretrained(folder)
    PreTrainedTokenizerFast(tokenizer_object=tiny.tokenizer(), pad_token="[PAD]").save_pretrained(folder)
    named = ["vocabulary.wordpieces=null", f"vocabulary.tokenizer={folder}", f"text.model={folder}"]
    tower = ["image.backbone=vit_tiny_patch16_224", f"image.arguments={SMALL}", "image.size=32"]
    made = recipe("paper-phase1", data, *tower, *(named if kind == "hub's" else [_smaller_bert()]))
    images = read_captions(made.data.captions)
    vocabulary = make_vocabulary(made, images, np.arange(40))
    model: Any = make_model(made, vocabulary, captions_of(images, np.arange(40)))
    found = model.text.network.bert.encoder.layer[0].output.dense.weight
    assert torch.equal(found, network.bert.encoder.layer[0].output.dense.weight) is (kind == "hub's")
    assert model.text_weights(["a red dog"]).shape == (1, len(model.lexicon))
    assert ("dog" in model.lexicon.tokens) is (kind == "hub's"), "the photos' captions have no dog"


def _smaller_bert() -> str:
    return f"text.architecture={ {key: v for key, v in tiny.BERT.architecture.items() if key != 'vocab_size'} }"


# --- the recipes -------------------------------------------------------------------------------------------------


def test_the_paper_s_phases_follow_each_other() -> None:
    first, second, third = (read_recipe(ENCODE / f"{name}.yaml", EncoderRecipe) for name in PHASES)
    assert second.training.start == ENCODE / "paper-phase1" / "model"
    assert third.training.start == ENCODE / "paper-phase2" / "model"
    for later in (second, third):
        assert (later.data, later.vocabulary, later.text) == (first.data, first.vocabulary, first.text)
        assert later.image.adapter == first.image.adapter and later.image.backbone == first.image.backbone
        assert later.training.momentum is not None and later.training.language is None
    assert first.training.language is not None and first.training.bottleneck is not None
    assert (first.image.size, second.image.size, third.image.size) == (224, 224, 384)


def test_a_phase_s_model_fits_the_next_one(data: Path) -> None:
    """The three recipes with their own sizes of picture, on towers of one layer."""
    folder = data / "model"
    for name in PHASES:
        size = read_recipe(ENCODE / f"{name}.yaml", EncoderRecipe).image.size
        arguments = {**SMALL, "img_size": size}
        started = [] if name == PHASES[0] else [f"training.start={folder}"]
        made = recipe(name, data, f"image.arguments={arguments}", _smaller_bert(), *started)
        images = read_captions(made.data.captions)
        vocabulary = make_vocabulary(made, images, np.arange(40))
        model = make_model(made, vocabulary, captions_of(images, np.arange(40)))
        assert (made.training.start is None) == (name == PHASES[0])
        model.save_pretrained(folder, force=True)
    positions: Any = model.image.tower.backbone.pos_embed
    assert positions.shape == (1, 1 + 24 * 24, 32)
