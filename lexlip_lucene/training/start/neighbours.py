"""The words that a lexicon lacks, each with the known words that a sentence model finds nearest in meaning.

A word that the sentence model has as one token is compared by its own vector. Another word would be cut into pieces,
and be near to what is spelt alike ("argali" to "sari"). If it is the name of an ImageNet class, the class's definition
stands for it ("wild sheep of semidesert regions …"), and is compared with names of classes only.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import orjson
from torch import Tensor

from lexlip_lucene.training.start.sentence_model import sentence_tokens, sentence_vectors
from lexlip_lucene.words.function_words import FUNCTION_WORDS
from lexlip_lucene.words.inflections import other_form

NEAREST = 3
"""Known words of an unknown one, at most."""

WORD_FLOOR, DEFINITION_FLOOR = 0.6, 0.4
"""Smallest cosines, chosen by reading samples. A definition is a sentence, whose cosines with words are smaller."""

LEAST_USES = 20
"""Uses of a known word in captions: rarer ones are often misspelt."""

SHORTEST = 3
"""Letters of a word."""


class Meaning(NamedTuple):
    """A text that stands for a word, and the names of classes only (`definition`) or any known word beside it."""

    text: str
    definition: bool


def neighbours(counts: Mapping[str, int], lacks: Callable[[str], bool], sentences: str) -> bytes:
    """Return the content of `neighbours.json` for a model.

    Args:
        counts: token of the lexicon → its uses in captions.
        lacks: says if a word is unknown to the model.
        sentences: as `sentence_vectors` takes it.
    """
    definitions = class_definitions()
    whole = [word for word in sentence_tokens(sentences) if _is_word(word) and lacks(word)]
    meanings = {word: Meaning(word, False) for word in whole}
    meanings |= {
        word: Meaning(text, True) for word, text in definitions.items() if word not in meanings and lacks(word)
    }
    known = [token for token, count in counts.items() if count >= LEAST_USES and _is_word(token)]
    vectors = sentence_vectors([*known, *(meaning.text for meaning in meanings.values())], sentences)
    found = nearest_words(meanings, vectors[len(known) :], known, vectors[: len(known)], names=definitions)
    return orjson.dumps(found, option=orjson.OPT_APPEND_NEWLINE)


def nearest_words(
    meanings: Mapping[str, Meaning],
    vectors: Tensor,
    known: Sequence[str],
    known_vectors: Tensor,
    names: Mapping[str, str],
) -> dict[str, list[str]]:
    """Return word → its nearest known words, the nearest first; without words that have none above their floor.

    Of a plural and its singular the nearer one is taken.

    Args:
        meanings: of the unknown words.
        vectors: of their texts (words, width), of unit length.
        known: the known words.
        known_vectors: theirs (known, width), of unit length.
        names: known words that are no names are not compared with definitions.
    """
    cosines = vectors @ known_vectors.T
    unnamed = [place for place, word in enumerate(known) if word not in names]
    found: dict[str, list[str]] = {}
    for row, (word, meaning) in zip(cosines, meanings.items(), strict=True):
        if meaning.definition:
            row[unnamed] = -1
        near = row.topk(min(2 * NEAREST, len(known)))
        floor = DEFINITION_FLOOR if meaning.definition else WORD_FLOOR
        taken: list[str] = []
        for cosine, place in zip(near.values.tolist(), near.indices.tolist(), strict=True):
            if cosine >= floor and len(taken) < NEAREST and other_form(known[place], taken) is None:
                taken.append(known[place])
        if taken:
            found[word] = taken
    return found


def class_definitions() -> dict[str, str]:
    """Return WordNet's definition of each name of an ImageNet class that is one word, in lower case.

    They are of the 11,821 classes with many photos, in whose order the first definition of a name is the one returned.
    """
    from timm.data.imagenet_info import ImageNetInfo

    info = cast(Any, ImageNetInfo("imagenet-12k"))
    found: dict[str, str] = {}
    for number in range(info.num_classes()):
        names: str = info.index_to_description(number, detailed=False)
        definition: str = info.index_to_description(number, detailed=True).removeprefix(f"{names}: ")
        for name in names.lower().split(", "):
            if _is_word(name):
                found.setdefault(name, definition)
    return found


def _is_word(text: str) -> bool:
    return len(text) >= SHORTEST and text.isascii() and text.isalpha() and text not in FUNCTION_WORDS
