"""The texts of a line's caption keys as tokens beside its vector, as `lexlip index --caption-field` has them.

A term's impact is the part of BM25 that its document decides, by the arithmetic of `lexlip.build.CaptionFields`: the
same doubles, so the same integers.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from lexlip_lucene.errors import ClusterError, InputError
from lexlip_lucene.opensearch.english_terms import TERMS_SETTING, EnglishTerms, parts
from lexlip_lucene.opensearch.push.written_values import Number, Written, written_values
from lexlip_lucene.records import Impacts
from lexlip_lucene.search.caption_fields import CaptionFields, caption_token
from lexlip_lucene.vectors.lexicon import why_not_indexable

K1, B = 0.9, 0.4
"""Anserini's, as in a text index."""

_LINES_AT_ONCE = 250


class CaptionTokens:
    """The rule that makes tokens of texts.

    Args:
        fields: of the index.
        terms: analyses texts.
    """

    def __init__(self, fields: CaptionFields, terms: EnglishTerms) -> None:
        self.fields, self._terms = fields, terms

    def ahead(self, places: Iterator[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
        """Yield lines as they are, once the words of their texts are analysed; arguments and errors as in `ahead`."""
        return ahead(places, [field.key for field in self.fields.fields], self._terms)

    def of(self, values: Mapping[str, Written], vector: Impacts, where: str) -> Impacts:
        """Return the tokens of a line's texts, without those that no index keeps whole.

        Args:
            values: of the line.
            vector: of the line.
            where: begins an error message: file:line and docid.

        Raises:
            InputError: a value is no text, or the vector has one of the tokens.
            ClusterError: the cluster can't be reached.
        """
        added: Impacts = {}
        for field in self.fields.fields:
            text = caption_text(values, field.key, where)
            counts = Counter(self._terms.of_text(text or ""))
            length = counts.total()
            for term, frequency in counts.items():
                token = caption_token(field.key, term)
                if why_not_indexable(token) is None:
                    part = frequency / (frequency + K1 * (1 - B + B * length / field.mean_terms))
                    added[token] = max(1, round(self.fields.peak * part))
        if twice := added.keys() & vector.keys():
            raise InputError(f"{where}: its vector has {min(twice)}, which a word of its text would be")
        return added


def caption_text(values: Mapping[str, Written], key: str, where: str) -> str | None:
    """Return the text of a line's key: a text or number as it is, a list with spaces between; None without any.

    Raises:
        InputError: it is neither; begins with `where`.
    """
    written = values.get(key)
    if written is None or written.value is None:
        return None
    value = written.value
    if isinstance(value, str):  # a number as well
        return value
    if isinstance(value, list) and not any(isinstance(one, Number) or not isinstance(one, str) for one in value):
        return " ".join(value)
    raise InputError(f'{where}: the caption "{key}" must be a text, a number, or a list of texts')


def ahead(places: Iterator[tuple[str, bytes]], keys: Sequence[str], terms: EnglishTerms) -> Iterator[tuple[str, bytes]]:
    """Yield lines as they are, once `terms` knows the words of their texts, which are asked for by many at once.

    Args:
        places: file:line and the line. One that can't be read is passed over: reading it says why.
        keys: whose texts are captions.
        terms: analyses texts.

    Raises:
        InputError: the cluster refuses a text.
        ClusterError: it can't be reached.
    """
    while some := list(islice(places, _LINES_AT_ONCE)):
        words = [(word, where) for where, line in some for text in _texts(line, keys) for word in parts(text)]
        try:
            terms.of_words([word for word, _ in words])
        except ClusterError as error:
            if TERMS_SETTING not in str(error):
                raise
            _, where = max(words, key=lambda found: len(found[0]))  # only a word of its own request is too long
            raise InputError(f"{where}: a caption can't be analysed: {error}") from error
        yield from some


def _texts(line: bytes, keys: Sequence[str]) -> list[str]:
    try:
        values = written_values(line)
        return [caption_text(values, key, "") or "" for key in keys]
    except (ValueError, LookupError, InputError):
        return []
