"""A line of a collection as what the cluster gets of it: checked, with the keys that are kept and its captions."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.impact_field import IMPACTS, ImpactField
from lexlip_lucene.opensearch.mapping import CAPTIONS, DOCID, STORED, TERM_FREQUENCIES, TOKENS
from lexlip_lucene.opensearch.push.bulk import Entry, indexed
from lexlip_lucene.opensearch.push.caption_table import CaptionTable
from lexlip_lucene.opensearch.push.caption_tokens import CaptionTokens, Words
from lexlip_lucene.opensearch.push.written_values import Number, Written, written_values
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import MAX_WEIGHT, parse_line

MAX_ID_BYTES = 512
"""OpenSearch's limit of `_id`."""

_MOST_KNOWN = 1_000_000
_LINES_AT_ONCE = 250

MAX_KEYWORD_BYTES = 32_766
"""Lucene's limit of a term."""


class Line(NamedTuple):
    """A line that was read and may be sent.

    Attributes:
        document: with its vector as the index has it, tokens of captions among its own.
        where: it stands, file:line.
        kept: of its document beside the vector.
        seen: tokens of the vector without those of captions.
    """

    document: Document
    where: str
    kept: dict[str, Any]
    seen: int

    @property
    def captioned(self) -> bool:
        """The document has captions that are searched as text."""
        return CAPTIONS in self.kept


class _Begun(NamedTuple):
    """A line that was read, whose texts are not yet tokens; `what` begins messages about it."""

    document: Document
    where: str
    what: str
    kept: dict[str, Any]
    words: Words


class DocumentLines:
    """The rule that makes an entry of a line: the same when a collection is checked and when it is sent.

    Tokens that were checked are remembered, up to a number that keeps memory flat, since most lines have no others.

    Args:
        keywords: keys to filter by.
        store: keys whose values are kept.
        captions: of the images, searched as text.
        tokens: makes tokens of the lines' texts, in an index with caption fields.
        field: of the impacts.
    """

    def __init__(
        self,
        keywords: Sequence[str] = (),
        store: Sequence[str] = (),
        captions: CaptionTable | None = None,
        tokens: CaptionTokens | None = None,
        field: ImpactField = TERM_FREQUENCIES,
    ) -> None:
        self._keywords, self._store, self._captions = keywords, store, captions
        self._tokens, self._field = tokens, field
        self._known: set[str] = set()

    def lines(self, places: Iterator[tuple[str, bytes]]) -> Iterator[Line]:
        """Yield the lines at `places`, each a file:line and its bytes; errors as in `read`.

        The texts of many lines are analysed at once.
        """
        while some := list(islice(places, _LINES_AT_ONCE)):
            begun = [self._begun(line, where) for where, line in some]
            if self._tokens is not None:
                self._tokens.analyse([(one.what, one.words) for one in begun])
            yield from map(self._ended, begun)

    def read(self, line: bytes, where: str) -> Line:
        """Return a line that may be sent.

        Raises:
            InputError: it is not a document that the cluster can hold; names file:line and docid.
            ClusterError: the cluster can't be reached, to analyse a text.
        """
        [found] = self.lines(iter([(where, line)]))
        return found

    def _begun(self, line: bytes, where: str) -> "_Begun":
        document = self._known_document(line) or self._checked_document(line, where)
        docid = document.id
        what = f"{where}: document {docid}"
        if len(docid) > MAX_ID_BYTES // 4 and len(docid.encode()) > MAX_ID_BYTES:
            raise InputError(
                f"{where}: an id in a cluster has at most {MAX_ID_BYTES} bytes in UTF-8, but {docid[:40]!r}… has "
                f"{len(docid.encode())}: shorten it"
            )
        kept: dict[str, Any] = {}
        words: Words = ()
        if self._keywords or self._store or self._tokens:
            values = written_values(line, what)
            kept |= self._kept(values, what)
            words = self._tokens.words(values, what) if self._tokens else ()
        if self._captions is not None and (captions := self._captions.text(docid)):
            kept[CAPTIONS] = captions
        return _Begun(document, where, what, kept, words)

    def _ended(self, begun: "_Begun") -> Line:
        document, seen = begun.document, len(begun.document.vector)
        if self._tokens is not None:
            added = self._tokens.of(begun.words, document.vector, begun.what)
            document = document._replace(vector=document.vector | added)
        self._field.require(document.vector, begun.what)
        return Line(document, begun.where, begun.kept, seen)

    def entry(self, line: Line) -> Entry:
        """Return what is sent of a line."""
        docid, _, vector = line.document
        impacts = self._field.value(vector, f"{line.where}: document {docid}")
        return indexed(docid, line.where, {DOCID: docid, IMPACTS: impacts, TOKENS: len(vector), **line.kept})

    def _known_document(self, line: bytes) -> Document | None:
        """Return the document of a line that has nothing but what is sure to be right; None for any other."""
        try:
            record = orjson.loads(line)
            docid, vector, contents = record["id"], record["vector"], record.get("contents", "")
            impacts = vector.values()
            sure = type(docid) is type(contents) is str and docid and self._known.issuperset(vector)
            sure = sure and {*map(type, impacts)} <= {int}
        except (orjson.JSONDecodeError, TypeError, KeyError, AttributeError):
            return None
        if not sure or (impacts and not (min(impacts) >= 1 and max(impacts) <= MAX_WEIGHT)):
            return None
        return Document(docid, contents, vector)

    def _checked_document(self, line: bytes, where: str) -> Document:
        document = parse_line(line, where)
        self._field.value(document.vector, f"{where}: document {document.id}")
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(document.vector)
        return document

    def _kept(self, values: Mapping[str, Written], where: str) -> dict[str, Any]:
        there = {key: written for key, written in values.items() if written.value is not None}
        kept = {key: _keyword(there[key], key, where) for key in self._keywords if key in there}
        stored = {key: there[key].text for key in self._store if key in there}
        return kept | {STORED: stored} if stored else kept


def _keyword(written: Written, key: str, where: str) -> str | list[str]:
    value = written.value
    if isinstance(value, dict) or (isinstance(value, list) and not all(map(_is_text, value))):
        raise InputError(
            f'{where}: the keyword "{key}" must be a text, a number, true or false, or a list of texts, got '
            f"{written.json[:60]}"
        )
    texts = value if isinstance(value, list) else [written.text]
    for text in texts:
        if len(text) > MAX_KEYWORD_BYTES // 4 and len(text.encode()) > MAX_KEYWORD_BYTES:
            raise InputError(
                f'{where}: the keyword "{key}" has {len(text.encode())} bytes, and Lucene takes {MAX_KEYWORD_BYTES}'
            )
    return texts if isinstance(value, list) else texts[0]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and not isinstance(value, Number)
