"""Single classes of the Java half, each against an oracle in Python.

pyjnius calls Java as native code does, so it reaches what is visible only inside a package, and nothing has to be made
public for a test.
"""

import io
import json
import math
import struct
from itertools import accumulate
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lexlip_lucene.errors import LexlipError
from lexlip_lucene.lucene.index.writer import packed
from lexlip_lucene.lucene.jvm.java_texts import unpack_texts
from lexlip_lucene.lucene.jvm.jvm import java_class, java_errors_as
from lexlip_lucene.records import Impacts

texts = st.text(st.characters(codec="utf-8"), max_size=12)
ODD = ["", *'{}[]",:\\0-.eE\x00\x1ft', "\\ud800", "\\u00e9", "00", "1e999"]
LONGS = st.integers(1, 2**61)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)


class Refused(LexlipError):
    """An exception of Java."""


def package_class(name: str, *constructors: str) -> Any:
    """Return the class `lexlip.name` of Java, with constructors of these signatures, which need not be public."""
    found = java_class(f"lexlip.{name}")
    if constructors:
        found.__javaconstructor__ = [(signature, False) for signature in constructors]
    return found


def java_bytes(array: Any) -> bytes:
    return bytes(byte & 0xFF for byte in array)


@given(scores=st.lists(st.integers(1, 9) | LONGS, max_size=3000), k=st.integers(1, 8))
def test_top_k_keeps_the_best_and_all_that_tie_with_the_last(scores: list[int], k: int) -> None:
    top = package_class("search.TopK", "(I)V")(k)
    for document, score in enumerate(scores):
        top.add(score, document)
    top.shrink()
    last = sorted(scores, reverse=True)[:k][-1:] or [1]
    kept = {(top.score(place), top.document(place)) for place in range(top.size())}
    assert kept == {(score, document) for document, score in enumerate(scores) if score >= last[0]}
    assert top.threshold() == (last[0] if len(scores) > k else 1)


def test_top_k_grows_when_more_documents_tie_than_it_has_room_for() -> None:
    top = package_class("search.TopK", "(I)V")(3)
    for document in range(5000):
        top.add(7, document)
    top.shrink()
    assert sorted(top.document(place) for place in range(top.size())) == list(range(5000))


@given(a=LONGS, b=LONGS)
def test_sums_are_exact_or_refused(a: int, b: int) -> None:
    sums = package_class("search.Sums")
    assert sums.add(a, b) == a + b
    with pytest.raises(Refused, match=r"a score may reach 2\^63"), java_errors_as(Refused, "sum"):
        sums.add(2**63 - 1 - a, a + b + 1)


@given(st.lists(texts))
def test_texts_come_to_python_as_they_are(given_texts: list[str]) -> None:
    listed = java_class("java.util.ArrayList")()
    packing = package_class("build.Packed")
    for text in packing.texts(*packed(given_texts)):
        listed.add(text)
    assert unpack_texts(bytes(package_class("search.Texts").pack(listed).tostring())) == given_texts


@given(st.lists(texts))
def test_texts_go_to_java_with_their_beginnings(given_texts: list[str]) -> None:
    starts = package_class("build.Packed").starts(packed(given_texts).lengths)
    assert list(starts) == list(accumulate((len(text.encode()) for text in given_texts), initial=0))


@given(st.lists(st.integers(-(2**31), 2**31 - 1)))
def test_integers_go_to_java_as_they_are(numbers: list[int]) -> None:
    assert list(package_class("build.Packed").ints(struct.pack(f"<{len(numbers)}i", *numbers))) == numbers


@given(st.lists(st.integers(0, 2**31 - 1) | st.integers(0, 300), min_size=1))
def test_varints_come_back(numbers: list[int]) -> None:
    written = package_class("build.Bytes", "(I)V")(1)
    for number in numbers:
        written.writeVarint(number)
    written.trim()
    assert written.length == sum(max(1, -(-number.bit_length() // 7)) for number in numbers)
    read = package_class("build.Varints", "([BI)V")(java_bytes(written.array), 0)
    assert [read.next() for _ in numbers] == numbers
    assert read.place == written.length


@settings(max_examples=300)
@given(st.binary(min_size=1, max_size=4) | texts.filter(bool).map(str.encode))
def test_a_code_point_is_read_if_python_reads_it(encoded: bytes) -> None:
    utf8 = package_class("build.Utf8")
    first = next((text for text in map(_decoded, (encoded[:length] for length in range(1, 5))) if text), None)
    if first is None:
        with pytest.raises(Refused, match="it is not valid UTF-8"), java_errors_as(Refused, "utf-8"):
            utf8.codePoint(encoded, 0, len(encoded))
        return
    assert utf8.codePoint(encoded, 0, len(encoded)) == ord(first)
    assert utf8.length(ord(first)) == len(first.encode())
    written = package_class("build.Bytes", "(I)V")(1)
    utf8.write(written, ord(first))
    written.trim()
    assert java_bytes(written.array) == first.encode()


def _decoded(encoded: bytes) -> str | None:
    try:
        return encoded.decode()
    except UnicodeDecodeError:
        return None


def test_a_token_is_kept_whole_unless_it_has_white_space_of_java() -> None:
    utf8, character = package_class("build.Utf8"), java_class("java.lang.Character")
    codes = [code for code in range(0x3100) if not 0xD800 <= code < 0xE000]
    kept = {code for code in codes if utf8.keptWhole(chr(code).encode(), 0, len(chr(code).encode()))}
    assert kept == {code for code in codes if not character.isWhitespace(code)}


@pytest.mark.parametrize(("token", "kept"), [("", False), ("x" * 255, True), ("x" * 256, False), ("🙂" * 128, False)])
def test_a_token_is_kept_whole_up_to_255_units_of_utf_16(token: str, kept: bool) -> None:
    encoded = token.encode()
    assert package_class("build.Utf8").keptWhole(encoded, 0, len(encoded)) == kept


@settings(max_examples=300)
@given(value=values, where=st.floats(0, 1), odd=st.sampled_from(ODD))
def test_json_is_read_if_orjson_reads_it(value: object, where: float, odd: str) -> None:
    """A value of a key that nobody asked for, with something odd in it somewhere."""
    written = json.dumps(value)
    place = round(where * len(written))
    line = f'{{"id": "a", "vector": {{}}, "more": {written[:place]}{odd}{written[place:]}}}'.encode()
    try:
        orjson.loads(line)
    except orjson.JSONDecodeError:
        with pytest.raises(Refused, match="JSON"), java_errors_as(Refused, "line"):
            parsed(line)
    else:
        assert parsed(line) == (b"a", {})


@given(
    docid=texts.filter(bool),
    vector=st.dictionaries(texts, st.integers(1, 2**24 - 1), max_size=5),
    ascii_only=st.booleans(),
)
def test_a_line_becomes_its_id_and_its_impacts(docid: str, vector: Impacts, ascii_only: bool) -> None:
    whole = {token: impact for token, impact in vector.items() if token and not any(map(is_white, token))}
    line = json.dumps({"vector": whole, "id": docid}, ensure_ascii=ascii_only).encode()
    assert parsed(line) == (docid.encode(), {token.encode(): impact for token, impact in whole.items()})


def is_white(character: str) -> bool:
    return bool(java_class("java.lang.Character").isWhitespace(ord(character)))


def parsed(line: bytes) -> tuple[bytes, dict[bytes, int]]:
    """Return the id and the vector that Java's reader of lines finds in `line`."""
    nothing = java_class("java.util.ArrayList")()
    wanted = package_class("build.KeptKeys", "(Ljava/util/List;Ljava/util/List;)V")(nothing, nothing)
    terms = package_class("build.TermTable", "()V")()
    block = package_class("build.Block", "(JLlexlip/build/TermTable;)V")(0, terms)
    parser = package_class("build.LineParser", "(Llexlip/build/TermTable;Llexlip/build/KeptKeys;)V")(terms, wanted)
    parser.parse(line + b"\n", 0, len(line), block)
    block.ids.trim()
    terms.pool.trim()
    pool, starts = java_bytes(terms.pool.array), list(terms.starts())
    entries = package_class("build.Varints", "([BI)V")(java_bytes(block.vectors.array), 0)
    vector = {}
    for _ in range(entries.next()):
        term = entries.next()
        vector[pool[starts[term] : starts[term + 1]]] = entries.next()
    return java_bytes(block.ids.array), vector


@given(
    rows=st.lists(st.dictionaries(texts, values, max_size=3), max_size=4),
    listed=st.booleans(),
    indent=st.none() | st.integers(0, 3),
)
def test_the_values_of_a_json_file_become_a_line_each(
    rows: list[dict[str, object]], listed: bool, indent: int | None
) -> None:
    written = json.dumps(rows, indent=indent) if listed else " \n".join(json.dumps(row, indent=indent) for row in rows)
    assert [json.loads(line) for line in lines_of(written)] == rows


@pytest.mark.parametrize(
    "odd", ['[{"a": 1}', "[1]", '[{"a": 1} {"b": 2}]', '[{"a": 1},]', '[{"a": 1}]]', '{"a": 1', "x", "[,]"]
)
def test_a_damaged_json_file_has_a_line_that_is_refused(odd: str) -> None:
    assert any(_unread(line) for line in lines_of(odd))


def _unread(line: bytes) -> bool:
    try:
        return not isinstance(json.loads(line), dict)
    except json.JSONDecodeError:
        return True


def lines_of(written: str) -> list[bytes]:
    stream = java_class("java.io.ByteArrayInputStream")(written.encode())
    found = package_class("build.JsonValues", "(Ljava/io/InputStream;)V")(stream).readAllBytes()
    return io.BytesIO(bytes(found.tostring())).readlines()


@given(st.lists(st.sampled_from(["", "a", "b", "aa", "é", "🙂", "\uffff"]) | texts))
def test_texts_are_sorted_by_their_bytes_and_the_first_repeated_one_is_found(given_texts: list[str]) -> None:
    pool, lengths = packed(given_texts)
    starts = list(package_class("build.Packed").starts(lengths))
    sorted_texts = package_class("build.SortedTexts", "([B[I)V")(pool, starts)
    encoded = [text.encode() for text in given_texts]
    assert [encoded[place] for place in sorted_texts.order] == sorted(encoded)
    assert (sorted_texts.firstRepeated() >= 0) == (len(set(encoded)) < len(encoded))


@given(st.lists(texts))
def test_terms_are_numbered_in_the_order_of_their_first_sight(given_texts: list[str]) -> None:
    terms = package_class("build.TermTable", "()V")()
    numbers = {text: number for number, text in enumerate(dict.fromkeys(given_texts))}
    found = [terms.add(text.encode(), 0, len(text.encode())) for text in given_texts]
    assert found == [numbers[text] for text in given_texts]
    assert terms.size() == len(numbers)


pairs = st.tuples(st.floats(allow_nan=False, allow_infinity=False, width=32), st.integers(0, 2**31 - 1))


@given(st.lists(pairs, min_size=1, unique_by=lambda pair: pair[1]), st.data())
def test_pairs_of_a_float_and_a_number_sort_as_integers(
    given_pairs: list[tuple[float, int]], data: st.DataObject
) -> None:
    ranked = package_class("order.Ranked")
    keys = {ranked.key(*pair): pair for pair in given_pairs}
    in_order = [keys[key] for key in sorted(keys)]
    assert in_order == sorted(given_pairs)
    assert [ranked.value(key) for key in sorted(keys)] == [value for value, _ in in_order]
    rank = data.draw(st.integers(0, len(keys) - 1))
    assert keys[ranked.smallest(list(keys), rank)] == in_order[rank]


@given(st.integers(1, 1 << 15) | st.integers(1, 2**31 - 1))
def test_logarithms_are_those_of_floats(count: int) -> None:
    found = package_class("order.Logarithms").of(count)
    assert found == pytest.approx(math.log2(count), abs=float(np.spacing(np.float32(math.log2(count) + 1))))


def test_the_logarithm_of_no_document_counts_as_nothing() -> None:
    assert package_class("order.Logarithms").of(0) == 0
