"""Texts from Java, as `lexlip.search.Texts` packs them."""

import numpy as np


def unpack_texts(packed: bytes) -> list[str]:
    """Return the texts that `lexlip.search.Texts` packed."""
    count = int(np.frombuffer(packed, "<i4", 1)[0])
    ends = np.frombuffer(packed, "<i4", count, 4).tolist()
    text = packed[4 + 4 * count :]
    return [text[start:end].decode() for start, end in zip([0, *ends], ends, strict=False)]
