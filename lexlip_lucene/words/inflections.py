"""Plural and singular of a token, by the regular rules of English and the few nouns of people and animals beside them.

Both forms must be tokens of the lexicon, which keeps out most of what the rules would make up.
"""

from collections.abc import Collection

from lexlip_lucene.records import Impacts

_IRREGULAR = {
    "man": "men",
    "woman": "women",
    "child": "children",
    "person": "people",
    "foot": "feet",
    "tooth": "teeth",
    "goose": "geese",
    "mouse": "mice",
    "leaf": "leaves",
    "knife": "knives",
    "wolf": "wolves",
    "shelf": "shelves",
    "loaf": "loaves",
    "calf": "calves",
    "scarf": "scarves",
}
_PLURAL_OF = _IRREGULAR
_SINGULAR_OF = {plural: singular for singular, plural in _IRREGULAR.items()}

_SIBILANTS = ("s", "x", "z", "ch", "sh", "o")
SHORTEST = 3


def plural_of(word: str) -> str:
    """Return the plural of a singular: dog → dogs, bench → benches, puppy → puppies, man → men."""
    if word in _PLURAL_OF:
        return _PLURAL_OF[word]
    if word.endswith("y") and word[-2:-1] not in ("", "a", "e", "i", "o", "u"):
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(_SIBILANTS) else f"{word}s"


def other_form(token: str, tokens: Collection[str]) -> str | None:
    """Return the plural of a singular, or the singular of a plural, if `tokens` has it; None without one."""
    if len(token) < SHORTEST or not token.isalpha():
        return None
    singulars = [_SINGULAR_OF.get(token), token[:-1], token[:-2], f"{token[:-3]}y" if token.endswith("ies") else None]
    for singular in singulars:
        if singular and len(singular) >= SHORTEST and singular in tokens and plural_of(singular) == token:
            return singular
    plural = plural_of(token)
    return plural if plural in tokens else None


def widened(weights: Impacts, tokens: Collection[str], factor: float, *, beside: Collection[str] = ()) -> Impacts:
    """Return the query weights with each token's other form at `factor` of its weight, heaviest first.

    A form that the query has is left as it is.

    Args:
        weights: token → query weight, at least 1.
        tokens: of the lexicon.
        factor: in 0..1; below half an impact nothing is added.
        beside: further tokens that the query has; they stay as they are, too.
    """
    added: Impacts = {}
    for token, weight in weights.items():
        other = other_form(token, tokens)
        share = round(factor * weight)
        if other is not None and other not in weights and other not in beside and share > 0:
            added[other] = max(share, added.get(other, 0))
    return dict(sorted((weights | added).items(), key=lambda item: -item[1]))
