"""Collections and queries whose scores tie often, with ids and tokens that are hard on engines."""

import random

from lexlip_lucene.records import Impacts

ODD_TOKENS = [
    "##ing",
    ".",
    "a.b",
    "|",
    "🙂",
    "eper_lionel_messi",
    "v00417",
    "words:alp",
    "a|7",
    "\\",
    '"',
    "é",
    "*",
    "?",
]
ODD_IDS = ["\uffff", "🙂", "é", "z", "Z", "a b", "a/b?c#d", "..", "%2e", "0", "00", "10", "2", "\ue000", "\ufffd𝄞", '"']


def collection(bits: int, *, documents: int = 1500, seed: int = 7, tokens: int = 60) -> dict[str, Impacts]:
    """Return documents whose scores tie often: half of the impacts are one of two values."""
    dice = random.Random(seed)
    words = ODD_TOKENS + [f"t{number}" for number in range(tokens)]
    largest = 2**bits - 1
    vectors = {}
    for number in range(documents):
        docid = f"{dice.choice(ODD_IDS)}{number}" if number >= len(ODD_IDS) else ODD_IDS[number]
        some = dice.sample(words, dice.randint(0, 24))
        vectors[docid] = {word: dice.choice([1, largest, dice.randint(1, largest)]) for word in some}
    return vectors


def queries(weights: int, *, number: int = 12, terms: int = 20, seed: int = 3, tokens: int = 60) -> dict[str, Impacts]:
    dice = random.Random(seed)
    words = ODD_TOKENS + [f"t{number}" for number in range(tokens)] + ["nowhere"]
    made = {
        f"q{each}": {word: dice.randint(1, weights) for word in dice.sample(words, dice.randint(1, terms))}
        for each in range(number)
    }
    return made | {"one odd": {"##ing": 1}, "none": {}, "unknown": {"nowhere": 3}}
