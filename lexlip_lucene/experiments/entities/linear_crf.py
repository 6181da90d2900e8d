"""The floor of a text tagger: python-crfsuite, a linear CRF over features of words, as is usual for named entities.

A word has itself in small letters, its first and last 1 to 4 characters, its shape and its kind, and the same of its
neighbours, to two words away without the parts.
"""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from lexlip_lucene.data.entities.tagged_posts import TaggedPost
from lexlip_lucene.errors import InputError

ITERATIONS = 60
L1, L2 = 0.1, 0.01
PARTS = (1, 2, 3, 4)
NEAR, FAR = 1, 2


def linear_crf_tags(train: Sequence[TaggedPost], posts: Sequence[TaggedPost]) -> list[list[str]]:
    """Train on `train`, and return the tags of the words of `posts`.

    Raises:
        InputError: python-crfsuite is not installed.
    """
    try:
        import pycrfsuite
    except ImportError:
        raise InputError("python-crfsuite is needed for this comparison: pip install 'lexlip-lucene[bench]'") from None
    trainer = pycrfsuite.Trainer(verbose=False)
    trainer.set_params({"c1": L1, "c2": L2, "max_iterations": ITERATIONS, "feature.possible_transitions": True})
    for post in train:
        trainer.append(features(post.words), list(post.tags))
    with TemporaryDirectory() as folder:
        path = str(Path(folder) / "model")
        trainer.train(path)
        tagger = pycrfsuite.Tagger()
        tagger.open(path)
        tags = [list(tagger.tag(features(post.words))) for post in posts]
        tagger.close()
    return tags


def features(words: Sequence[str]) -> list[list[str]]:
    """Return the features of each word."""
    alone = [_of_word(word) for word in words]
    found = []
    for at, own in enumerate(alone):
        row = ["bias", *own]
        for away in range(-FAR, FAR + 1):
            place = at + away
            if away == 0:
                continue
            if not 0 <= place < len(words):
                row.append(f"{away}:edge")
            elif abs(away) <= NEAR:
                row += [f"{away}:{feature}" for feature in alone[place]]
            else:
                row.append(f"{away}:word={words[place].lower()}")
        found.append(row)
    return found


def _of_word(word: str) -> list[str]:
    small = word.lower()
    kinds = [("title", word.istitle()), ("upper", word.isupper()), ("digit", word.isdigit()), ("tag", word[0] in "#@")]
    return [
        f"word={small}",
        f"shape={shape(word)}",
        *(f"prefix={small[:length]}" for length in PARTS if len(word) >= length),
        *(f"suffix={small[-length:]}" for length in PARTS if len(word) >= length),
        *(name for name, holds in kinds if holds),
    ]


def shape(word: str) -> str:
    """Return the kinds of a word's characters, those alike beside each other once: `#NWM7` → `#X9`."""
    kinds: list[str] = []
    for character in word:
        kind = "X" if character.isupper() else "x" if character.isalpha() else "9" if character.isdigit() else character
        if not kinds or kinds[-1] != kind:
            kinds.append(kind)
    return "".join(kinds)
