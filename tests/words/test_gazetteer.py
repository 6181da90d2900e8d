"""The gazetteer against a plain search over words."""

from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.words.entity_names import name_words, words_of_term
from lexlip_lucene.words.gazetteer import Gazetteer

WORDS = st.sampled_from(["new", "york", "times", "a", "ab", "b"])
NAMES = st.lists(WORDS, min_size=1, max_size=3)
TERMS = st.builds(lambda kind, words: f"e{kind}_{'_'.join(words)}", st.sampled_from(["per", "loc"]), NAMES)


def reference(terms: set[str], words: list[str]) -> set[str]:
    """Take the longest name at the first place that has one, and resume after it."""
    found: set[str] = set()
    at = 0
    while at < len(words):
        here = [term for term in terms if words[at : at + len(words_of_term(term))] == words_of_term(term)]
        longest = max((len(words_of_term(term)) for term in here), default=0)
        found |= {term for term in here if len(words_of_term(term)) == longest}
        at += longest or 1
    return found


@given(st.sets(TERMS, max_size=8), st.lists(WORDS, max_size=8))
def test_the_longest_name_at_the_first_place_counts_in_whole_words(terms: set[str], words: list[str]) -> None:
    assert set(Gazetteer(terms).find(" ".join(words))) == reference(terms, words)


def test_a_query_is_read_as_names_are() -> None:
    gazetteer = Gazetteer(["eper_lionel_messi", "eloc_jordan", "eper_jordan"])
    assert gazetteer.find("LIONEL  Messi’s goal") == ["eper_lionel_messi"]
    assert set(gazetteer.find("jordan")) == {"eloc_jordan", "eper_jordan"}
    assert gazetteer.find("Lionel, messi?") == ["eper_lionel_messi"]
    assert gazetteer.find("jordanian") == []
    assert name_words("Messi’s") == ["messi", "s"]


def test_two_names_in_a_row_are_both_found_and_each_once() -> None:
    gazetteer = Gazetteer(["eper_messi", "eper_jordan"])
    assert gazetteer.find("messi jordan messi") == ["eper_messi", "eper_jordan"]


def test_a_gazetteer_without_names_finds_none() -> None:
    assert Gazetteer([]).find("messi") == []
