"""A model folder from a stranger is refused or harmless: no code of it runs, nothing outside it is read or fetched."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from onnx import TensorProto, helper
from support import tiny

from lexlip_lucene import LexLip
from lexlip_lucene.check.kind import DamageError
from lexlip_lucene.check.model import ModelKind
from lexlip_lucene.encoders.model.model_config import ModelConfig
from lexlip_lucene.encoders.query.onnx_export import export_query
from lexlip_lucene.encoders.query.onnx_query import OnnxQuery
from lexlip_lucene.errors import ModelError
from lexlip_lucene.files.checksum import with_checksum
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.recipes.model_spec import AdapterSpec, ImageSpec
from lexlip_lucene.training.start.continuing import start_from_model

Change = Callable[[Path, dict[str, Any]], None]
"""Changes a folder and the config that is about to be written into it."""


class Evil:
    """Pickled, it makes a file when it is loaded."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.marker),)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model folder with a text network, and its exported query side, `exported`."""
    home = tmp_path_factory.mktemp("models")
    model = tiny.lexlip(text=tiny.BERT)
    model.save_pretrained(home / "model")
    export_query(model, home / "exported")
    return home


def rewritten(folder: Path, change: Change, name: str = "config.json") -> Path:
    """Apply `change`, and write all checksums as the folder then needs them, as its author would."""
    config = json.loads((folder / name).read_bytes())
    change(folder, config)
    config.pop("checksum", None)
    if "files" in config:
        (folder / name).unlink()
        config["files"] = {file.name: sha256_of(file) for file in folder.iterdir() if file.is_file()}
    (folder / name).write_text(json.dumps(with_checksum(config)), encoding="utf-8")
    return folder


def put(*keys: str | int, value: Any) -> Change:
    """Set the key at this place of the config."""

    def change(folder: Path, config: dict[str, Any]) -> None:
        target: Any = config
        for key in keys[:-1]:
            target = target[key]
        target[keys[-1]] = json.loads(json.dumps(value).replace("{here}", str(folder)))

    return change


def viewed(**view: Any) -> Change:
    """Add a view with a backbone of its own."""
    return put("image", "views", value=[{"backbone": "vit_tiny_patch16_224", "arguments": tiny.VIT.arguments, **view}])


def argument(**values: Any) -> Change:
    return put("image", "arguments", value={**tiny.VIT.arguments, **values})


def architecture(**values: Any) -> Change:
    return put("text", "architecture", value={**tiny.BERT.architecture, **values})


def linked(name: str, target: str) -> Change:
    """Replace a file by a link, to a copy of it where `target` is one of `outside`, `deep`."""

    def change(folder: Path, config: dict[str, Any]) -> None:
        outside = folder.parent / f"{folder.name}-outside"
        outside.mkdir()
        shutil.move(folder / name, outside / name)
        if target == "folder":
            (folder / "sub").symlink_to(outside)
            (folder / name).symlink_to(f"sub/{name}")
        else:
            (folder / name).symlink_to({"absolute": outside, "relative": Path("..") / outside.name}[target] / name)

    return change


HOSTILE: dict[str, tuple[Change, str]] = {
    # what timm would load, fetch or call
    "pickle": (argument(checkpoint_path="{here}/evil.pth"), r"image\.arguments: checkpoint_path is no argument"),
    "pretrained": (argument(pretrained=True), r"image\.arguments: pretrained is no"),
    "pretrained cfg": (argument(pretrained_cfg={"file": "{here}/evil.pth"}), r"image\.arguments: pretrained_cfg is no"),
    "overlay": (argument(pretrained_cfg_overlay={"url": "http://127.0.0.1:9/x"}), r"pretrained_cfg_overlay is no"),
    "cache": (argument(cache_dir="{here}"), r"image\.arguments: cache_dir is no"),
    "features": (argument(features_only=True), r"image\.arguments: features_only is no"),
    "scriptable": (argument(scriptable=True), r"image\.arguments: scriptable is no"),
    "exportable": (argument(exportable=True), r"image\.arguments: exportable is no"),
    "layer by name": (argument(norm_layer="os.system"), r"image\.arguments: norm_layer is no"),
    "odd key": (argument(**{"a\nb": 1}), r"image\.arguments: 'a\\nb' is no argument"),
    "view pickle": (
        viewed(arguments={"checkpoint_path": "{here}/evil.pth"}),
        r"image\.views\.0\.arguments: checkpoint_p",
    ),
    "hub": (put("image", "backbone", value="hf-hub:timm/resnet10t.c3_in1k"), r"image\.backbone: a name of timm"),
    "old hub": (put("image", "backbone", value="hf_hub:timm/resnet10t"), r"image\.backbone: a name of timm"),
    "local folder": (put("image", "backbone", value="local-dir:{here}"), r"image\.backbone: a name of timm"),
    "slash": (put("image", "backbone", value="timm/resnet10t"), r"image\.backbone: a name of timm"),
    "url": (put("image", "backbone", value="http://127.0.0.1:9/m"), r"image\.backbone: a name of timm"),
    "path": (put("image", "backbone", value="../model"), r"image\.backbone: a name of timm"),
    "no name": (put("image", "backbone", value="no_such_backbone"), r"backbone no_such_backbone .* timm says"),
    "view hub": (viewed(backbone="hf-hub:timm/resnet10t"), r"image\.views\.0\.backbone: a name of timm"),
    "identity": (
        put("image", "identity", value=["__class__.__init__; os"]),
        r"image\.identity\.0: String should match",
    ),
    # what takes memory or time without end
    "wide": (argument(embed_dim=10**9), r"image\.arguments: embed_dim must be a whole number in 1\.\.16384"),
    "deep": (argument(depth=10**9), r"image\.arguments: depth must be a whole number in 0\.\.128"),
    "both": (argument(embed_dim=16384, depth=128), r"config\.json beside it: that describes [\d.]+ GB of tensors"),
    "infinite": (put("image", "mean", value=[1e999, 0, 0]), r"not JSON|image\.mean"),
    "huge picture": (put("image", "size", value=10**9), r"image\.size: Input should be less than or equal to 4096"),
    "huge grid": (put("image", "grid", value=10**9), r"image\.grid: Input should be less"),
    "huge adapter": (put("image", "adapter", "width", value=10**9), r"image\.adapter\.width: Input should be less"),
    "many layers": (put("image", "adapter", "layers", value=10**9), r"image\.adapter\.layers: Input should be less"),
    "huge bank": (put("image", "bank", value={"size": 9_999_999}), r"that describes [\d.]+ GB of tensors and"),
    "huge twin": (put("dense_width", value=10**9), r"dense_width: Input should be less"),
    "many views": (put("image", "views", value=[{}] * 10**4), r"image\.views: Tuple should have at most 16 items"),
    "nested": (lambda folder, config: argument(depth=_nested(200))(folder, config), r"image\.arguments: depth must be"),
    # what transformers would load, fetch or run
    "remote code": (
        architecture(auto_map={"AutoConfig": "evil.Evil"}),
        r"text\.transformer\.architecture: auto_map is",
    ),
    "trust": (architecture(trust_remote_code=True), r"architecture: trust_remote_code is no key"),
    "place": (architecture(_name_or_path="evil/model"), r"architecture: _name_or_path is no key"),
    "kernel": (architecture(attn_implementation="evil/kernel"), r"architecture: attn_implementation is no key"),
    "inner kernel": (architecture(_attn_implementation="evil/kernel"), r"architecture: _attn_implementation is no key"),
    "quantised": (
        architecture(quantization_config={"quant_method": "evil"}),
        r"architecture: quantization_config is no",
    ),
    "other kind": (architecture(model_type="timm_wrapper"), r"architecture: model_type must be one of 'albert'"),
    "wide text": (architecture(hidden_size=10**9), r"architecture: hidden_size must be a whole number in 1\.\.16384"),
    "deep text": (architecture(num_hidden_layers=10**9), r"architecture: num_hidden_layers must be a whole number"),
    "big text": (architecture(hidden_size=16384, num_hidden_layers=128), r"that describes [\d.]+ GB of tensors and"),
    "function": (architecture(hidden_act="os.system"), r"architecture: hidden_act must be one of"),
    "null": (architecture(hidden_size=None), r"text\.architecture: "),
    # values that other files and pages are made of
    "name": (put("name", value="x\n\x1b[2J"), r"name: String should match"),
    "term": (put("tokens", 0, value="a b"), r"each token must be a term, but 'a b' contains white space"),
    "control": (put("tokens", 0, value="a\x1b[2J"), r"each token must be a term, but 'a\\x1b\[2J' contains a control"),
    "twice": (put("tokens", 0, value="dog"), r"each token must be there once, but 'dog'"),
    "ceiling": (put("ceilings", "image", value=0), r"ceilings\.image: Input should be greater than 0"),
    "bits": (put("bits", value=10**6), r"bits: Input should be less than or equal to 16"),
    "wrong type": (put("image", value=[1]), r"image: Input should be"),
    # files of another place
    **{
        f"{target} link {name}": (linked(name, target), rf"{name} is a link that leaves the folder")
        for name in ("model.safetensors", "tokenizer.json")
        for target in ("absolute", "relative", "folder")
    },
}


def _nested(depth: int) -> Any:
    return [_nested(depth - 1)] if depth else 1


GUARDED = """
import json, os, socket, sys
from pathlib import Path

def refuse(*arguments, **named):
    attempts.append(str(arguments))
    raise OSError("no network here")

attempts = []
socket.socket.connect = socket.socket.connect_ex = socket.getaddrinfo = socket.create_connection = refuse
from lexlip_lucene.encoders.query.query_encoder import load_query_model
from lexlip_lucene.errors import LexlipError

said = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    if not folder.name.isdigit():
        continue
    try:
        load_query_model(folder)
    except LexlipError as error:
        said[folder.name] = [type(error).__name__, str(error)]
print(json.dumps([said, attempts]))
"""


def test_hostile_configs_are_refused_by_their_key_run_nothing_and_fetch_nothing(saved: Path, tmp_path: Path) -> None:
    marker, folders = tmp_path / "marker", tmp_path / "folders"
    for number, (change, _) in enumerate(HOSTILE.values()):
        folder = shutil.copytree(saved / "model", folders / str(number))
        torch.save(Evil(marker), folder / "evil.pth")
        (folder / "evil.py").write_text(f"import os\nos.mkdir({str(marker)!r})\n", encoding="utf-8")
        rewritten(folder, change)
    open_to_the_hub = {key: value for key, value in os.environ.items() if "OFFLINE" not in key}
    done = subprocess.run(
        [sys.executable, "-c", GUARDED, str(folders)], capture_output=True, text=True, env=open_to_the_hub, check=False
    )
    assert done.returncode == 0, done.stderr
    said, attempts = json.loads(done.stdout.splitlines()[-1])
    assert attempts == []
    assert not marker.exists()
    for number, (case, (_, message)) in enumerate(HOSTILE.items()):
        kind, text = said.get(str(number), ("", "it was loaded"))
        with pytest.raises(ModelError, match=message):
            raise ModelError(f"{text} ({case})")
        assert kind == "ModelError" and "\n" not in text, case
        assert len(text) < 4000, case


def test_the_pickle_of_these_folders_runs_code_when_it_is_loaded(tmp_path: Path) -> None:
    torch.save(Evil(tmp_path / "marker"), tmp_path / "evil.pth")
    torch.load(tmp_path / "evil.pth", weights_only=False)
    assert (tmp_path / "marker").exists()


def test_a_folder_whose_author_wrote_its_checksums_is_loaded(saved: Path, tmp_path: Path) -> None:
    folder = rewritten(shutil.copytree(saved / "model", tmp_path / "model"), put("name", value="mine"))
    assert LexLip.from_pretrained(folder).config.name == "mine"


# --- files -------------------------------------------------------------------------------------------------------


def test_links_within_the_folder_and_to_it_are_followed(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved / "model", tmp_path / "model")
    (folder / "kept").mkdir()
    for name in ("model.safetensors", "config.json", "tokenizer.json"):
        shutil.move(folder / name, folder / "kept" / name)
        (folder / name).symlink_to(f"kept/{name}")
    (tmp_path / "link").symlink_to(folder)
    assert LexLip.from_pretrained(tmp_path / "link").encode_texts(["a red dog"])[0]


@pytest.mark.parametrize("name", ["config.json", "model.safetensors", "tokenizer.json"])
def test_a_file_that_never_ends_is_not_opened(saved: Path, tmp_path: Path, name: str) -> None:
    folder = shutil.copytree(saved / "model", tmp_path / "model")
    (folder / name).unlink()
    os.mkfifo(folder / name)
    with pytest.raises(ModelError, match=rf"{name} is no regular file"):
        LexLip.from_pretrained(folder)


@pytest.mark.parametrize("name", ["config.json", "query.json", "query.onnx", "tokenizer.json"])
def test_a_link_out_of_either_kind_of_folder_is_refused(saved: Path, tmp_path: Path, name: str) -> None:
    kind = "model" if name == "config.json" else "exported"
    folder = shutil.copytree(saved / kind, tmp_path / "folder")
    (folder / name).unlink()
    (folder / name).symlink_to(saved / kind / name)
    with pytest.raises(ModelError, match=rf"{name} is a link that leaves the folder, to "):
        LexLip.from_pretrained(folder) if kind == "model" else OnnxQuery(folder)


@pytest.mark.parametrize(
    "text", ['{"a":' * 5000, "[" * 100_000, '{"schema_version": NaN}', '{"schema_version": 1e999}']
)
def test_json_that_is_none_is_refused(saved: Path, tmp_path: Path, text: str) -> None:
    folder = shutil.copytree(saved / "model", tmp_path / "model")
    (folder / "config.json").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match="not JSON"):
        LexLip.from_pretrained(folder)


@pytest.mark.parametrize(("name", "size"), [("config.json", 65 << 20), ("tokenizer.json", 257 << 20)])
def test_files_of_text_have_a_largest_size(saved: Path, tmp_path: Path, name: str, size: int) -> None:
    folder = shutil.copytree(saved / "model", tmp_path / "model")
    os.truncate(folder / name, size)
    with pytest.raises(ModelError, match=rf"{name}: a .* of at most \d+ bytes is needed, got {size}"):
        LexLip.from_pretrained(folder)


@pytest.mark.parametrize(
    "change",
    [
        {"normalizer": {"type": "Precompiled", "precompiled_charsmap": "AAAA"}},  # a panic in tokenizers
        {"post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 4_000_000_000], "cls": ["[CLS]", 2]}},
    ],
)
def test_a_tokenizer_that_breaks_its_library_is_refused(saved: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    def written(folder: Path, config: dict[str, Any]) -> None:
        whole = json.loads((folder / "tokenizer.json").read_bytes())
        (folder / "tokenizer.json").write_text(json.dumps({**whole, **change}), encoding="utf-8")

    folder = rewritten(shutil.copytree(saved / "model", tmp_path / "model"), written)
    with pytest.raises(ModelError, match=r"tokenizer\.json: (tokenizers can't read it|token ids below 20)"):
        LexLip.from_pretrained(folder)


def test_a_link_out_of_a_folder_is_not_hashed_by_a_check_nor_taken_as_a_start(saved: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(saved / "model", tmp_path / "model")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to("/dev/zero")
    with pytest.raises(DamageError, match=r"README\.md is a link that leaves the folder"):
        ModelKind().check(folder, full=False)
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to(saved / "model" / "model.safetensors")
    with pytest.raises(ModelError, match=r"model\.safetensors is a link that leaves the folder"):
        start_from_model(tiny.lexlip(text=tiny.BERT), folder)


# --- exported query sides ----------------------------------------------------------------------------------------


def external(location: str) -> onnx.ModelProto:
    """A graph whose weights, 13 numbers, are in another file."""
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1, 13], data_location=TensorProto.EXTERNAL)
    for key, value in (("location", location), ("offset", "0"), ("length", "52")):
        weights.external_data.add(key=key, value=value)
    inputs = [helper.make_tensor_value_info("ids", TensorProto.INT64, ["batch", "length"])]
    output = helper.make_tensor_value_info("weights", TensorProto.FLOAT, [1, 13])
    node = helper.make_node("Identity", ["w"], ["weights"])
    graph = helper.make_graph([node], "query", inputs, [output], [weights])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)


@pytest.mark.parametrize("location", ["../secret", "{outside}/secret", "link", "folder/secret"])
def test_an_exported_graph_reads_no_weights_from_outside(saved: Path, tmp_path: Path, location: str) -> None:
    folder = shutil.copytree(saved / "exported", tmp_path / "exported")
    (tmp_path / "secret").write_bytes(np.ones(13, dtype=np.float32).tobytes())
    (folder / "inside").write_bytes(np.ones(13, dtype=np.float32).tobytes())
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "folder").symlink_to(tmp_path)
    for where in (location.format(outside=tmp_path), "inside"):
        (folder / "query.onnx").write_bytes(external(where).SerializeToString())
        config = json.loads((folder / "query.json").read_bytes())
        kept = {key: value for key, value in config.items() if key not in ("files", "checksum")}
        (folder / "query.json").write_text(json.dumps(kept), encoding="utf-8")
        if where == "inside":
            assert OnnxQuery(folder).encode("a red dog"), "the graph itself is a good one"
        else:
            with pytest.raises(ModelError, match=r"query\.onnx: ONNX Runtime can't load it: .*[Ee]xternal data"):
                OnnxQuery(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (put("tokens", 0, value="a b"), "each token must be a term"),
        (put("tokens", value=["dog"]), "1 tokens need as many rows, but there are 13"),
        (put("ceiling", value=-1), "ceiling: Input should be greater than 0"),
        (put("bits", value=64), "bits: Input should be less than or equal to 16"),
        (put("max_length", value=10**12), "max_length: Input should be less"),
        (put("extra", value="x"), "extra: Extra inputs"),
    ],
)
def test_a_hostile_export_is_refused(saved: Path, tmp_path: Path, change: Change, message: str) -> None:
    folder = rewritten(shutil.copytree(saved / "exported", tmp_path / "exported"), change, "query.json")
    with pytest.raises(ModelError, match=message):
        OnnxQuery(folder)


# --- networks as they are ----------------------------------------------------------------------------------------


def test_a_name_with_a_tag_of_weights_fetches_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetched(*arguments: object, **named: object) -> None:
        raise AssertionError("a loaded model must not fetch weights")

    monkeypatch.setattr("timm.models._builder.load_pretrained", fetched)
    image = tiny.VIT.model_copy(update={"backbone": "vit_tiny_patch16_224.augreg_in21k"})
    tiny.lexlip(image=image).save_pretrained(tmp_path / "model")
    assert LexLip.from_pretrained(tmp_path / "model").config.image.backbone.endswith(".augreg_in21k")
    with pytest.raises(ModelError, match="must not fetch"):
        LexLip(tiny.config(image=image), tiny.tokenizer(), from_hub=True)


def test_memory_that_a_real_network_takes_is_not_refused(tmp_path: Path) -> None:
    """A network whose computed tables are larger than its weights."""
    swin = {"img_size": 64, "embed_dim": 8, "depths": [1, 1], "num_heads": [1, 1], "window_size": 16}
    image = ImageSpec(backbone="swin_tiny_patch4_window7_224", arguments=swin, size=64, adapter=AdapterSpec(width=8))
    tiny.lexlip(image=image).save_pretrained(tmp_path / "model")
    assert isinstance(LexLip.from_pretrained(tmp_path / "model").config, ModelConfig)
