"""The sentence model of a model folder: what is not as the config says is named, and never becomes a ranking."""

import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support import sentences, tiny

from lexlip_lucene.check.kind import DamageError
from lexlip_lucene.check.model import ModelKind
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.query.late_query import LateQuery
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.encoders.query.sentence_states import GRAPH_FILE, TOKENIZER_FILE
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.training.start.sentence_files import sentence_files
from lexlip_lucene.training.start.sentence_model import sentence_spec


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model with a sentence model, and a file that says more about words."""
    root = tmp_path_factory.mktemp("sentence")
    name = sentences.write(root / "sentences")
    model = tiny.lexlip(late=LateSpec(width=8, sentence=sentence_spec(name)))
    model.save_pretrained(root / "model", extra_files={**sentence_files(name), "neighbours.json": b"{}\n"})
    return root / "model"


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """Copy it without its checksums, as an author of other files would."""
    return tiny.without_checksums(Path(shutil.copytree(saved, tmp_path / "model")))


def graph(width: int, *nodes: onnx.NodeProto, kind: int = TensorProto.FLOAT, output: str = "tiled") -> bytes:
    """A graph that repeats the ids, as `kind`, `width` times; `nodes` follow."""
    inputs = [
        helper.make_tensor_value_info(name, of, ["batch", "length"])
        for name, of in (("ids", TensorProto.INT64), ("attention", TensorProto.BOOL))
    ]
    constants = [
        helper.make_tensor("axis", TensorProto.INT64, [1], [2]),
        helper.make_tensor("shape", TensorProto.INT64, [3], [1, 1, width]),
    ]
    steps = [
        helper.make_node("Cast", ["ids"], ["numbers"], to=kind),
        helper.make_node("Unsqueeze", ["numbers", "axis"], ["lifted"]),
        helper.make_node("Expand", ["lifted", "shape"], ["tiled"]),
        *nodes,
    ]
    made = helper.make_graph(steps, "states", inputs, [helper.make_tensor_value_info(output, kind, None)], constants)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


ZERO = helper.make_node("Sub", ["tiled", "tiled"], ["zero"])
UNDEFINED = helper.make_node("Div", ["zero", "zero"], ["undefined"])
FLAT = helper.make_node("ReduceSum", ["tiled", "axis"], ["flat"], keepdims=0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (graph(7), r"states of shape \(1, 3, 16\) float32 are needed, got \(1, 3, 7\) float32"),
        (graph(16, FLAT, output="flat"), r"are needed, got \(1, 3\) float32"),
        (graph(16, kind=TensorProto.INT64), r"are needed, got \(1, 3, 16\) int64"),
        (graph(16, ZERO, UNDEFINED, output="undefined"), "finite states are needed, but those of 'dog' are not"),
    ],
    ids=["width", "rank", "integers", "undefined"],
)
def test_a_graph_that_gives_other_states_is_refused(folder: Path, content: bytes, message: str) -> None:
    (folder / GRAPH_FILE).write_bytes(graph(16))
    assert not LateQuery(folder)("dog").is_empty, "a graph of this kind can be read"
    (folder / GRAPH_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=rf"{GRAPH_FILE}: .*{message}"):
        LateQuery(folder)("dog")


@pytest.mark.parametrize("cut", [0, 2000])
def test_a_graph_that_is_cut_is_one_line_and_no_second_report(
    folder: Path, cut: int, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / GRAPH_FILE).write_bytes((folder / GRAPH_FILE).read_bytes()[:cut])
    with pytest.raises(ModelError, match=rf"{GRAPH_FILE}: ONNX Runtime can't load it"):
        LateQuery(folder)
    assert capfd.readouterr().err == ""


def test_what_onnx_runtime_cant_compute_is_one_line_and_no_second_report(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wrong = helper.make_node("Reshape", ["tiled", "axis"], ["wrong"])
    (folder / GRAPH_FILE).write_bytes(graph(16, wrong, output="wrong"))
    with pytest.raises(ModelError, match=rf"{GRAPH_FILE}: ONNX Runtime can't run it"):
        LateQuery(folder)("dog")
    assert capfd.readouterr().err == ""


def test_a_model_that_is_loaded_and_saved_takes_its_sentence_model_and_words_along(saved: Path, tmp_path: Path) -> None:
    LexLip.from_pretrained(saved).save_pretrained(tmp_path / "again", extra_files={"further.json": b"{}\n"})
    for name in (GRAPH_FILE, TOKENIZER_FILE, "neighbours.json"):
        assert (tmp_path / "again" / name).read_bytes() == (saved / name).read_bytes()
    assert ModelKind().check(tmp_path / "again", full=False).compared
    first, second = (LateQuery(one)("two red dogs") for one in (saved, tmp_path / "again"))
    assert np.array_equal(first.vectors, second.vectors)
    again = LexLip.from_pretrained(tmp_path / "again")
    again.save_pretrained(tmp_path / "again", extra_files={"neighbours.json": b'{"a": []}\n'}, force=True)
    assert (tmp_path / "again" / "neighbours.json").read_bytes() == b'{"a": []}\n'
    assert late_texts(LexLip.from_pretrained(tmp_path / "again"), ["dog"]).vectors.shape == (1, 3, 8)


def test_a_model_does_not_take_along_what_has_changed(saved: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(saved, tmp_path / "model"))
    model = LexLip.from_pretrained(folder)
    (folder / TOKENIZER_FILE).write_bytes(b"{}")
    with pytest.raises(ModelError, match=rf"{TOKENIZER_FILE} does not fit config\.json"):
        model.save_pretrained(tmp_path / "again")
    assert not (tmp_path / "again").exists()


@pytest.mark.parametrize("name", [GRAPH_FILE, TOKENIZER_FILE])
def test_check_finds_a_model_whose_config_leaves_its_sentence_model_out(saved: Path, tmp_path: Path, name: str) -> None:
    model, folder = LexLip.from_pretrained(saved), tmp_path / "model"
    kept = {key: value for key, value in model.config.files.items() if key != name}
    model.config = model.config.model_copy(update={"files": kept})
    model.save_pretrained(folder)
    with pytest.raises(DamageError, match=f"does not list {name}, which the model needs"):
        ModelKind().check(folder, full=False)


def test_several_threads_get_the_vectors_that_one_gets(saved: Path) -> None:
    query = LateQuery(saved)
    texts = [f"{'two ' * (n % 7)}red dog over {'circle ' * (n % 5)}" for n in range(60)]
    alone = [query(text).vectors for text in texts]
    with ThreadPoolExecutor(8) as threads:
        together = list(threads.map(query, texts))
    assert all(np.array_equal(one, other.vectors) for one, other in zip(alone, together, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "zebra",
        "dog " * 10_000,
        "\U0001f600 dog",
        "do\u0301g",
        "\u202edog\u202c \u05d0",
        "\x00\x01dog\x7f",
        "[MASK] dog",
    ],
    ids=["empty", "blank", "unknown", "long", "emoji", "combining", "right to left", "control", "special"],
)
def test_any_text_has_finite_vectors_of_its_known_tokens_only(saved: Path, text: str) -> None:
    found = LateQuery(saved)(text)
    assert found.is_empty == (not found.weights.size) == ("dog" not in text and text != "do\u0301g")
    assert np.linalg.norm(found.vectors, axis=1) == pytest.approx(np.ones(len(found.weights)), abs=1e-5)


def test_a_query_s_sentence_model_loads_neither_torch_nor_transformers(saved: Path) -> None:
    code = (
        "import sys; from lexlip_lucene.encoders.query.late_query import LateQuery; "
        f"assert not LateQuery({str(saved)!r})('dog').is_empty; "
        "sys.exit(', '.join({'torch', 'transformers', 'onnx'} & sys.modules.keys()) or 0)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stderr) == (0, "")
