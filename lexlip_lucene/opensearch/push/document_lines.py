"""A line of a collection as what the cluster gets of it: checked, with the keys that are kept and its captions."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import orjson

from lexlip_lucene.errors import InputError
from lexlip_lucene.opensearch.impact_text import impact_text
from lexlip_lucene.opensearch.mapping import CAPTIONS, DOCID, IMPACTS, STORED, TOKENS
from lexlip_lucene.opensearch.push.bulk import Entry, indexed
from lexlip_lucene.opensearch.push.caption_table import CaptionTable
from lexlip_lucene.records import Document
from lexlip_lucene.vectors.json_vector import parse_line

MAX_ID_BYTES = 512
"""OpenSearch's limit of `_id`."""

MAX_KEYWORD_BYTES = 32_766
"""Lucene's limit of a term."""


class Line(NamedTuple):
    """A line that was read: its document, the entry to send, and if it has captions."""

    document: Document
    entry: Entry
    captioned: bool


class DocumentLines:
    """The rule that makes an entry of a line: the same when a collection is checked and when it is sent."""

    def __init__(self, keywords: Sequence[str], store: Sequence[str], captions: CaptionTable | None) -> None:
        self._keywords, self._store, self._captions = keywords, store, captions

    def read(self, line: bytes, where: str) -> Line:
        """Return a line as it is sent.

        Raises:
            InputError: it is not a document that the cluster can hold; names file:line and docid.
        """
        document = parse_line(line, where)
        docid = document.id
        if len(docid) > MAX_ID_BYTES // 4 and len(docid.encode()) > MAX_ID_BYTES:
            raise InputError(
                f"{where}: an id in a cluster has at most {MAX_ID_BYTES} bytes in UTF-8, but {docid[:40]!r}… has "
                f"{len(docid.encode())}: shorten it"
            )
        source: dict[str, Any] = {
            DOCID: docid,
            IMPACTS: impact_text(document.vector, f"{where}: document {docid}"),
            TOKENS: len(document.vector),
        }
        if self._keywords or self._store:
            source |= self._kept(orjson.loads(line), f"{where}: document {docid}")
        captions = None if self._captions is None else self._captions.text(docid)
        if captions:
            source[CAPTIONS] = captions
        return Line(document, indexed(docid, where, source), bool(captions))

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
