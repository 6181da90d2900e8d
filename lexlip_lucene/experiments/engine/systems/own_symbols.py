"""A native library whose symbols are its own, beside another that has symbols of the same names.

A compiler gives the only instance of an inline C++ singleton the binding STB_GNU_UNIQUE, and the loader then lets every
library in the process share the one that came first. PISA and VSAG both contain spdlog, in versions that differ, and
the second to come crashes on the first one's logger; libraries that Pyserini loads crash after VSAG's. With the binding
STB_WEAK each finds its own.

The table of symbols is a section of type SHT_DYNSYM, in which an entry takes 24 bytes and the upper half of its fifth
byte is the binding (System V ABI, chapter 4).
"""

import ctypes
import struct
from pathlib import Path
from tempfile import TemporaryDirectory

_SHT_DYNSYM, _SYMBOL = 11, 24
_STB_GNU_UNIQUE, _STB_WEAK = 10, 2


def load_with_own_symbols(library: Path) -> None:
    """Load a copy of `library`; what needs a library of its name later gets the copy."""
    with TemporaryDirectory() as folder:
        copy = Path(folder, library.name)
        copy.write_bytes(with_own_symbols(library.read_bytes()))
        ctypes.CDLL(str(copy))


def with_own_symbols(library: bytes) -> bytes:
    """Return an ELF library of 64 bits, little-endian, with no symbol that is shared across the process."""
    changed = bytearray(library)
    (table,) = struct.unpack_from("<Q", library, 40)
    size, count = struct.unpack_from("<HH", library, 58)
    for number in range(count):
        section = table + number * size
        (kind,) = struct.unpack_from("<I", library, section + 4)
        if kind == _SHT_DYNSYM:
            begin, length = struct.unpack_from("<QQ", library, section + 24)
            for place in range(begin + 4, begin + length, _SYMBOL):
                if library[place] >> 4 == _STB_GNU_UNIQUE:
                    changed[place] = _STB_WEAK << 4 | library[place] & 15
    return bytes(changed)
