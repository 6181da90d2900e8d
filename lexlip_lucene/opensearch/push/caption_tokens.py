"""The texts of a line's caption keys as tokens beside its vector, as `lexlip index --caption-field` has them.

A term's impact is the part of BM25 that its document decides, by the arithmetic of `lexlip.build.CaptionFields`: the
same doubles, so the same integers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain

from lexlip_lucene.errors import ClusterError, InputError
from lexlip_lucene.opensearch.english_terms import TERMS_SETTING, EnglishTerms, parts
from lexlip_lucene.opensearch.mapping import K1, B
from lexlip_lucene.opensearch.push.written_values import Number, Written
from lexlip_lucene.records import Impacts
from lexlip_lucene.search.caption_fields import CaptionFields, CaptionTexts, caption_token
from lexlip_lucene.vectors.lexicon import why_not_indexable

Words = Sequence[Sequence[str] | None]
"""The words of the text of each field; None for a line without it."""

_MOST_TOKENS = 100_000


class CaptionTokens:
    """The rule that makes tokens of texts.

    Args:
        fields: of the index.
        terms: analyses texts.

    Attributes:
        counted: the texts of each field that were made tokens of.
    """

    def __init__(self, fields: CaptionFields, terms: EnglishTerms) -> None:
        self.fields, self._terms = fields, terms
        self.counted = [CaptionTexts(0, 0, 0) for _ in fields.fields]
        self._tokens: dict[tuple[int, str], str] = {}

    def words(self, values: Mapping[str, Written], where: str) -> Words:
        """Return the words of each field's text: a text or number as it is, a list with spaces between.

        Args:
            values: of a line.
            where: begins an error message: file:line and docid.

        Raises:
            InputError: a value is no text.
        """
        texts = (_text(values.get(field.key), field.key, where) for field in self.fields.fields)
        return [None if text is None else parts(text) for text in texts]

    def analyse(self, lines: Sequence[tuple[str, Words]]) -> None:
        """Analyse the words of some lines by few requests; `of` needs them.

        Args:
            lines: what begins an error message about each, and its words.

        Raises:
            InputError: the cluster refuses a text.
            ClusterError: it can't be reached.
        """
        try:
            self._terms.of_words([word for _, several in lines for words in several for word in words or ()])
        except ClusterError as error:
            if TERMS_SETTING not in str(error):
                raise
            if len(lines) == 1:
                raise InputError(f"{lines[0][0]}: a caption can't be analysed: {error}") from error
            for line in lines:
                self.analyse([line])

    def of(self, several: Words, vector: Impacts, where: str) -> Impacts:
        """Return the tokens of a line's texts, without those that no index keeps whole.

        Args:
            several: the words of its texts.
            vector: of the line.
            where: begins an error message.

        Raises:
            InputError: the vector or another text has one of the tokens.
            ClusterError: the cluster can't be reached.
        """
        if len(self._tokens) > _MOST_TOKENS:
            self._tokens.clear()
        added: Impacts = {}
        for number, (field, words) in enumerate(zip(self.fields.fields, several, strict=True)):
            if words is None:
                continue
            counts = Counter(chain.from_iterable(self._terms.of_words(words)))
            length = counts.total()
            self.counted[number] = self.counted[number].plus(length)
            impacts = {
                frequency: self._impact(frequency, length, field.mean_terms) for frequency in set(counts.values())
            }
            for term, frequency in counts.items():
                if (token := self._tokens.get((number, term))) is None:
                    token = self._tokens[number, term] = _kept(caption_token(field.key, term))
                if token in vector or token in added:
                    raise InputError(f"{where}: its vector has {token}, which a word of its text would be")
                if token:
                    added[token] = impacts[frequency]
        return added

    def _impact(self, frequency: int, length: int, mean_terms: float) -> int:
        part = frequency / (frequency + K1 * (1 - B + B * length / mean_terms))
        return max(1, round(self.fields.peak * part))


def _kept(token: str) -> str:
    """Return a token, "" for one that no index keeps whole, and no vector has."""
    return token if why_not_indexable(token) is None else ""


def _text(written: Written | None, key: str, where: str) -> str | None:
    value = None if written is None else written.value
    if value is None or isinstance(value, str):  # a number as well
        return value
    if isinstance(value, list) and all(isinstance(one, str) and not isinstance(one, Number) for one in value):
        return " ".join(value)
    raise InputError(f'{where}: the caption "{key}" must be a text, a number, or a list of texts')
