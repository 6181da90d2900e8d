"""One caption of a scene, as one of several people would write it: a part of its content, in words of their choice.

A caption names one to three of the groups in the picture, the large and many first, and leaves out some of their
size, texture and colour: "A couple of stripy stars to the left of a crimson disc on grass."
What it says is true: a place is only named where the boxes show it, and a colour or a shape is only left out
where what remains still points at one group.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from numpy.random import Generator

from lexlip_lucene.demo import words
from lexlip_lucene.demo.chance import pick, pick_usual
from lexlip_lucene.demo.layout import relations
from lexlip_lucene.demo.scene import Box, Look, SceneObject

USUAL_WORD = 0.9
"""Share of mentions that call a thing by its first name in `words`."""

SAYS_COLOUR = 0.92
SAYS_SHAPE = 0.94
SAYS_SIZE = {"small": 0.5, "medium": 0.06, "large": 0.5}
SAYS_TEXTURE = 0.75
SAYS_PLAIN = 0.06
SAYS_PLACE = 0.5
SAYS_BACKGROUND = 0.55
SAYS_THERE_IS_MORE = 0.15
SAYS_BACKGROUND_FIRST = 0.2
HAS_AN_OPENING = 0.3
"""Shares of the chances to say something that are taken; chosen so that most captions leave something out."""

GROUPS_NAMED = (1, 2, 2, 2, 2, 2, 2, 3, 3, 3)
"""Numbers of groups that a caption names if the scene has enough, each entry as likely as the next."""

SALIENCE = {"small": 1, "medium": 4, "large": 16}
"""Weights of objects when groups to name are drawn: people mostly agree on the big ones."""

OPENINGS = ("there {be} ", "here {be} ", "you can see ", "a picture of ", "an image of ")
JOINTS = (" and ", " and also ", " along with ", " as well as ")
MORE = (" among other shapes", " among other things")


class Group(NamedTuple):
    """The objects of one look, by their boxes."""

    look: Look
    boxes: tuple[Box, ...]


def groups_of(objects: Iterable[SceneObject]) -> list[Group]:
    """Return the groups of a scene, in the order of their first objects."""
    boxes: dict[Look, list[Box]] = {}
    for thing in objects:
        boxes.setdefault(thing.look, []).append(thing.box)
    return [Group(look, tuple(places)) for look, places in boxes.items()]


def caption(objects: Iterable[SceneObject], background: str, rng: Generator) -> str:
    """Return one sentence about a scene; `rng` draws its content and its words."""
    groups = groups_of(objects)
    named = _named(groups, rng)
    text = _arranged(named, groups, rng)
    if len(named) < len(groups) and rng.random() < SAYS_THERE_IS_MORE:
        text += pick(MORE, rng)
    where = pick_usual(words.BACKGROUNDS[background], USUAL_WORD, rng) if rng.random() < SAYS_BACKGROUND else ""
    if where and rng.random() < SAYS_BACKGROUND_FIRST:
        text = f"{where}, {text}"
    else:
        text = f"{_opening(named[0], rng)}{text} {where}".rstrip()
    return text[0].upper() + text[1:] + "."


def _opening(first: Group, rng: Generator) -> str:
    if rng.random() >= HAS_AN_OPENING:
        return ""
    return pick(OPENINGS, rng).format(be="is" if len(first.boxes) == 1 else "are")


def _named(groups: Sequence[Group], rng: Generator) -> list[Group]:
    """Return the groups that the caption names; weighted sampling without replacement (Efraimidis, Spirakis 2006)."""
    weights = [SALIENCE[group.look.size] * len(group.boxes) for group in groups]
    keys = [rng.random() ** (1 / weight) for weight in weights]
    order = sorted(range(len(groups)), key=lambda number: -keys[number])[: pick(GROUPS_NAMED, rng)]
    return [groups[number] for number in rng.permutation(order)]


def _arranged(named: Sequence[Group], groups: Sequence[Group], rng: Generator) -> str:
    phrases = [_noun_phrase(group, groups, rng) for group in named]
    if len(phrases) == 1:
        return phrases[0]
    if len(phrases) > 2:
        return f"{', '.join(phrases[:-1])} and {phrases[-1]}"
    places = relations(named[0].boxes, named[1].boxes)
    if places and rng.random() < SAYS_PLACE:
        return f"{phrases[0]} {pick(words.PLACES[pick(places, rng)], rng)} {phrases[1]}"
    return pick_usual(JOINTS, USUAL_WORD, rng).join(phrases)


def _noun_phrase(group: Group, groups: Sequence[Group], rng: Generator) -> str:
    look, many = group.look, len(group.boxes) > 1
    says_colour = rng.random() < SAYS_COLOUR or _shared(look.shape, groups)
    says_shape = not says_colour or rng.random() < SAYS_SHAPE or _shared(look.colour, groups)
    before, after = _texture(look.texture, rng)
    adjectives = [before]
    if says_colour:
        adjectives.insert(int(rng.integers(2)), pick_usual(words.COLOURS[look.colour], USUAL_WORD, rng))
    if rng.random() < SAYS_SIZE[look.size]:
        adjectives.insert(0, pick_usual(words.SIZES[look.size], USUAL_WORD, rng))
    noun = pick_usual(words.SHAPES[look.shape], USUAL_WORD, rng) if says_shape else pick(words.SHAPE_UNNAMED, rng)
    described = " ".join(word for word in (*adjectives, _plural(noun) if many else noun, after) if word)
    return _counted(described, len(group.boxes), rng)


def _shared(word: str, groups: Sequence[Group]) -> bool:
    return sum(word in group.look for group in groups) > 1


def _texture(texture: str, rng: Generator) -> tuple[str, str]:
    """Return the words on the texture before the noun and after it; both are empty if it is not mentioned."""
    if rng.random() >= (SAYS_PLAIN if texture == "plain" else SAYS_TEXTURE):
        return "", ""
    word = pick_usual(words.TEXTURES[texture], USUAL_WORD, rng)
    return ("", word) if word.startswith("with ") else (word, "")


def _counted(described: str, count: int, rng: Generator) -> str:
    number = pick_usual(words.COUNTS[count], USUAL_WORD, rng)
    if number == "a" and described[0] in "aeio":
        number = "an"
    return f"{number} {described}"


def _plural(noun: str) -> str:
    return noun + ("es" if noun.endswith(("s", "x")) else "s")
