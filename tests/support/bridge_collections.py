"""Documents made to break a bridge to Lucene, with hypothesis strategies of more, and the ways to search them."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
from hypothesis import strategies as st
from scipy.sparse import csr_array

from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.json_vector import format_line
from support.oracle import rank

TOKENS = [
    ".",
    "a.b",
    "|",
    "a|7",
    "##ing",
    "\ue000",
    "a\u00a0b",
    "\u2007",
    "🙂",
    "👩‍👧",
    "\ufeff",
    "\ufeffa",
    "\x00",
    "\uffff",
]
TOKENS += [
    "x" * 254,
    "x" * 255,
    "🙂" * 127,
    "é" * 255,
    "\x7f",
    '"\\',
    "NOT",
    "id",
    "contents",
    "_",
    "\U0010ffff",
    "e\u0301",
    "é",
]
"""Each is one token to Lucene's white-space analysis; the last two look the same."""

IDS = [
    "a b",
    " ",
    " a",
    "a ",
    "a\nb",
    "\n",
    "a\tb",
    "a\rb",
    "\u2028",
    "%",
    "%20",
    "%0",
    "\ufeff",
    "\ufeffa",
    "\ufffe",
    "\x00",
]
IDS += [
    "a\x00b",
    "a\x00",
    "1",
    "01",
    "001",
    "12",
    "012",
    "0" * 18 + "1",
    "é",
    "e\u0301",
    "🙂",
    "\ue000",
    "\uffff",
    "\U0010ffff",
]
IDS += ["x" * 500, "x" * 499 + "y", "é" * 500, "a", "A", '"', "\\", "/", ".", "null"]
"""In UTF-16, which Java's own texts compare by, U+E000 stands after U+10FFFF; in bytes before it."""

IMPACTS = [1, 2, 255, 256, 512, 65_535, 2**24 - 1]

tokens = st.sampled_from(TOKENS[:12] + [f"w{number}" for number in range(8)])
vectors = st.dictionaries(tokens, st.sampled_from(IMPACTS) | st.integers(1, 300), max_size=8)
queries = st.dictionaries(tokens | st.just("unknown"), st.sampled_from([1, 2, 3, 255, 256, 2**24 - 1]), max_size=8)
names = st.sampled_from(IDS) | st.integers(0, 30).map(str)


def adversarial(largest: int = 2**24 - 1) -> list[Document]:
    """Make 80 documents: every odd token with every odd impact up to `largest`, every odd id, ties, an empty vector."""
    impacts = [impact for impact in IMPACTS if impact <= largest]
    made: list[Impacts] = []
    for number in range(len(IDS)):
        odd = [TOKENS[(number + step * 7) % len(TOKENS)] for step in range(4)]
        made.append({token: impacts[(number + step) % len(impacts)] for step, token in enumerate(odd)})
    made += [{"tie": 3}] * 30 + [{}] + [{f"m{step}": 1 + step % 3 for step in range(5000)}]
    ids = IDS + [f"{number:03}" for number in range(30, 30 + len(made) - len(IDS))]
    return [
        Document(docid, "", ({"all": 2} | vector) if vector else {}) for docid, vector in zip(ids, made, strict=True)
    ]


def adversarial_queries() -> dict[str, Impacts]:
    """Make queries of each odd token, all of them, ties, a token of all documents, and 1,025 and 5,000 tokens."""
    asked: dict[str, Impacts] = {f"t{number}": {token: 2} for number, token in enumerate(TOKENS)}
    asked |= {"odd": {token: 1 + number % 5 for number, token in enumerate(TOKENS)}, "all": {"all": 1}}
    asked |= {"ties": {"tie": 5, "all": 1}, "none": {}, "unknown": {"nobody": 1}}
    asked |= {f"long{size}": {f"m{step}": 2 for step in range(size)} | {"all": 1} for size in (1025, 5000)}
    return asked


def write_collection(folder: Path, documents: list[Document], shards: int = 1) -> Path:
    """Write `documents` into `shards` files, in their order."""
    folder.mkdir()
    for shard in range(shards):
        part = documents[len(documents) * shard // shards : len(documents) * (shard + 1) // shards]
        (folder / f"{shard:03}.jsonl").write_bytes(b"".join(map(format_line, part)))
    return folder


def rows(vectors: dict[str, Impacts]) -> tuple[list[str], csr_array, list[str]]:
    """Return the vectors as `ImpactIndex.add` takes them."""
    tokens = sorted({token for vector in vectors.values() for token in vector})
    place = {token: number for number, token in enumerate(tokens)}
    ends = np.cumsum([0, *(len(vector) for vector in vectors.values())])
    columns = [place[token] for vector in vectors.values() for token in vector]
    impacts = [impact for vector in vectors.values() for impact in vector.values()]
    matrix = csr_array((impacts, columns, ends), shape=(len(vectors), len(tokens)), dtype=np.int32)
    matrix.sort_indices()
    return list(vectors), matrix, tokens


def create(path: Path, parts: list[dict[str, Impacts]]) -> None:
    """Build an index with a segment for each of `parts`."""
    with ImpactIndex.create(path) as index:
        index.add(*rows(parts[0]))
    for part in parts[1:]:
        with ImpactIndex.open(path) as index:
            index.add(*rows(part))


@contextmanager
def every_searcher(index: Path) -> Iterator[list[ImpactSearcher]]:
    """Yield a searcher of each execution, and one whose cache holds nothing."""
    with ExitStack() as stack:
        ways = [ImpactSearcher(index, execution=way) for way in ("auto", "windows", "blocks", "lucene")]
        ways.append(ImpactSearcher(index, cache_mb=0))
        yield [stack.enter_context(searcher) for searcher in ways]


def documents_of(vectors: dict[str, Impacts]) -> list[Document]:
    """Return the oracle's view of an index."""
    return [Document(docid, "", vector) for docid, vector in vectors.items()]


def require_exact(searchers: list[ImpactSearcher], query: Impacts, documents: list[Document], ks: list[int]) -> None:
    """Assert that every searcher gives the oracle's hits, and that `unseen` is not exceeded by the rest."""
    whole = rank(query, documents, len(documents))
    for k in ks:
        for searcher in searchers:
            hits = searcher.search(query, k)
            assert hits == whole[:k]
            assert max((hit.score for hit in whole[k:]), default=0) <= hits.unseen
