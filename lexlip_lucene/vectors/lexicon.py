"""The lexicon: which rows of a tokenizer's vocabulary are dimensions of the vectors, and so terms of the index.

A row is blocked when it can never be a word somebody searches for: special tokens ([CLS], [PAD], …), BERT's
`[unusedN]` rows, tokens without any letter or digit, tokens with a control character or that white-space tokenising
would break, and rows the training captions use fewer than `min_count` times (there is nothing to learn a weight from).
Everything that holds a vector, from the head's last layer to the index, counts in lexicon positions, not vocabulary
rows: with BERT's 30,522 rows and Flickr8k's captions 3,700 positions remain, and the head costs an eighth.
"""

import hashlib
import re
import reprlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

MAX_TOKEN_LENGTH = 255
"""UTF-16 units; Lucene's WhitespaceTokenizer cuts longer tokens in two (`CharTokenizer.DEFAULT_MAX_WORD_LEN`)."""

# java.lang.Character.isWhitespace: Unicode separators except the no-break ones (U+00A0, U+2007, U+202F), which
# stay inside a token, plus the control characters below.
JAVA_WHITE_SPACE = frozenset(
    "\t\n\x0b\x0c\r\x1c\x1d\x1e\x1f \u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2008\u2009\u200a\u2028\u2029"
    "\u205f\u3000"
)

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNUSED = re.compile(r"\[unused\d+\]")


def why_not_indexable(token: str) -> str | None:
    """Say why Lucene's white-space analysis would not keep `token` whole, or None when it would."""
    if not token:
        return "is empty"
    if not JAVA_WHITE_SPACE.isdisjoint(token):
        return "contains white space"
    if len(token) > MAX_TOKEN_LENGTH // 2 and len(token.encode("utf-16-le")) // 2 > MAX_TOKEN_LENGTH:
        return f"is longer than {MAX_TOKEN_LENGTH} characters"
    return None


def require_terms(tokens: Sequence[str]) -> None:
    """Raise ValueError when a token can't be a term of an index, has a control character, or is repeated."""
    for token in tokens:
        if (reason := why_not_indexable(token)) is not None or (reason := _control_character(token)) is not None:
            raise ValueError(f"each token must be a term, but {reprlib.repr(token)} {reason}")
    if len(set(tokens)) < len(tokens):
        twice = next(token for token, count in Counter(tokens).items() if count > 1)
        raise ValueError(f"each token must be there once, but {reprlib.repr(twice)} is there again")


def _control_character(token: str) -> str | None:
    return None if token.isprintable() or not _CONTROL.search(token) else "contains a control character"


@dataclass(frozen=True)
class Lexicon:
    """The vector's dimensions in order: `tokens[i]` is vocabulary row `rows[i]`."""

    tokens: tuple[str, ...]
    rows: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.tokens)

    @cached_property
    def position_of_row(self) -> dict[int, int]:
        """Vocabulary row → position in the vector."""
        return {row: position for position, row in enumerate(self.rows)}

    @cached_property
    def position_of_token(self) -> dict[str, int]:
        """Token → position in the vector."""
        return {token: position for position, token in enumerate(self.tokens)}

    @cached_property
    def sha256(self) -> str:
        """Identity of the lexicon: vectors are comparable only under the same one."""
        return hashlib.sha256("\n".join(self.tokens).encode()).hexdigest()


def make_lexicon(
    vocabulary: Mapping[str, int], *, special: Sequence[str], counts: Mapping[int, int] | None, min_count: int
) -> Lexicon:
    """Choose the rows of `vocabulary` (token → row) that become dimensions, in row order.

    Args:
        vocabulary: token → row of the tokenizer.
        special: tokens that carry no meaning of their own and are blocked.
        counts: row → number of uses in the training captions; None when there is nothing to count.
        min_count: rows used fewer times are blocked (0 keeps all; ignored without counts).
    """
    blocked = set(special)
    chosen = sorted(
        (row, token)
        for token, row in vocabulary.items()
        if token not in blocked
        and not _UNUSED.fullmatch(token)
        and any(character.isalnum() for character in token)
        and why_not_indexable(token) is None
        and _control_character(token) is None
        and (counts is None or counts.get(row, 0) >= min_count)
    )
    return Lexicon(tokens=tuple(token for _, token in chosen), rows=tuple(row for row, _ in chosen))
