"""Names of entity terms: a whole name as one token, which word pieces can't be.

    Lionel Messi, PER   →  eper_lionel_messi

No vocabulary of word pieces has an underscore in a word, so an entity term is no token of the lexicon.
"""

import re
import unicodedata

QUERY_WEIGHT = 255
"""Weight of an entity that a query names: that of the heaviest word with 8 bits."""

LONGEST = 512
"""Bytes of a term; a longer name has none."""

_TERM = re.compile(r"e([a-z]+)_(\S+)")
_WORD = re.compile(r"[^\W_]+")
_SAID = {"per": "person", "loc": "place", "org": "organisation"}


def name_words(text: str) -> list[str]:
    """Return the words of a name or a query as terms have them: compatibility forms, no case, letters and digits."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def entity_term(text: str, type: str) -> str | None:
    """Return the term of an entity; None for a name without a letter or digit, or for one that is too long."""
    words, kind = name_words(text), "".join(letter for letter in type.lower() if letter.isascii() and letter.isalpha())
    term = f"e{kind}_{'_'.join(words)}"
    return term if words and kind and len(term.encode()) <= LONGEST else None


def is_entity_term(token: str) -> bool:
    """Return True if a token has the form of an entity term."""
    return _TERM.fullmatch(token) is not None


def words_of_term(term: str) -> list[str]:
    """Return the words of the name that an entity term is of."""
    return _parts(term)[1].split("_")


def kind_of_term(term: str) -> str:
    """Return the kind of entity that an entity term is of: `per`, `loc`, `org` or another."""
    return _parts(term)[0]


def said_entity(term: str) -> str:
    """Return an entity term in plain words: `eper_lionel_messi` → `lionel messi (person)`."""
    kind, name = _parts(term)
    return f"{name.replace('_', ' ')} ({_SAID.get(kind, 'other')})"


def _parts(term: str) -> tuple[str, str]:
    found = _TERM.fullmatch(term)
    assert found is not None, "the token is an entity term"
    return found[1], found[2]
