"""The pointing game on the scenes: `python -m lexlip_lucene.demo.pointing SCENES --model MODEL`.

Scenes are the one place where it is known to the pixel what a word names. Every colour and shape word that the model
has, in every test scene of at least two objects, is played by its map of max pooling. With a late head it is played
again by its late map, with the token's vector as it is on its own, in "a photo of a red.", and in the first caption of
the scene that has the token, where neighbours and text move it. They may tell where it is: "circle" gets something of
the red that the caption says of it. A token in no caption counts as it is on its own.

Prints a JSON record: part of the words → their number, the hits of each map, of the middle and of a random place.
"""

import argparse
from collections.abc import Container, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from PIL import Image

from lexlip_lucene.data.prompts import DEFAULT_PROMPTS, filled
from lexlip_lucene.demo.scene import SIDE
from lexlip_lucene.evaluate.pointing import pointing_accuracy
from lexlip_lucene.vectors.patch_map import Box, PatchMap

if TYPE_CHECKING:
    from lexlip_lucene.encoders.model.lexlip import LexLip

MAX_POOLING, ON_ITS_OWN = "max pooling", "late, on its own"
IN_A_PROMPT, IN_A_CAPTION = "late, in a prompt", "late, in a caption"
"""The kinds of maps."""


class Named(NamedTuple):
    """A word of a scene with its maps.

    Attributes:
        kind: `colour` or `shape`.
        maps: kind of map → map.
        boxes: those of all objects that the word names.
        known: a training scene shows every pair of colour and shape that the word is part of here.
        said: a caption of the scene has the word.
    """

    kind: str
    maps: Mapping[str, PatchMap]
    boxes: list[Box]
    known: bool
    said: bool


def named_words(scenes: Path, model: "LexLip") -> Iterator[Named]:
    """Yield every colour and shape word that `model` has, in every test scene of at least two objects.

    Args:
        scenes: the folder that `write_scenes` made.
        model: the model; it is not changed.
    """
    lines = [orjson.loads(line) for line in (scenes / "captions.jsonl").read_bytes().splitlines()]
    shown = {_pair(thing) for scene in lines if scene["split"] == "train" for thing in scene["objects"]}
    for scene in lines:
        if scene["split"] != "test" or len(scene["objects"]) < 2:
            continue
        words = {key: of for key, of in _words_of(scene["objects"], shown).items() if key[1] in model.lexicon.tokens}
        with Image.open(scenes / scene["file"]) as picture:
            maps = _maps(model, picture, [word for _, word in words], scene["captions"])
        said = _tokens_of(model, scene["captions"])
        for place, ((kind, word), (boxes, known)) in enumerate(words.items()):
            yield Named(kind, {name: found[place] for name, found in maps.items()}, boxes, known, word in said)


def _pair(thing: Mapping[str, Any]) -> tuple[str, str]:
    return thing["colour"], thing["shape"]


def _words_of(
    objects: Sequence[Mapping[str, Any]], shown: Container[tuple[str, str]]
) -> dict[tuple[str, str], tuple[list[Box], bool]]:
    """Return (kind, word) → boxes, and True if all its pairs are among `shown`, for the colours and shapes."""
    words: dict[tuple[str, str], tuple[list[Box], bool]] = {}
    for thing in objects:
        for kind in ("colour", "shape"):
            boxes, so_far = words.setdefault((kind, thing[kind]), ([], True))
            boxes.append(Box(*(side / SIDE for side in thing["box"])))
            words[kind, thing[kind]] = (boxes, so_far and _pair(thing) in shown)
    return words


def _maps(
    model: "LexLip", picture: Image.Image, words: Sequence[str], captions: Sequence[str]
) -> dict[str, list[PatchMap]]:
    """Return kind of map → the map of each word."""
    from lexlip_lucene.encoders.explain.late_maps import late_maps
    from lexlip_lucene.encoders.explain.patch_maps import patch_maps

    maps = {MAX_POOLING: patch_maps(model, picture, words)}
    if model.late is not None:
        maps[ON_ITS_OWN] = late_maps(model, picture, words)
        prompts = [filled(DEFAULT_PROMPTS[0], word) for word in words]
        maps[IN_A_PROMPT] = late_maps(model, picture, words, texts=prompts)
        maps[IN_A_CAPTION] = late_maps(model, picture, words, texts=captions)
    return maps


def _tokens_of(model: "LexLip", captions: Sequence[str]) -> set[str]:
    from lexlip_lucene.encoders.model.tokenizer import encoded

    encodings = encoded(model.tokenizer, captions, max_length=model.config.text.max_length)
    return {token for encoding in encodings for token in encoding.tokens}


def pointing_record(words: Sequence[Named]) -> dict[str, dict[str, float]]:
    """Return part of the words → their number `words`, and the hits of each map, of `middle` and `random`, 0 to 1.

    Parts without a word are left out.
    """
    parts = {
        "all": words,
        "colours": [word for word in words if word.kind == "colour"],
        "shapes": [word for word in words if word.kind == "shape"],
        "shapes in a colour that training showed": [word for word in words if word.kind == "shape" and word.known],
        "shapes in no such colour": [word for word in words if word.kind == "shape" and not word.known],
        "said in a caption": [word for word in words if word.said],
        "of weight in the picture": [word for word in words if word.maps[MAX_POOLING].weight],
    }
    return {name: _row(part) for name, part in parts.items() if part}


def _row(words: Sequence[Named]) -> dict[str, float]:
    found = {name: pointing_accuracy((word.maps[name], word.boxes) for word in words) for name in words[0].maps}
    hits = {name: round(pointed.hits, 4) for name, pointed in found.items()}
    by_pooling = found[MAX_POOLING]
    return {"words": len(words), **hits, "middle": round(by_pooling.centre, 4), "random": round(by_pooling.random, 4)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("scenes", type=Path, help="folder of the scenes, which `lexlip demo` draws")
    parser.add_argument("--model", type=Path, required=True, help="model that was trained on them")
    given = parser.parse_args(arguments)
    from lexlip_lucene.encoders.model.lexlip import LexLip

    words = list(named_words(given.scenes, LexLip.from_pretrained(given.model)))
    print(orjson.dumps(pointing_record(words), option=orjson.OPT_INDENT_2).decode())


if __name__ == "__main__":
    main()
