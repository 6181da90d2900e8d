"""A line of a collection as what the cluster gets of it: checked, with the keys that are kept and its captions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.impact_text import impact_text, require_impact_sum
from lexlip_lucene.opensearch.mapping import CAPTIONS, DOCID, IMPACTS, STORED, TOKENS
from lexlip_lucene.opensearch.push.bulk import Entry, indexed
from lexlip_lucene.opensearch.push.caption_table import CaptionTable
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import MAX_WEIGHT, parse_line

MAX_ID_BYTES = 512
"""OpenSearch's limit of `_id`."""

_MOST_KNOWN = 1_000_000

MAX_KEYWORD_BYTES = 32_766
"""Lucene's limit of a term."""


class Line(NamedTuple):
    """A line that was read and may be sent: its document, where it stands, and what is kept beside the vector."""

    document: Document
    where: str
    kept: dict[str, Any]

    @property
    def captioned(self) -> bool:
        """The document has captions."""
        return CAPTIONS in self.kept

    def entry(self) -> Entry:
        """Return what is sent."""
        docid, _, vector = self.document
        text = impact_text(vector, f"{self.where}: document {docid}")
        return indexed(docid, self.where, {DOCID: docid, IMPACTS: text, TOKENS: len(vector), **self.kept})


class DocumentLines:
    """The rule that makes an entry of a line: the same when a collection is checked and when it is sent.

    Tokens that were checked are remembered, up to a number that keeps memory flat, since most lines have no others.
    """

    def __init__(self, keywords: Sequence[str], store: Sequence[str], captions: CaptionTable | None) -> None:
        self._keywords, self._store, self._captions = keywords, store, captions
        self._known: set[str] = set()

    def read(self, line: bytes, where: str) -> Line:
        """Return a line that may be sent.

        Raises:
            InputError: it is not a document that the cluster can hold; names file:line and docid.
        """
        document = self._known_document(line) or self._checked_document(line, where)
        docid = document.id
        require_impact_sum(document.vector, where)
        if len(docid) > MAX_ID_BYTES // 4 and len(docid.encode()) > MAX_ID_BYTES:
            raise InputError(
                f"{where}: an id in a cluster has at most {MAX_ID_BYTES} bytes in UTF-8, but {docid[:40]!r}… has "
                f"{len(docid.encode())}: shorten it"
            )
        kept: dict[str, Any] = {}
        if self._keywords or self._store:
            kept |= self._kept(orjson.loads(line), f"{where}: document {docid}")
        if self._captions is not None and (captions := self._captions.text(docid)):
            kept[CAPTIONS] = captions
        return Line(document, where, kept)

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
        impact_text(document.vector, f"{where}: document {document.id}")
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(document.vector)
        return document

    def _kept(self, record: dict[str, Any], where: str) -> dict[str, Any]:
        kept = {key: _keyword(record[key], key, where) for key in self._keywords if record.get(key) is not None}
        stored = {key: _text(record[key]) for key in self._store if record.get(key) is not None}
        return kept | {STORED: stored} if stored else kept


def _keyword(value: Any, key: str, where: str) -> str | list[str]:
    values = value if isinstance(value, list) else [value]
    if isinstance(value, dict) or (isinstance(value, list) and not all(isinstance(item, str) for item in value)):
        raise InputError(
            f'{where}: the keyword "{key}" must be a text, a number, true or false, or a list of texts, got '
            f"{_text(value)[:60]}"
        )
    texts = [_text(item) for item in values]
    for text in texts:
        if len(text) > MAX_KEYWORD_BYTES // 4 and len(text.encode()) > MAX_KEYWORD_BYTES:
            raise InputError(
                f'{where}: the keyword "{key}" has {len(text.encode())} bytes, and Lucene takes {MAX_KEYWORD_BYTES}'
            )
    return texts if isinstance(value, list) else texts[0]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
