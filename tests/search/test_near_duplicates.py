"""Near-duplicates of an index: exactly the pairs that a comparison of all with all finds, in groups."""

import math
import random
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.dict_searcher import DictSearcher
from support.looks import CODES, looks_index

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Impacts
from lexlip_lucene.search import all_looks, near_duplicates
from lexlip_lucene.search.all_looks import read_looks
from lexlip_lucene.search.near_duplicates import NearDuplicates
from lexlip_lucene.search.near_duplicates import near_duplicates as found_in
from lexlip_lucene.words.visual_words import parted, visual_word

VISUAL = {"visual_sha256": "2" * 64, "visual_codes": str(CODES)}
WORDS = [visual_word(code) for code in (0, 7, 417, 8190, 8191)]

impacts = st.one_of(st.integers(1, 255), st.sampled_from([1, 2, 255]))
looks = st.dictionaries(st.sampled_from(WORDS), impacts, max_size=5)
copied = st.tuples(looks, st.integers(1, 4), st.dictionaries(st.sampled_from(WORDS), st.integers(1, 3), max_size=2))
"""Looks, how often they occur (so identical ones and small differences are frequent), and a difference."""


@st.composite
def collections(draw: st.DrawFn) -> dict[str, Impacts]:
    vectors: dict[str, Impacts] = {}
    for number, (own, times, difference) in enumerate(draw(st.lists(copied, min_size=1, max_size=6))):
        for copy in range(times):
            changed = {word: own.get(word, 0) + difference.get(word, 0) * (copy // 2) for word in {*own, *difference}}
            seen = {word: impact for word, impact in changed.items() if impact}
            vectors[f"d{number}{'é' if copy == 3 else copy}"] = {**seen, "dog": 200, "v1": 9}
    return vectors


def found(vectors: dict[str, Impacts], above: float) -> NearDuplicates:
    return found_in(DictSearcher(vectors, VISUAL), above)


def small(patch: pytest.MonkeyPatch) -> None:
    """Let searches have few hits at first and at once, so that k has to grow and the work is cut in pieces."""
    patch.setattr(near_duplicates, "FIRST_HITS", 1)
    patch.setattr(near_duplicates, "HITS_AT_ONCE", 3)
    patch.setattr(all_looks, "POSTINGS_AT_ONCE", 4)


def cosine(a: Impacts, b: Impacts) -> float:
    product = sum(impact * b.get(word, 0) for word, impact in a.items())
    lengths = sum(impact**2 for impact in a.values()) * sum(impact**2 for impact in b.values())
    return product / math.sqrt(lengths) if lengths else 0.0


def all_pairs(vectors: dict[str, Impacts], above: float) -> set[frozenset[str]]:
    """Compare all with all."""
    seen = {docid: parted(vector).looks for docid, vector in vectors.items()}
    return {frozenset(pair) for pair in combinations(seen, 2) if cosine(*map(seen.__getitem__, pair)) >= above}


def stood_for(result: NearDuplicates, vectors: dict[str, Impacts]) -> set[frozenset[str]]:
    """Return the pairs of a result with what the first of identical documents stands for."""
    listed = {frozenset(pair[:2]) for group in result.groups for pair in group.pairs}
    whole = set(listed)
    seen = {docid: parted(vector).looks for docid, vector in vectors.items()}
    for first, second in combinations(seen, 2):
        a = min(docid for docid in seen if seen[docid] == seen[first])
        b = min(docid for docid in seen if seen[docid] == seen[second])
        if seen[first] and (a == b or frozenset((a, b)) in listed):
            whole.add(frozenset((first, second)))
    return whole


def components(pairs: set[frozenset[str]]) -> set[frozenset[str]]:
    groups: list[set[str]] = []
    for pair in pairs:
        touched = [group for group in groups if group & pair]
        groups = [group for group in groups if group not in touched] + [set(pair).union(*touched)]
    return {frozenset(group) for group in groups}


@given(vectors=collections(), above=st.sampled_from([0.05, 0.3, 0.7, 0.95, 1.0]))
@settings(max_examples=60)
def test_the_pairs_are_those_of_a_comparison_of_all_with_all(vectors: dict[str, Impacts], above: float) -> None:
    with pytest.MonkeyPatch.context() as patch:
        small(patch)
        result = found(vectors, above)
    expected = all_pairs(vectors, above)
    assert stood_for(result, vectors) == expected
    members = [{member.docid for member in group.members} for group in result.groups]
    assert {frozenset(group) for group in members} == components(expected)
    assert result.documents == len(vectors)
    assert result.without_looks == sum(not parted(vector).looks for vector in vectors.values())
    seen = {docid: parted(vector).looks for docid, vector in vectors.items()}
    for group in result.groups:
        first = group.members[0].docid
        for member in group.members:
            assert member.similarity == pytest.approx(cosine(seen[first], seen[member.docid]), abs=1e-12)
        for a, b, similarity in group.pairs:
            assert a < b and similarity == pytest.approx(cosine(seen[a], seen[b]), abs=1e-12)


@pytest.fixture(scope="module")
def many() -> dict[str, Impacts]:
    """Return 300 documents of 40 visual words, a third of them altered copies, of which some are much shorter."""
    chance = random.Random(7)
    words = [visual_word(code) for code in chance.sample(range(CODES), 40)]
    vectors: dict[str, Impacts] = {}
    for number in range(200):
        own = {word: chance.randint(1, 255) for word in chance.sample(words, chance.randint(0, 12))}
        vectors[f"é{number}"] = {"dog": 7, **own}
        if number % 2:
            share = chance.choice([0.1, 0.9, 1.0])
            vectors[f"copy {number}"] = {"cat": 7, **{word: max(1, int(i * share)) for word, i in own.items()}}
    return vectors


@pytest.fixture(scope="module")
def index(many: dict[str, Impacts], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return looks_index(tmp_path_factory.mktemp("many"), many)


@pytest.mark.parametrize("above", [0.4, 0.95])
def test_lucene_finds_the_same_pairs_as_a_comparison_of_all_with_all(
    index: Path, many: dict[str, Impacts], above: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    small(monkeypatch)
    with ImpactSearcher(index) as searcher:
        result = found_in(searcher, above, threads=2)
    assert stood_for(result, many) == all_pairs(many, above)
    assert result == found(many, above)


def test_the_looks_read_from_the_postings_are_those_of_the_vectors(index: Path, many: dict[str, Impacts]) -> None:
    with ImpactSearcher(index) as searcher:
        looks = read_looks(searcher)
    seen = {docid: parted(vector).looks for docid, vector in many.items()}
    assert {docid: looks.of(row) for row, docid in enumerate(looks.docids)} == {k: v for k, v in seen.items() if v}
    assert looks.docids == sorted(looks.docids, key=str.encode)
    assert looks.squares().tolist() == [sum(i**2 for i in seen[docid].values()) for docid in looks.docids]


A, B, C = WORDS[:3]


def test_a_short_vector_finds_its_longer_copy_behind_many_that_score_more(tmp_path: Path) -> None:
    """The copy has 1/10 of the length, so for the long one a hundred unlike documents score more than it."""
    vectors = {f"noise{number:03d}": {A: 255, B: 40 + number} for number in range(100)}
    vectors |= {"long": {A: 100, C: 200}, "short": {A: 10, C: 20}}
    result = found(vectors, 0.999)
    assert {"long", "short"} in [{member.docid for member in group.members} for group in result.groups]


def test_the_first_of_a_group_is_the_most_typical_and_the_others_follow_by_similarity_to_it() -> None:
    """The directions are at 21.8°, 31.0°, 38.7° and 31.4°: the cosines of m to others are .987, .991 and 1.000."""
    vectors = {"a": {A: 100, B: 40}, "m": {A: 100, B: 60}, "z": {A: 100, B: 80}, "y": {A: 100, B: 61}}
    [group] = found(vectors, 0.97).groups
    assert [member.docid for member in group.members] == ["m", "y", "z", "a"]
    similarities = [member.similarity for member in group.members]
    assert similarities[0] == 1.0 and similarities == sorted(similarities, reverse=True)
    assert [pair.similarity for pair in group.pairs] == sorted((pair.similarity for pair in group.pairs), reverse=True)


def test_larger_groups_come_first_then_those_that_are_more_alike_then_by_docid(tmp_path: Path) -> None:
    far, near = {A: 100, B: 10}, {A: 100, B: 13}
    others = [visual_word(code) for code in range(20, 24)]
    vectors = {
        **{f"three{number}": {others[0]: 9} for number in range(3)},
        **{f"b{number}": {others[1]: 9} for number in range(2)},
        **{f"a{number}": {others[2]: 9} for number in range(2)},
        "0": far,
        "1": near,
    }
    groups = [[member.docid for member in group.members] for group in found(vectors, 0.9).groups]
    assert groups == [["three0", "three1", "three2"], ["a0", "a1"], ["b0", "b1"], ["0", "1"]]


def test_identical_documents_are_alike_by_exactly_1_and_pair_with_the_first_only() -> None:
    own = {A: 3, B: 255, C: 17}
    [group] = found({f"d{number}": own for number in range(5)}, 1.0).groups
    assert group.least == 1.0
    assert [(pair.first, pair.second) for pair in group.pairs] == [("d0", f"d{number}") for number in range(1, 5)]


def test_documents_of_the_same_words_but_no_looks_are_in_no_group_and_counted() -> None:
    result = found({"a": {"dog": 9}, "b": {"dog": 9}, "c": {}, "d": {A: 5}, "e": {A: 5, "cat": 1}}, 0.5)
    assert [[member.docid for member in group.members] for group in result.groups] == [["d", "e"]]
    assert (result.documents, result.without_looks, result.grouped) == (5, 3, 2)


def test_a_document_that_was_deleted_is_in_no_group(tmp_path: Path) -> None:
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex

    index = looks_index(tmp_path, {"a": {A: 5}, "b": {A: 5}, "c": {A: 5, B: 1}})
    with ImpactIndex.open(index) as opened:
        opened.delete(["b"])
    with ImpactSearcher(index) as searcher:
        [group] = found_in(searcher, 0.5).groups
    assert [member.docid for member in group.members] == ["a", "c"]


@pytest.mark.parametrize("above", [0.0, -0.1, 1.01, float("nan")])
def test_a_similarity_that_no_pair_can_be_asked_for_is_refused(above: float) -> None:
    with pytest.raises(InputError, match="above 0"):
        found({"a": {A: 5}}, above)


def test_an_index_without_visual_words_says_how_to_get_them() -> None:
    with pytest.raises(SearchError, match=r"no visual words.*lexlip train-visual"):
        found_in(DictSearcher({"a": {A: 5}, "b": {A: 5}}, {}))
