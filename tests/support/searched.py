"""A collection of adversarial documents and its index, for the tests that search."""

import random
from pathlib import Path

from lexlip_lucene.lucene.index.impact_index import ImpactIndex, IndexReport
from lexlip_lucene.records import Document, Impacts
from lexlip_lucene.vectors.collection import write_shards

ODD_TOKENS = [
    "##ing",
    "a.b",
    "|",
    ".",
    "non\u00a0breaking",
    "🙂",
    "👩‍👧",
    "x|5",
    '+-!(){}[]^"~*?:\\/',
    "NOT",
    "ſ",
    "x" * 255,
]
MANY = [f"m{number}" for number in range(5000)]
SEED = 20


def vectors() -> list[Impacts]:
    """Make 1,700 documents: random ones, odd tokens, large impacts, empty ones, and 1,200 that tie."""
    chance = random.Random(SEED)
    words = [f"w{number}" for number in range(60)]
    drawn = [
        {
            word: chance.choice([1, 2, 255, chance.randint(1, 255)])
            for word in chance.sample(words, chance.randint(1, 20))
        }
        for _ in range(440)
    ]
    odd = [{token: chance.choice([1, 512, 513, 65535]) for token in chance.sample(ODD_TOKENS, 4)} for _ in range(50)]
    tied: list[Impacts] = [{"tie": 7, "w0": 1} for _ in range(1200)]
    rest: list[Impacts] = [{}] * 8 + [{token: 1 for token in MANY}, {"large": 65535, "w0": 3}]
    return [({"all": 9} | vector) if vector else {} for vector in drawn + odd + tied + rest]


def make_documents() -> list[Document]:
    """Give the documents ids in an order unlike theirs, some of them beyond ASCII."""
    numbers = list(range(len(vectors())))
    random.Random(SEED).shuffle(numbers)
    ids = [f"{'é' if number % 7 == 0 else ''}d{number}{'🙂' if number % 11 == 0 else ''}" for number in numbers]
    return [Document(docid, "", vector) for docid, vector in zip(ids, vectors(), strict=True)]


def build(root: Path, documents: list[Document], *, merge: bool) -> IndexReport:
    """Index `documents` from two shards into `root / "index"`."""
    halves = len(documents) // 2
    (root / "collection").mkdir()
    for name, part in (("a", documents[:halves]), ("b", documents[halves:])):
        (root / name).mkdir()
        write_shards(root / name, part)
        (root / name / "part-00000.jsonl").rename(root / "collection" / f"{name}.jsonl")
    return ImpactIndex.build(root / "collection", root / "index", merge=merge)
