"""Lines as Java reads them: accepted exactly when `parse_line` accepts them, with its messages."""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.index_dump import dump

from lexlip_lucene.errors import IndexingError, InputError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.vectors.json_vector import parse_line

NUMBERS = ["0", "1", "-0", "-1", "1.0", "1e2", "1E+2", "01", "1.", ".5", "16777215", "16777216", "99999999999999999999"]
NUMBERS += ["1e400", "9" * 400, "1e-400", "0e99999999", "-", "+1", "NaN", "true", "false", "null", '"7"', "[]", "{}"]
NUMBERS += ["1" + " " * 3, "123456789", "1234567890", "0x1", "1_0", "٣"]
TOKENS = ["a", "", " ", "a b", "\\t", "\\u0020", "\\u0061", "\\u00a0", "\\u2003", "\u2003", "\\u001c", "\\u0000", "🙂"]
TOKENS += [
    "\\ud83d\\ude42",
    "\\ud83d",
    "\\ude42",
    "\\ud83d\\ud83d\\ude42",
    "\\uD83Dx",
    "\\/",
    "\\x",
    "\\u12",
    "\t",
    "\x7f",
]
TOKENS += [
    "x" * 255,
    "x" * 256,
    "🙂" * 127,
    "🙂" * 128,
    "\u0085",
    "\u3000",
    "\\u00zz",
    "\\u-123",
    '\\"',
    "\\",
]
WHOLE = [
    "", " ", "null", "[]", "{}", '{"id": "x"}', '{"vector": {"a": 1}}', '{"id": "", "vector": {}}', "{", "}", "{} {}",
    '{"id": "x", "vector": {}}x', '{"id": "x", "vector": {},}', '{"id": "x" "vector": {}}',
    '{"id": "x", "vector": null}',
    '{"id": "x", "vector": []}', '{"id": 1, "vector": {}}', '{"id": null, "id": "x", "vector": {}}',
    '{"id": "x", "id": 1, "vector": {}}', '{"id": "x", "vector": {"a": 0}, "vector": {"b": 1}}',
    '{"id": "x", "vector": {"a b": 1}, "vector": {"b": 1}}', '{"id": "x", "vector": {"b": 1}, "vector": 5}',
    '{"id": "x", "vector": {"a": 0, "a": 1}}', '{"id": "x", "vector": {"a": 1, "a": 0}}',
    '{"id": "x", "vector": {"": 0, "a b": 0}}', '{"id": "x", "vector": {"a b": 5, "a b": 0}}',
    '{"id": "x", "vector": {"a b": 0, "a b": 5}}', '{"id": "x", "vector": {"a": "y", "a": 0}}',
    '{"id": "x", "vector": {"a": 1, "\\u0061": 2}}', '{"\\u0069d": "x", "vecto\\u0072": {"a": 1}}',
    '{"id": "x", "contents": 5, "vector": {}}', '{"id": "x", "contents": null, "vector": {}}',
    '{"id": "x", "contents": 5, "contents": "y", "vector": {}}', '{"id": "x", "contents": [], "vector": {}}',
    '{"id": "x", "contents": nul, "vector": {}}',
    '{"id": "x", "vector": {}, "other": {"a": [1, {"b": null}], "c": "d"}}',
    '{"id": "x", "vector": {}, "other": [1,]}', '{"id": "x", "vector": {}, "other": tru}', '{id: "x", "vector": {}}',
    '\t{ "id" :\r"x" , "vector" : { "a" : 3 , "b":4 } }\r', '{"id": "x", "vector": {"a": 1,}}', "{'id': 'x'}",
    '{"id": "x", "vector": {"a" 1}}', '{"id": "x", "vector": {"a":: 1}}', '\ufeff{"id": "x", "vector": {}}',
    '{"id": "x", "vector": {}, "d": ' + "[" * 1023 + "]" * 1023 + "}",
    '{"id": "x", "vector": {}, "d": ' + "[" * 1024 + "]" * 1024 + "}",
    '{"id": "x", "vector": {"a": ' + '{"a":' * 1022 + "1" + "}" * 1022 + '}, "vector": {}}',
    '{"id": "x", "vector": {"a": ' + '{"a":' * 1023 + "1" + "}" * 1023 + '}, "vector": {}}',
]  # fmt: skip
BYTES = [
    b'{"id": "\xff", "vector": {}}', b'{"id": "\xed\xa0\x80", "vector": {}}', b'{"id": "\xc0\x80", "vector": {}}',
    b'{"id": "x", "vector": {"\xf4\x90\x80\x80": 1}}', b'{"id": "x", "vector": {"\xf4\x8f\xbf\xbf": 1}}',
    b'{"id": "x", "vector": {}, "o": "\xe2\x82"}', b'{"id": "x", "vector": {}}\x00', b'{"id": "x\x00", "vector": {}}',
    b'{"id": "x", "vector": {"\xe2\x82', b'{"id": "x", "vector": {"a": 1', b'{"id": "\xf0\x9f', b'{"id": "\\u12',
    b'{"id": "x", "vector": {}, "o": "\xf0\x80\x80\x80"}', b'{"id": "x", "vector": {}, "o": "\x80"}',
]  # fmt: skip

counter = itertools.count()


def compare(lines: list[bytes], root: Path) -> None:
    """Index the lines that `parse_line` accepts all at once, and every other one by itself."""
    accepted = []
    for number, line in enumerate(lines):
        if not line.strip(b" \t\r"):
            continue  # a blank line is passed over
        try:
            accepted.append((parse_line(line, ""), line))
        except InputError:
            compare_refused(line, number, root)
    unique = {document.id: (document, line) for document, line in accepted}
    folder, index = root / f"c{next(counter)}", root / f"index{next(counter)}"
    folder.mkdir()
    if not unique:
        return
    (folder / "a.jsonl").write_bytes(b"\n \t\r\n\n".join(line for _, line in unique.values()))
    ImpactIndex.build(folder, index)
    found = dump(index)
    vectors: dict[str, dict[str, int]] = {docid: {} for docid in found.docids}
    for token, pairs in found.postings.items():
        for number, impact in pairs:
            vectors[found.docids[number]][token] = impact
    assert vectors == {docid: document.vector for docid, (document, _) in unique.items()}


def compare_refused(line: bytes, number: int, root: Path) -> None:
    folder = root / f"c{next(counter)}"
    folder.mkdir()
    shard = folder / "a.jsonl"
    shard.write_bytes(b'{"id": "before", "vector": {}}\n' * 1 + line + b"\n")
    with pytest.raises(InputError) as wanted:
        parse_line(line + b"\n", f"{shard}:2")
    with pytest.raises(InputError) as found:
        ImpactIndex.build(folder, root / "index")
    assert str(found.value) == str(wanted.value), (number, line)


def test_lines_that_break_readers(tmp_path: Path) -> None:
    lines = [line.encode() for line in WHOLE] + BYTES
    lines += [f'{{"id": "n{n}", "vector": {{"a": {text}}}}}'.encode() for n, text in enumerate(NUMBERS)]
    lines += [f'{{"id": "o{n}", "vector": {{}}, "o": {text}}}'.encode() for n, text in enumerate(NUMBERS)]
    lines += [f'{{"id": "t{n}", "vector": {{"{text}": 1}}}}'.encode() for n, text in enumerate(TOKENS)]
    lines += [f'{{"id": "{text}", "vector": {{}}}}'.encode() for text in TOKENS]
    compare([line for line in lines if b"\n" not in line], tmp_path)


def spelt(value: Any, draw: st.DrawFn) -> str:
    """Write `value` as JSON, with white space and escapes drawn at random."""
    white = st.sampled_from(["", "", " ", "\t", "\r "])
    if isinstance(value, dict):
        pairs = [f"{draw(white)}{spelt(k, draw)}{draw(white)}:{draw(white)}{spelt(v, draw)}" for k, v in value.items()]
        return "{" + f"{draw(white)},".join(pairs) + draw(white) + "}"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


# pyjnius drops U+FEFF from what the test reads back.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n\ufeff"), max_size=6)
others = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False, allow_infinity=False) | texts, st.lists, max_leaves=5
)


@st.composite
def json_lines(draw: st.DrawFn) -> bytes:
    impacts = st.integers(0, 300) | st.sampled_from([2**24 - 1, 2**24, 0, -3, 1.0, "1", None])
    record: dict[str, Any] = {
        "id": draw(texts | st.integers(-(2**65), 2**65)),
        "vector": draw(st.dictionaries(texts, impacts, max_size=5)),
    }
    record |= draw(st.dictionaries(st.sampled_from(["contents", "caption", "x"]), others, max_size=2))
    keys = draw(st.permutations(sorted(record)))
    line = bytearray(spelt({key: record[key] for key in keys}, draw).encode())
    for _ in range(draw(st.sampled_from([0, 0, 0, 1, 2]))):
        place = draw(st.integers(0, len(line) - 1))
        line[place : place + draw(st.integers(0, 2))] = draw(
            st.sampled_from([b"", b'"', b"0", b"\\", b"\xe9", b",", b"{"])
        )
    return bytes(line)


@settings(max_examples=25)
@given(lines=st.lists(json_lines(), min_size=5, max_size=20))
def test_acceptance_is_that_of_parse_line(lines: list[bytes], tmp_path_factory: pytest.TempPathFactory) -> None:
    compare([line for line in lines if b"\n" not in line], tmp_path_factory.mktemp("lines"))


def test_the_first_bad_line_is_named_whatever_the_threads(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    good = [
        f'{{"id": "{number}", "vector": {{"{number:0300}": 1}}}}'.replace("0" * 200, "") for number in range(90_000)
    ]
    (folder / "a.jsonl").write_text("\n".join(good))
    lines = [line.replace('"id": "', '"id": "b') for line in good]
    lines[30_000] = lines[35_000] = lines[39_999] = "{}"
    (folder / "b.jsonl").write_text("\n".join(lines))
    for threads in (1, 4):
        with pytest.raises(InputError, match=r'b.jsonl:30001: "id" must be a text'):
            ImpactIndex.build(folder, tmp_path / "index", threads=threads)


def test_an_id_that_lucene_does_not_take_is_named(tmp_path: Path) -> None:
    folder = tmp_path / "c"
    folder.mkdir()
    (folder / "a.jsonl").write_text(json.dumps({"id": "é" * 16_383, "vector": {}}, ensure_ascii=False))
    ImpactIndex.build(folder, tmp_path / "index")
    (folder / "a.jsonl").write_text(json.dumps({"id": "é" * 16_384, "vector": {}}, ensure_ascii=False))
    with pytest.raises(IndexingError, match=r'a.jsonl:1: .*: "id" has 32768 bytes, and Lucene takes 32766'):
        ImpactIndex.build(folder, tmp_path / "other")
