"""Starting from a saved model: bit for bit at the same size, and in two dimensions at another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support import tiny
from support.recorder import Recorder
from tokenizers import Tokenizer, models
from torch import Tensor

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec, LateSpec, SentenceSpec, TextSpec
from lexlip_lucene.training.start.continuing import start_from_model

SIDES = pytest.mark.parametrize("text", [tiny.STATIC, tiny.BERT, tiny.DISTILBERT], ids=["static", "bert", "distilbert"])
VIT, BEIT, SIGLIP, DINO = (
    "vit_tiny_patch16_224",
    "beit_base_patch16_224",
    "vit_base_patch16_siglip_224",
    "vit_base_patch14_reg4_dinov2",
)


def spec(size: int, backbone: str = VIT, **arguments: Any) -> ImageSpec:
    """A backbone of one block over patches of 16 pixels."""
    whole = {"img_size": size, "patch_size": 16, "depth": 1, "embed_dim": 32, "num_heads": 2, **arguments}
    return ImageSpec(backbone=backbone, arguments=whole, size=size, adapter=AdapterSpec(width=16))


def saved(folder: Path, model: LexLip) -> Path:
    model.save_pretrained(folder, force=True)
    return folder


def same(one: LexLip, other: LexLip) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(a == b and torch.equal(first, second) for (a, first), (b, second) in pairs)


# --- the same size -----------------------------------------------------------------------------------------------


@SIDES
def test_a_model_of_the_same_size_is_copied_bit_for_bit(tmp_path: Path, text: TextSpec) -> None:
    source, model = tiny.lexlip(text=text, dense_width=8), tiny.lexlip(text=text, dense_width=8, seed=1)
    assert not same(source, model)
    told = Recorder()
    start_from_model(model, saved(tmp_path / "model", source), progress=told)
    assert same(source, model) and told.notes == []


@pytest.mark.parametrize("backbone", [VIT, BEIT, SIGLIP, DINO])
def test_positions_of_the_same_size_are_copied_bit_for_bit(tmp_path: Path, backbone: str) -> None:
    source, model = tiny.lexlip(spec(48, backbone)), tiny.lexlip(spec(48, backbone), seed=1)
    start_from_model(model, saved(tmp_path / "model", source))
    assert same(source, model)


# --- another size ------------------------------------------------------------------------------------------------

FIELDS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "the same everywhere": lambda row, column: torch.full_like(row, 3.0),
    "rows alone": lambda row, column: row.sin(),
    "columns alone": lambda row, column: column.sin(),
    "symmetric": lambda row, column: (row + column).cos(),
}


def keeps_its_geometry(name: str, before: Tensor, after: Tensor) -> None:
    """A field (rows, columns) is a function of the same after resampling, and is not made constant."""
    if name == "the same everywhere":
        torch.testing.assert_close(after, torch.full_like(after, 3.0))
    elif name == "rows alone":
        torch.testing.assert_close(after, after[:, :1].expand_as(after))
    elif name == "columns alone":
        torch.testing.assert_close(after, after[:1].expand_as(after))
    else:
        torch.testing.assert_close(after, after.T)
    if name != "the same everywhere":
        assert after.std() > 0.3 * before.std()


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("sizes", [(96, 144), (96, 64)], ids=["larger", "smaller"])
@pytest.mark.parametrize(("backbone", "prefix"), [(VIT, 1), (SIGLIP, 0), (DINO, 0)])
def test_absolute_positions_keep_their_geometry(
    tmp_path: Path, backbone: str, prefix: int, sizes: tuple[int, int], name: str
) -> None:
    source, model = (tiny.lexlip(spec(size, backbone)) for size in sizes)
    old, new = (size // 16 for size in sizes)
    rows, columns = torch.meshgrid(torch.linspace(0, 3, old), torch.linspace(0, 3, old), indexing="ij")
    before = FIELDS[name](rows, columns)
    positions: Any = source.image.tower.backbone.pos_embed
    with torch.no_grad():
        positions[0, prefix:] = before.reshape(-1, 1)
        positions[0, :prefix] = 7.0
    start_from_model(model, saved(tmp_path / "model", source))
    found: Any = model.image.tower.backbone.pos_embed.detach()
    assert found.shape == (1, prefix + new * new, 32)
    assert (found[0, :prefix] == 7.0).all(), "a class token stands nowhere and stays as it is"
    keeps_its_geometry(name, before, found[0, prefix:, 5].reshape(new, new))


@pytest.mark.parametrize("name", FIELDS)
@pytest.mark.parametrize("sizes", [(96, 144), (96, 64)], ids=["larger", "smaller"])
@pytest.mark.parametrize("shared", [False, True], ids=["a table a block", "one table for all"])
def test_relative_positions_keep_their_geometry(
    tmp_path: Path, shared: bool, sizes: tuple[int, int], name: str
) -> None:
    arguments = {"use_shared_rel_pos_bias": True, "use_rel_pos_bias": False} if shared else {}
    source, model = (tiny.lexlip(spec(size, BEIT, **arguments)) for size in sizes)
    old, new = (size // 16 for size in sizes)

    def table(of: LexLip) -> Any:
        backbone: Any = of.image.tower.backbone
        return (backbone.rel_pos_bias if shared else backbone.blocks[0].attn).relative_position_bias_table

    offsets = torch.arange(1.0 - old, old) / 3
    before = FIELDS[name](*torch.meshgrid(offsets, offsets, indexing="ij"))
    with torch.no_grad():
        table(source)[:-3] = before.reshape(-1, 1)
        table(source)[-3:] = torch.tensor([[7.0], [8.0], [9.0]])
    start_from_model(model, saved(tmp_path / "model", source))
    found = table(model).detach()
    assert found.shape == ((2 * new - 1) ** 2 + 3, 2)
    assert found[-3:, 0].tolist() == [7.0, 8.0, 9.0], "to and from the class token there is no distance"
    after = found[:-3, 1].reshape(2 * new - 1, 2 * new - 1)
    keeps_its_geometry(name, before, after)
    nearest = slice(new - 2, new + 1)
    torch.testing.assert_close(after[nearest, nearest], before[old - 2 : old + 1, old - 2 : old + 1], atol=2e-2, rtol=0)


@pytest.mark.parametrize("backbone", [VIT, BEIT])
@torch.inference_mode()
def test_a_model_at_another_size_sees_and_keeps_all_else(tmp_path: Path, backbone: str) -> None:
    source, model = tiny.lexlip(spec(64, backbone)), tiny.lexlip(spec(96, backbone), seed=1)
    start_from_model(model, saved(tmp_path / "model", source))
    pixels = torch.zeros(2, 3, 96, 96, dtype=torch.uint8)
    assert model.image_weights(pixels).isfinite().all()
    for name, tensor in source.state_dict().items():
        if not name.endswith(("pos_embed", "relative_position_bias_table")):
            assert torch.equal(model.state_dict()[name], tensor), name


# --- what does not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mine", "theirs", "note"),
    [(8, None, "has no dense twin: it starts afresh"), (None, 8, "is left behind: this run has none")],
)
def test_a_dense_twin_that_one_side_lacks_is_told(
    tmp_path: Path, mine: int | None, theirs: int | None, note: str
) -> None:
    source, model = tiny.lexlip(dense_width=theirs), tiny.lexlip(dense_width=mine, seed=1)
    told = Recorder()
    start_from_model(model, saved(tmp_path / "model", source), progress=told)
    assert len(told.notes) == 1 and note in told.notes[0]
    assert torch.equal(model.image.head.tokens.weight, source.image.head.tokens.weight)


def refused(model: LexLip, folder: Path, message: str) -> None:
    """Starting raises one line that names the folder, and the model is as it was."""
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ModelError, match=message) as raised:
        start_from_model(model, folder)
    assert str(folder) in str(raised.value) and "\n" not in str(raised.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())


def test_another_text_side_is_refused(tmp_path: Path) -> None:
    folder = saved(tmp_path / "model", tiny.lexlip())
    refused(tiny.lexlip(text=tiny.BERT), folder, "has a static text side, but this run's is transformer")


def test_another_vocabulary_is_refused_with_a_token_that_differs(tmp_path: Path) -> None:
    rows = {token: row for row, token in enumerate(tiny.VOCABULARY)}
    rows["dog"], rows["cat"] = rows["cat"], rows["dog"]
    model = LexLip(tiny.config(), Tokenizer(models.WordPiece(rows, unk_token="[UNK]")))
    message = "the tokenizer it was trained with is needed, but 2 tokens differ in their rows, 'cat' among them"
    refused(model, saved(tmp_path / "model", tiny.lexlip()), message)


def test_another_lexicon_is_refused_with_a_token_that_differs(tmp_path: Path) -> None:
    config = tiny.config()
    fewer = config.model_copy(update={"tokens": config.tokens[1:], "rows": config.rows[1:]})
    message = f"the two differ in 1 tokens, '{config.tokens[0]}' among them: take the same data.captions"
    refused(LexLip(fewer, tiny.tokenizer()), saved(tmp_path / "model", tiny.lexlip()), message)
    turned = config.model_copy(update={"tokens": config.tokens[::-1], "rows": config.rows[::-1]})
    message = "the two differ in 0 tokens, only by their order"
    refused(LexLip(turned, tiny.tokenizer()), saved(tmp_path / "other", tiny.lexlip()), message)


@pytest.mark.parametrize("late", [None, LateSpec(width=8), LateSpec(width=4)], ids=["none", "the same", "narrower"])
@pytest.mark.parametrize("sentence", [None, SentenceSpec(width=6, max_length=20)], ids=["table", "sentence"])
def test_a_late_head_of_any_form_is_left_behind(
    tmp_path: Path, late: LateSpec | None, sentence: SentenceSpec | None
) -> None:
    source, model = tiny.lexlip(late=LateSpec(width=8, sentence=sentence)), tiny.lexlip(late=late, seed=1)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items() if name.startswith("late.")}
    told = Recorder()
    start_from_model(model, saved(tmp_path / "model", source), progress=told)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name] if name in before else source.state_dict()[name]), name
    assert told.notes == [f"the late head of {tmp_path / 'model'} is left behind: a recipe with late trains its own"]


def test_a_model_of_packed_matrices_is_unpacked(tmp_path: Path) -> None:
    wide = spec(32, embed_dim=192)
    source, model = tiny.lexlip(wide), tiny.lexlip(wide, seed=1)
    source.config = source.config.model_copy(update={"weights": "int8"})
    packed = saved(tmp_path / "model", source)
    assert any(name.endswith(".scale") for name in load_file(packed / "model.safetensors"))
    start_from_model(model, packed)
    assert same(LexLip.from_pretrained(packed), model)


def test_a_tensor_that_only_one_side_has_or_of_another_shape_is_named(tmp_path: Path) -> None:
    model, folder = tiny.lexlip(seed=1), saved(tmp_path / "model", tiny.lexlip())
    whole = load_file(folder / "model.safetensors")
    for change, message in {
        "missing": f"{folder} has no tensor image.head.dense.bias",
        "more": "this run's model has no tensor image.head.more",
        "shape": r"tensor image.head.dense.bias is \(3,\) there, but \(16,\) here",
    }.items():
        tensors = {name: tensor for name, tensor in whole.items() if name != "image.head.dense.bias"}
        if change != "missing":
            tensors["image.head.dense.bias"] = torch.zeros(3 if change == "shape" else 16)
        if change == "more":
            tensors["image.head.more"] = torch.zeros(1)
        save_file(tensors, folder / "model.safetensors")
        refused(model, folder, message)
    (folder / "model.safetensors").write_bytes(b"")
    refused(model, folder, "not a safetensors file")
    refused(model, tmp_path, "a model folder with config.json and model.safetensors is needed")
