"""The texts of a line's caption keys as tokens beside its vector, as `lexlip index --caption-field` has them.

A term's impact is the part of BM25 that its document decides, by the arithmetic of `lexlip.build.CaptionFields`: the
same doubles, so the same integers.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from lexlip_lucene.errors import ClusterError, InputError
from lexlip_lucene.opensearch.english_terms import TERMS_SETTING, EnglishTerms, parts
from lexlip_lucene.opensearch.mapping import K1, B
from lexlip_lucene.opensearch.push.written_values import Number, Written
from lexlip_lucene.records import Impacts
from lexlip_lucene.search.caption_fields import CaptionFields, CaptionTexts, caption_token
from lexlip_lucene.vectors.lexicon import why_not_indexable


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

    def texts(self, values: Mapping[str, Written], where: str) -> list[str | None]:
        """Return the text of each field: a text or number as it is, a list with spaces between; None without any.

        Args:
            values: of a line.
            where: begins an error message: file:line and docid.

        Raises:
            InputError: a value is no text.
        """
        return [_text(values.get(field.key), field.key, where) for field in self.fields.fields]

    def analyse(self, lines: Sequence[tuple[str, Sequence[str | None]]]) -> None:
        """Analyse the texts of some lines by few requests; `of` asks for them one by one.

        Args:
            lines: what begins an error message about each, and its texts.

        Raises:
            InputError: the cluster refuses a text.
            ClusterError: it can't be reached.
        """
        try:
            self._terms.of_words([word for _, texts in lines for text in texts for word in parts(text or "")])
        except ClusterError as error:
            if TERMS_SETTING not in str(error) or len(lines) == 1:
                raise self._refusal(lines[0][0], error) from error
            for line in lines:
                self.analyse([line])

    def of(self, texts: Sequence[str | None], vector: Impacts, where: str) -> Impacts:
        """Return the tokens of a line's texts, without those that no index keeps whole.

        Args:
            texts: as `texts` returned them.
            vector: of the line.
            where: begins an error message.

        Raises:
            InputError: the vector or another text has one of the tokens, or the cluster refuses a text.
            ClusterError: the cluster can't be reached.
        """
        self.analyse([(where, texts)])
        added: Impacts = {}
        for number, (field, text) in enumerate(zip(self.fields.fields, texts, strict=True)):
            if text is None:
                continue
            counts = Counter(self._terms.of_text(text))
            length = counts.total()
            self.counted[number] = self.counted[number].plus(length)
            for term, frequency in counts.items():
                token = caption_token(field.key, term)
                if token in vector or token in added:
                    raise InputError(f"{where}: its vector has {token}, which a word of its text would be")
                if why_not_indexable(token) is None:
                    part = frequency / (frequency + K1 * (1 - B + B * length / field.mean_terms))
                    added[token] = max(1, round(self.fields.peak * part))
        return added

    @staticmethod
    def _refusal(where: str, error: ClusterError) -> Exception:
        return InputError(f"{where}: a caption can't be analysed: {error}") if TERMS_SETTING in str(error) else error


def _text(written: Written | None, key: str, where: str) -> str | None:
    value = None if written is None else written.value
    if value is None or isinstance(value, str):  # a number as well
        return value
    if isinstance(value, list) and all(isinstance(one, str) and not isinstance(one, Number) for one in value):
        return " ".join(value)
    raise InputError(f'{where}: the caption "{key}" must be a text, a number, or a list of texts')
