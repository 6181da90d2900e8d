"""The parts of a file that a picture's pixels need, without metadata that may be broken or too large for a reader.

    JPEG   all segments but application data and comments; JFIF's and Adobe's stay, which say how colours are coded
    PNG    the critical chunks and transparency
    WebP   the chunks of picture, transparency and animation

The EXIF block stays at first, since it says which side is up, and goes when it is what can't be read.
"""

import struct
import zlib
from collections.abc import Iterator

_PNG = b"\x89PNG\r\n\x1a\n"
_PNG_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND")

_WEBP_KEPT = (b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF")
_WEBP_ALPHA, _WEBP_MOVES, _WEBP_EXIF = 0x10, 0x02, 0x08
"""Flags of the chunk VP8X that say which others there are; those of profile and XMP are not set here."""

_JPEG = b"\xff\xd8"
_JFIF, _EXIF_SEGMENT, _ADOBE, _COMMENT, _SCAN = 0xE0, 0xE1, 0xEE, 0xFE, 0xDA
_WHOLE = {_JFIF: 14, _ADOBE: 12}
"""Bytes of the segments that say how colours are coded."""

_STANDALONE = {0x01, *range(0xD0, 0xD9)}
"""JPEG markers without a length behind them (ITU T.81, table B.1)."""


def without_metadata(content: bytes) -> Iterator[bytes]:
    """Yield the file with less and less metadata: with EXIF, then without; nothing for a format without such a way."""
    for keep_exif in (True, False):
        try:
            if content.startswith(_PNG):
                yield _png(content, keep_exif)
            elif content.startswith(_JPEG):
                yield _jpeg(content, keep_exif)
            elif content.startswith(b"RIFF") and content[8:12] == b"WEBP":
                yield _webp(content, keep_exif)
        except (struct.error, IndexError):  # cut within its header: as it is, it was tried already
            return


def _png(content: bytes, keep_exif: bool) -> bytes:
    kept = [_PNG]
    at = len(_PNG)
    while at + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, at)
        end = at + 12 + length
        sound = content[end - 4 : end] == struct.pack(">I", zlib.crc32(content[at + 4 : end - 4]))
        if kind in _PNG_KEPT or (kind == b"eXIf" and keep_exif and sound):
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _webp(content: bytes, keep_exif: bool) -> bytes:
    """Return the file with lengths that are right; a chunk whose length is wrong is passed over to the next picture."""
    extended, kept, exif = b"", list[bytes](), b""
    at = 12
    while at + 8 <= len(content):
        kind, length = struct.unpack_from("<4sI", content, at)
        end = at + 8 + length + length % 2
        if kind in _WEBP_KEPT:
            kept.append(content[at:end])
        elif kind == b"VP8X" and length == 10:
            extended = content[at:end]
        elif kind == b"EXIF" and keep_exif and end <= len(content):
            exif = content[at:end]
        elif end > len(content):
            places = [content.find(name, at + 8) for name in _WEBP_KEPT]
            end = min((place for place in places if place >= 0), default=len(content))
        at = end
    if extended:
        flags = extended[8] & (_WEBP_ALPHA | _WEBP_MOVES) | (_WEBP_EXIF if exif else 0)
        extended = extended[:8] + bytes([flags]) + extended[9:]
    body = b"WEBP" + extended + b"".join(kept) + exif
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _jpeg(content: bytes, keep_exif: bool) -> bytes:
    kept = [_JPEG]
    at = len(_JPEG)
    while content[at] == 0xFF:
        marker = content[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        if marker == _SCAN:
            break
        end = at + 2 if marker in _STANDALONE else at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        application = _JFIF <= marker <= 0xEF or marker == _COMMENT
        exif = marker == _EXIF_SEGMENT and content[at + 4 : at + 10] == b"Exif\0\0"
        whole = end - at - 4 >= _WHOLE.get(marker, len(content))  # a shorter one tells no decoder anything
        if not application or whole or (exif and keep_exif):
            kept.append(content[at:end])
        at = end
    return b"".join([*kept, content[at:]])
