"""A typed query read: the weights of its words, and what is to be said about those that count for nothing."""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from lexlip_lucene.records import Impacts
from lexlip_lucene.words.cut_word import Cut
from lexlip_lucene.words.function_words import capped
from lexlip_lucene.words.inflections import other_form, widened
from lexlip_lucene.words.known_words import KnownWords, is_content
from lexlip_lucene.words.spelling import Spelling
from lexlip_lucene.words.typed_query import TypedQuery, parse_query
from lexlip_lucene.words.word_files import NO_FILES, WordFiles

OTHER_FORM = 0.3
"""Share of a token's weight that its plural or singular gets: the best of 0.1 to 0.7 on 474 photos that were not
trained on, where R@10 rose from 64.6 to 66.2 %."""


class CaptionTokens(Protocol):
    """The tokens that captions have for the words of a text, with their query weights; and the words found."""

    @property
    def weights(self) -> Impacts:
        """Token → query weight."""

    @property
    def found(self) -> Collection[str]:
        """Words, in lower case."""


@dataclass(frozen=True)
class ReadQuery:
    """A typed query as it is searched for.

    Attributes:
        weights: token → query weight, heaviest first.
        words: the text without what is excluded or negated; for a text index, which may know more words.
        excluded: tokens after a minus sign: no hit may have them.
        excluded_words: words after a minus sign, as they were typed.
        unknown: content words, and words to be excluded, that no picture can have, in lower case.
        nearest: unknown word → known words nearest in meaning, which may be none; not of words in `suggestions`.
        suggestions: unknown word → known words that it may be a misspelling of.
        proposed_exclusions: tokens that "without", "no" or "not" stand before; they neither count nor exclude.
        called: tokens of `weights` that are not the text's own: other forms, and what its words call for.
    """

    weights: Impacts
    words: str = ""
    excluded: list[str] = field(default_factory=list)
    excluded_words: list[str] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    nearest: dict[str, list[str]] = field(default_factory=dict)
    suggestions: dict[str, list[str]] = field(default_factory=dict)
    proposed_exclusions: list[str] = field(default_factory=list)
    called: list[str] = field(default_factory=list)

    def with_captions(self, ask: Callable[[str], CaptionTokens]) -> "ReadQuery":
        """Return the query with what captions know of its words: they count, or are excluded, and are not unknown.

        Args:
            ask: text → what its words are in the captions.
        """
        asked, excluded = ask(self.words), ask(" ".join(self.excluded_words))
        found = {*asked.found, *excluded.found}
        weights = {**self.weights, **asked.weights}
        return replace(
            self,
            weights=dict(sorted(weights.items(), key=lambda item: -item[1])),
            excluded=[*self.excluded, *excluded.weights],
            unknown=[word for word in self.unknown if word.lower() not in found],
            nearest={word: known for word, known in self.nearest.items() if word not in found},
            suggestions={word: known for word, known in self.suggestions.items() if word not in found},
        )


class QueryReader:
    """A reader of typed queries for one model. Safe for several threads if `encode` and `cut` are.

    Args:
        encode: texts → token → query weight of each, as the model has them.
        cut: text → its words as the model's tokenizer cuts them.
        tokens: of the lexicon, common ones first.
        files: what the model's folder says about words.
    """

    def __init__(
        self,
        encode: Callable[[str], Impacts],
        cut: Cut,
        tokens: Sequence[str],
        files: WordFiles = NO_FILES,
    ) -> None:
        self._encode, self._cut, self._files = encode, cut, files
        self._known = KnownWords(tokens, files.pieced)
        self._spelling = Spelling(tokens, files.counts)

    def read(self, text: str) -> ReadQuery:
        """Read a typed query."""
        typed = parse_query(text)
        kept, lacking = self._known_part(typed)
        stopped = [word for word in typed.excluded if self.token_of(word) is None]
        suggestions = {word: found for word in lacking if (found := self._suggestions(word))}
        excluded = self._tokens_of(typed.excluded)
        weights = self._weights(kept)
        called = self.called(kept, weights)
        # A word that "without" stands before is not asked for by another word that calls for it either.
        unwanted = {*excluded, *(token for token in self._tokens_of(typed.negated) if token in called)}
        weights = {token: weight for token, weight in weights.items() if token not in unwanted}
        return ReadQuery(
            weights=weights,
            words=typed.words,
            excluded=excluded,
            excluded_words=typed.excluded,
            unknown=list(dict.fromkeys([*lacking, *stopped])),
            nearest={word: self._nearest(word) for word in lacking if word not in suggestions},
            suggestions=suggestions,
            proposed_exclusions=self._tokens_of(typed.negated),
            called=[token for token in called if token in weights],
        )

    def called(self, text: str, weights: Iterable[str]) -> list[str]:
        """Return the tokens of `weights` that `text` is not written with."""
        own = {token for word in self._cut(text) for token in word.tokens}
        return [token for token in weights if token not in own]

    def callers(self, read: ReadQuery) -> dict[str, str]:
        """Return token → the one of the query's own tokens that calls for it most, for each of `read.called`."""
        most: dict[str, tuple[float, str]] = {}
        for own in (token for token in read.weights if token not in read.called):
            alone = self._weights(own)
            for token in read.called:
                share = alone.get(token, 0) / alone[own] * read.weights[own] if alone.get(own) else 0.0
                most[token] = max(most.get(token, (0.0, own)), (share, own))
        return {token: own for token, (share, own) in most.items() if share}

    def token_of(self, word: str) -> str | None:
        """Return the token that `word` is as a whole; None when it is of several, or none that pictures have."""
        cut = self._cut(word)
        whole = len(cut) == 1 and len(cut[0].tokens) == 1 and cut[0].tokens[0] in self._known.tokens
        return cut[0].tokens[0] if whole else None

    def _weights(self, text: str) -> Impacts:
        """Encode the words that count; the rules of typed words are for the text's own, not for what these call for."""
        encoded = self._encode(text)
        called = set(self.called(text, encoded))
        own = {token: weight for token, weight in encoded.items() if token not in called}
        weights = encoded | widened(capped(own), self._known.tokens, OTHER_FORM, beside=encoded)
        return dict(sorted(weights.items(), key=lambda item: -item[1]))

    def _known_part(self, typed: TypedQuery) -> tuple[str, list[str]]:
        """Return the words that count, and those that are unknown, in lower case.

        An unknown word whose plural or singular is known counts as that. If all content words are unknown or negated,
        the function words that are left come to nothing.
        """
        text = typed.words
        kept, at = [], 0
        lacking: list[str] = []
        content = False
        for word in self._cut(text):
            if not self._known.lacks(word):
                content |= is_content(word.text)
                continue
            other = other_form(word.text.lower(), self._known.tokens)
            kept += [text[at : word.begin], other or ""]
            at = word.end
            content |= other is not None
            lacking += [] if other else [word.text.lower()]
        rest = " ".join("".join([*kept, text[at:]]).split())
        return (rest if content or not (lacking or typed.negated) else ""), list(dict.fromkeys(lacking))

    def _tokens_of(self, words: Sequence[str]) -> list[str]:
        return list(dict.fromkeys(token for word in words if (token := self.token_of(word)) is not None))

    def _suggestions(self, word: str) -> list[str]:
        """Return known words that are spelt nearly so; none for a word that is known to be another one."""
        return [] if self._nearest(word) else self._spelling.suggestions(word)

    def _nearest(self, word: str) -> list[str]:
        """Return known words that are near in meaning to the word, or to its plural or singular."""
        neighbours = self._files.neighbours
        named = word if word in neighbours else other_form(word, neighbours)
        return [token for token in neighbours.get(named or word, ()) if token in self._known.tokens]
