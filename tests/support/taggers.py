"""Entity taggers small enough to build in a test, and posts to train them on: no weights from anywhere."""

import random
from pathlib import Path

import torch
from PIL import Image

from lexlip_lucene.data.entities.tagged_posts import TaggedPost, tagged_lines
from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger, network_of
from lexlip_lucene.encoders.entities.tagger_config import TaggerConfig
from lexlip_lucene.recipes.tagger_spec import FusionSpec, PictureSpec, TaggerTextSpec
from support import sentences, tiny

PICTURE = PictureSpec(backbone="resnet10t", arguments={"channels": [8, 8, 8, 8], "stem_width": 8}, size=32)
NAMES = ("dog", "cat")
COLOURS = {"PER": (230, 20, 20), "LOC": (20, 20, 230)}
"""Type → colour of the picture that says so."""


def tagger(picture: PictureSpec | None = PICTURE, *, seed: int = 0) -> EntityTagger:
    """Make a tagger with random weights, whose emissions are large enough to find something."""
    config = TaggerConfig(
        name="tiny tagger",
        types=("LOC", "PER"),
        vocabulary_size=len(tiny.VOCABULARY),
        text=TaggerTextSpec(architecture=tiny.BERT.architecture, max_length=32),
        image=picture,
        fusion=FusionSpec(heads=2),
    )
    torch.manual_seed(seed)
    network = network_of(config)
    torch.nn.init.normal_(network.emissions.weight)
    return EntityTagger(config, tiny.tokenizer(), network)


def picture(colour: tuple[int, int, int] = (230, 20, 20)) -> Image.Image:
    """Make a picture of one colour."""
    return Image.new("RGB", (40, 30), colour)


def write_posts(folder: Path, *, train: int = 40, test: int = 10, seed: int = 0) -> None:
    """Write train.txt, test.txt and images/: a name is a PER or a LOC as its picture is red or blue."""
    chance = random.Random(seed)
    (folder / "images").mkdir(parents=True)
    number = 0
    for name, count in (("train", train), ("test", test)):
        posts = []
        for _ in range(count):
            type = chance.choice(sorted(COLOURS))
            words = (*chance.sample(["two", "red", "over", "a"], 2), chance.choice(NAMES), "run")
            posts.append(TaggedPost(words, ("O", "O", f"B-{type}", "O"), f"{number:03}", ""))
            picture(COLOURS[type]).save(folder / "images" / f"{number:03}.png")
            number += 1
        (folder / f"{name}.txt").write_text("".join(tagged_lines(posts)), encoding="utf-8")


def write_recipe(folder: Path, *, image: bool = True, **training: object) -> Path:
    """Write a recipe over the posts of `folder`, with the sentence model of `support.sentences`; return its path."""
    sentences.write(folder / "text")
    settings = {"epochs": 2, "batch_size": 8, "evaluations": 2, **training}
    lines = [
        "name: tiny-tagger",
        f"data: {{train: train.txt, valid: test.txt, keep_aside: 8{', images: images' if image else ''}}}",
        f"text: {{model: {folder / 'text'}, max_length: 32}}",
        f"training: {{{', '.join(f'{key}: {value}' for key, value in settings.items())}}}",
        "tagger: {heads: 2}",
    ]
    if image:
        lines.append("image: {backbone: resnet10t, size: 32, arguments: {channels: [8, 8, 8, 8], stem_width: 8}}")
    path = folder / "tagger.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path
