"""The captions of the demo's scenes: true, varied, incomplete, and in words that training knows."""

import re
from collections.abc import Iterable

import numpy as np
import pytest

from lexlip_lucene.demo import words
from lexlip_lucene.demo.layout import relations
from lexlip_lucene.demo.scene import Scene
from lexlip_lucene.demo.scenes import make_scenes
from lexlip_lucene.demo.wording import Group, groups_of

NUMBERS = {1: ("a", "an", "one", "a single"), 2: words.COUNTS[2], 3: words.COUNTS[3]}


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return make_scenes(train=1500, test=300, seed=5)


def vocabulary(scenes: Iterable[Scene]) -> set[str]:
    return {word for scene in scenes for text in scene.captions for word in re.findall(r"[a-z]+", text.lower())}


def test_no_test_caption_uses_a_word_that_no_training_caption_uses(scenes: list[Scene]) -> None:
    assert vocabulary(scenes[1500:]) <= vocabulary(scenes[:1500])


def test_every_word_of_the_tables_is_used(scenes: list[Scene]) -> None:
    tables = (words.COLOURS, words.SHAPES, words.SIZES, words.TEXTURES, words.BACKGROUNDS, words.PLACES)
    texts = "\n".join(text.lower() for scene in scenes for text in scene.captions)
    missing = [phrase for table in tables for entry in table.values() for phrase in entry if phrase not in texts]
    assert missing == []


def description(group: Group) -> re.Pattern[str]:
    """Return a pattern of the noun phrases that are true of a group."""
    look = group.look
    nouns: tuple[str, ...] = (*words.SHAPES[look.shape], *words.SHAPE_UNNAMED)
    if len(group.boxes) > 1:
        nouns = tuple(noun + ("es" if noun[-1] in "sx" else "s") for noun in nouns)
    textures = "|".join(words.TEXTURES[look.texture])
    adjectives = "|".join((*words.COLOURS[look.colour], *words.SIZES[look.size], textures))
    numbers = "|".join(NUMBERS[len(group.boxes)])
    return re.compile(rf"({numbers})( ({adjectives}))* ({'|'.join(nouns)})( ({textures}))?")


def reading(caption: str, scene: Scene) -> tuple[list[str], str | None]:
    """Return the noun phrases of a caption and the place it names, by an independent way back from the words."""
    text = caption.removesuffix(".")
    text = text[0].lower() + text[1:]
    for where in words.BACKGROUNDS[scene.background]:
        text = text.removeprefix(f"{where}, ").removesuffix(f" {where}")
    text = re.sub(r"^(there|here) (is|are) |^you can see |^(a picture|an image) of ", "", text)
    text = re.sub(r" among other (shapes|things)$", "", text)
    for place, phrases in words.PLACES.items():
        for phrase in sorted(phrases, key=len, reverse=True):
            if f" {phrase} " in text and f"to the {phrase}" not in text and f"on the {phrase}" not in text:
                return text.split(f" {phrase} "), place
    return re.split(r", | and also | and | along with | as well as ", text), None


def test_each_phrase_is_true_of_one_group_and_each_place_is_what_the_boxes_show(scenes: list[Scene]) -> None:
    places = 0
    for scene in scenes:
        groups = [(group, description(group)) for group in groups_of(scene.objects)]
        for text in scene.captions:
            phrases, place = reading(text, scene)
            meant = [[group for group, true in groups if true.fullmatch(phrase)] for phrase in phrases]
            assert [len(found) for found in meant] == [1] * len(phrases), f"{scene.id}: {text!r} of {groups}"
            if place is not None:
                places += 1
                assert place in relations(meant[0][0].boxes, meant[1][0].boxes), f"{scene.id}: {text!r}"
    assert places > 500


def test_captions_differ_in_words_and_order_and_leave_things_out(scenes: list[Scene]) -> None:
    assert np.mean([len(set(scene.captions)) == 5 for scene in scenes]) > 0.9
    shortened = [
        len(reading(text, scene)[0]) < len(groups_of(scene.objects)) for scene in scenes for text in scene.captions
    ]
    assert 0.25 < np.mean(shortened) < 0.75


def test_captions_are_sentences_with_the_right_article(scenes: list[Scene]) -> None:
    for scene in scenes:
        for text in scene.captions:
            assert re.fullmatch(r"[A-Z][a-z,-]*( [a-z-]+,?)*\.", text), text
            assert not re.search(r"\ba [aeio]|\ban [^aeio]", text.lower()), text
