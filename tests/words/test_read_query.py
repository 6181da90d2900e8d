"""A typed query read by a model of a few words: what counts, what is unknown, what is offered."""

import re
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import ModelError
from lexlip_lucene.records import Impacts
from lexlip_lucene.search.caption_query import CaptionQuery
from lexlip_lucene.words.cut_word import CutWord, as_cut
from lexlip_lucene.words.function_words import FUNCTION_WORDS, capped
from lexlip_lucene.words.read_query import QueryReader, ReadQuery
from lexlip_lucene.words.spelling import Spelling
from lexlip_lucene.words.word_files import WordFiles, parse_counts, parse_neighbours, parse_pieced, pieced_words

WEIGHTS: Mapping[str, int] = {"the": 139, "a": 9, "dog": 100, "dogs": 110, "striped": 80, "blue": 120, "zebra": 90}
PIECES = {"skateboarder": ("skate", "##boarder"), "giraffe": ("gi", "##raffe"), "dgo": ("d", "##go")}
TOKENS = (*WEIGHTS, "skate", "##boarder", "gi", "##raffe", "d")


def cut(text: str) -> list[CutWord]:
    found = re.finditer(r"\w+", text)
    return [as_cut(text, each.start(), each.end(), PIECES.get(each[0].lower(), (each[0].lower(),))) for each in found]


def encode(text: str) -> Impacts:
    return {token: WEIGHTS.get(token, 50) for word in cut(text) for token in word.tokens if token in TOKENS}


def read(text: str, neighbours: Mapping[str, tuple[str, ...]] | None = None, pieced: str | None = None) -> ReadQuery:
    files = WordFiles(neighbours or {}, None if pieced is None else frozenset(pieced.split()))
    return QueryReader(encode, cut, TOKENS, files).read(text)


def test_a_word_with_a_piece_outside_the_lexicon_is_unknown_as_a_whole() -> None:
    found = read("a blue dgo")
    assert found.unknown == ["dgo"] and "d" not in found.weights and "blue" in found.weights
    assert found.suggestions == {"dgo": ["dog"]} and found.nearest == {}


@pytest.mark.parametrize(("pieced", "known"), [(None, True), ("skateboarder", True), ("giraffe", False)])
def test_pieces_count_if_training_saw_the_word_cut_so(pieced: str | None, known: bool) -> None:
    found = read("Skateboarder", pieced=pieced)
    assert (set(found.weights) == {"skate", "##boarder"}) is known
    assert found.unknown == ([] if known else ["skateboarder"])


def test_an_unknown_word_comes_with_its_nearest_known_ones() -> None:
    found = read("the giraffe and a dog", {"giraffe": ("zebra", "animal")}, pieced="")
    assert (found.unknown, found.nearest) == (["giraffe"], {"giraffe": ["zebra"]}), "animal is not in the lexicon"
    assert found.suggestions == {}, "a word that is known to be another one is no misspelling"


@pytest.mark.parametrize("text", ["a giraffe", "the giraffe", "the without dog"])
def test_if_only_function_words_are_left_nothing_is_searched(text: str) -> None:
    assert read(text, pieced="").weights == {}


def test_function_words_only_are_a_query() -> None:
    assert read("the").weights == {"the": 139} and read("the").unknown == []


def test_an_unknown_plural_counts_as_its_known_singular() -> None:
    assert read("zebras").weights == {"zebra": 90} and read("zebras").unknown == []


def test_excluded_words_are_tokens_or_unknown() -> None:
    found = read("dog -dogs -giraffe", pieced="")
    assert (found.excluded, found.unknown, found.weights) == (["dogs"], ["giraffe"], {"dog": 100})


def test_negated_words_do_not_count_and_their_exclusion_is_proposed() -> None:
    found = read("a blue zebra without a dog")
    assert set(found.weights) == {"a", "blue", "zebra"} and found.excluded == []
    assert found.proposed_exclusions == ["dog"] and found.words == "a blue zebra"


@given(st.dictionaries(st.sampled_from([*sorted(FUNCTION_WORDS)[:9], "dog", "snow", "red"]), st.integers(1, 255)))
def test_no_function_word_outranks_content(weights: Impacts) -> None:
    held = capped(weights)
    content = {token: weight for token, weight in weights.items() if token not in FUNCTION_WORDS}
    assert {token: held[token] for token in content} == content and set(held) == set(weights)
    if content:
        assert list(held.values()) == sorted(held.values(), reverse=True)
        assert all(weight <= min(content.values()) for token, weight in held.items() if token not in content)
    else:
        assert held == weights


@given(st.lists(st.sampled_from([*WEIGHTS, *PIECES, "xyzzy", "-dog", "without", "and"])))
def test_only_tokens_of_the_lexicon_have_weights_and_each_content_word_is_accounted_for(typed: list[str]) -> None:
    found = read(" ".join(typed), pieced="skateboarder")
    assert set(found.weights) <= set(TOKENS) and not set(found.weights) & set(found.excluded)
    assert set(found.nearest) | set(found.suggestions) == set(found.unknown)
    assert not set(found.unknown) & (FUNCTION_WORDS | {"dog", "blue", "skateboarder"})


def test_suggestions_are_near_and_common_ones_come_first() -> None:
    spelling = Spelling(["dog", "dig", "log", "dogs", "skateboard", "##dog"])
    assert spelling.suggestions("dgo") == ["dog"]
    assert spelling.suggestions("dqg", most=2) == ["dog", "dig"]
    assert spelling.suggestions("skaetbord") == ["skateboard"] and spelling.suggestions("do") == []


def test_words_that_captions_have_far_more_rarely_than_others_are_not_offered() -> None:
    spelling = Spelling(["doo", "dig", "dog", "dogs"], {"doo": 8, "dig": 4000, "dog": 20_000, "dogs": 3000})
    assert spelling.suggestions("dgo") == ["dog"], "doo is likely to be misspelt itself"
    assert spelling.suggestions("dqg") == ["dog", "dig"], "the common one first"
    assert Spelling(["doo"], {"doo": 8, "dog": 20_000}).suggestions("dgo") == ["doo"], "only known words count"


def test_an_unknown_plural_has_the_neighbours_of_its_singular() -> None:
    assert read("giraffes", {"giraffe": ("zebra",)}, pieced="").nearest == {"giraffes": ["zebra"]}


def test_the_list_of_pieced_words_has_those_whose_pieces_are_all_known() -> None:
    captions = ["A Skateboarder and a dgo", "the skateboarder, a giraffe"]
    assert pieced_words(map(cut, captions), set(TOKENS)) == b'["giraffe","skateboarder"]\n'
    assert pieced_words(map(cut, captions), set(TOKENS), min_count=2) == b'["skateboarder"]\n'


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"a": "b"}', b'{"a": [1]}', b"3"])
def test_files_that_are_not_what_they_must_be_are_named(content: bytes) -> None:
    for parse in (parse_neighbours, parse_pieced, parse_counts):
        with pytest.raises(ModelError, match=r"words\.json"):
            parse(content, "words.json")


class Captions:
    """Captions that have some words: each is a token `caption:word` of weight 70."""

    def __init__(self, *words: str) -> None:
        self.words = words

    def ask(self, text: str) -> CaptionQuery:
        found = {f"caption:{word}": word for word in re.findall(r"\w+", text.lower()) if word in self.words}
        return CaptionQuery(dict.fromkeys(found, 70), found)


def test_a_word_that_only_captions_have_counts_and_is_not_unknown() -> None:
    found = read("a blue dgo by a giraffe", {"giraffe": ("zebra",)}, pieced="").with_captions(Captions("dgo").ask)
    assert found.weights == {"blue": 120, "caption:dgo": 70, "a": 9}
    assert found.unknown == ["giraffe"] and found.nearest == {"giraffe": ["zebra"]}
    assert found.suggestions == {}, "what a caption says is no misspelling"


def test_an_excluded_word_is_excluded_from_captions_too() -> None:
    found = read("blue -dog -alps -nowhere").with_captions(Captions("dog", "alps", "blue").ask)
    assert found.excluded == ["dog", "caption:dog", "caption:alps"]
    assert found.weights == {"blue": 120, "caption:blue": 70}
    assert found.unknown == ["nowhere"]


def test_a_negated_word_does_not_count_in_captions() -> None:
    found = read("blue without dog").with_captions(Captions("dog", "blue").ask)
    assert found.weights == {"blue": 120, "caption:blue": 70} and found.excluded == []


def test_captions_without_a_word_of_the_query_change_nothing() -> None:
    before = read("a blue dgo -giraffe", pieced="")
    assert before.with_captions(Captions().ask) == before


def test_the_rules_of_typed_words_are_not_for_words_that_these_call_for() -> None:
    def calling(text: str) -> Impacts:
        encoded = encode(text)
        return encoded | {"striped": 7, "dog": 6} if "zebra" in encoded else encoded

    found = QueryReader(calling, cut, TOKENS).read("the zebra")
    assert found.weights == {"zebra": 90, "the": 90, "striped": 7, "dog": 6}, "dogs would be the form of a word called"
    assert found.called == ["striped", "dog"]


def test_other_forms_are_among_the_tokens_that_were_not_typed() -> None:
    found = read("a dog")
    assert found.weights == {"dog": 100, "dogs": 30, "a": 9} and found.called == ["dogs"]


CALLED = {"zebra": {"striped": 30, "dog": 9}, "blue": {"striped": 6}}


def calling(text: str) -> Impacts:
    own = encode(text)
    further = [(token, weight) for word in own for token, weight in CALLED.get(word, {}).items() if token not in own]
    return own | {token: max(weight for each, weight in further if each == token) for token, _ in further}


def test_what_stands_after_without_is_not_called_for_by_another_word() -> None:
    found = QueryReader(calling, cut, TOKENS).read("zebra without dog")
    assert found.weights == {"zebra": 90, "striped": 30} and found.called == ["striped"]
    assert found.proposed_exclusions == ["dog"]


def test_the_caller_of_a_token_is_the_word_that_gives_it_most() -> None:
    reader = QueryReader(calling, cut, TOKENS)
    assert reader.callers(reader.read("blue zebra")) == {"striped": "zebra", "dog": "zebra"}
