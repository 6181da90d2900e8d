"""Queries of several threads with one model: the tokenizer is set when the model is made, and no query changes it."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any, cast

import pytest
from support import tiny
from support.cli_run import done
from tokenizers import Tokenizer

from lexlip_lucene import LexLipQueryEncoder
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tokenizer import cut_at, encoded, uncut
from lexlip_lucene.encoders.query.onnx_query import OnnxQuery
from lexlip_lucene.records import Impacts
from lexlip_lucene.serve.query_model import QueryModel

THREADS, ROUNDS = 8, 40
TEXTS = [f"{'a red dog and two blue cats run ' * 200} {word}" for word in tiny.WORDS] + ["star", "", "two cats"]
"""Long ones too: a tokenizer at work on them is one that another thread would find borrowed."""

SIDES = {"static": tiny.STATIC, "transformer": tiny.BERT}


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("models")
    for name, text in SIDES.items():
        tiny.lexlip(text=text).save_pretrained(root / name)
        done("export", "onnx", root / name, root / f"{name}.onnx")
    return root


def in_threads(encode: Callable[[str], Impacts]) -> list[list[Impacts]]:
    """Encode all texts in every thread, all of them beginning at once."""
    together = Barrier(THREADS)

    def all_of_them(_: int) -> list[Impacts]:
        together.wait()
        return [encode(TEXTS[number % len(TEXTS)]) for number in range(ROUNDS)]

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(all_of_them, range(THREADS)))


@pytest.mark.parametrize("name", ["static", "transformer", "static.onnx", "transformer.onnx"])
def test_threads_give_the_queries_of_one(name: str, folders: Path) -> None:
    encoder = LexLipQueryEncoder(folders / name)
    expected = [encoder.encode(TEXTS[number % len(TEXTS)]) for number in range(ROUNDS)]
    assert in_threads(encoder.encode) == [expected] * THREADS
    served = QueryModel(folders / name)
    assert in_threads(served.text) == [expected] * THREADS
    assert [served.token_of(word) for word in ("dog", "zebra", "runs")] == ["dog", None, None]


class Unchangeable:
    """A tokenizer whose settings can't be changed, not even to what they are."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        assert not name.startswith(("enable_", "no_")), f"a query calls {name}"
        return getattr(self._tokenizer, name)


@pytest.mark.parametrize("name", SIDES)
def test_no_query_sets_the_tokenizer(name: str, folders: Path) -> None:
    model, graph = LexLip.from_pretrained(folders / name), OnnxQuery(folders / f"{name}.onnx")
    expected = [(model.encode_texts([text]), graph.encode(text)) for text in TEXTS]
    model.tokenizer = cast(Tokenizer, Unchangeable(model.tokenizer))
    graph._tokenizer = cast(Tokenizer, Unchangeable(graph._tokenizer))
    assert [(model.encode_texts([text]), graph.encode(text)) for text in TEXTS] == expected


def test_a_model_s_tokenizer_is_not_changed_by_queries_saving_or_exporting(folders: Path, tmp_path: Path) -> None:
    model = tiny.lexlip()
    state = model.tokenizer.to_str()
    assert model.tokenizer.truncation["max_length"] == model.config.text.max_length
    model.encode_texts(TEXTS)
    model.save_pretrained(tmp_path / "model")
    done("export", "onnx", tmp_path / "model", tmp_path / "model.onnx")
    assert model.tokenizer.to_str() == state


def test_a_copy_leaves_texts_whole_and_the_tokenizer_as_it_is() -> None:
    tokenizer = tiny.tokenizer()
    whole = tokenizer.to_str()
    cut_at(tokenizer, 4)
    assert [len(one.ids) for one in encoded(tokenizer, ["a red dog run over two"], max_length=4)] == [4]
    assert uncut(tokenizer).to_str() == whole
    assert tokenizer.truncation["max_length"] == 4


@pytest.mark.parametrize("changed", [{"stride": 1}, {"direction": "left"}, {"strategy": "only_first"}])
def test_a_tokenizer_file_that_cuts_in_another_way_is_set_like_any_other(changed: dict[str, object]) -> None:
    text, tokenizer = "a red dog run over two", tiny.tokenizer()
    (expected,) = encoded(tiny.tokenizer(), [text], max_length=6)
    tokenizer.enable_truncation(6, **changed)
    tokenizer.enable_padding(length=32)
    (one,) = encoded(tokenizer, [text], max_length=6)
    assert one.ids == expected.ids
