"""A server's index, model and pictures, made by hand, so that the hits of a search follow from this file.

Twenty plain documents show a colour and a shape, `val/red-circle-0` the reddest circle. Eight more have hostile ids and
captions. Impacts are chosen, the model is the tiny one: it knows the words and has no idea of pictures.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import orjson
from fastapi import FastAPI
from PIL import Image, ImageDraw

from lexlip_lucene.cli.serve import open_served
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.records import Impacts
from lexlip_lucene.serve.http.limits import Limits
from lexlip_lucene.serve.served import Served
from lexlip_lucene.serve.server import Announcing, Config, listen
from support import tiny

COLOURS = {"red": "#c22", "blue": "#24c", "green": "#2a4"}
SHAPES = ("circle", "square", "star")
HOSTILE = {
    "<script>document.title='pwned'</script>": "A star. <img src=x onerror=\"document.title='pwned'\">",
    "\"quoted\" 'id' & <b>": "'\"><script>document.title='pwned'</script>",
    "a/b c%20d?e#f": "A path with a question? And # a hash & 100%",
    "dot/../../../etc/passwd": "Dots",
    "%2e%2e%2fescape": "Encoded dots",
    "\u202egnp.evil\u2069 عربى": "Turned \u202eround",
    "{{ 7 * 7 }} ${7*7} long " + "x" * 300: "{{ 7 * 7 }} {% raw %}",
    "emoji 🙂 𝄞": "Beyond 🙂",
}
"""Id → caption."""


class Place(NamedTuple):
    """The paths of the index, the model, the pictures and their captions."""

    root: Path

    @property
    def arguments(self) -> list[str]:
        """The arguments of `lexlip serve`."""
        parts = [self.index, "--model", self.model, "--images", self.images, "--captions", self.captions]
        return [str(part) for part in (*parts, "--bm25", self.bm25)]

    @property
    def index(self) -> Path:
        return self.root / "index"

    @property
    def model(self) -> Path:
        return self.root / "model"

    @property
    def images(self) -> Path:
        return self.root / "images"

    @property
    def captions(self) -> Path:
        return self.root / "captions.jsonl"

    @property
    def bm25(self) -> Path:
        return self.root / "bm25"

    def opened(self, limits: Limits | None = None, *, root_path: str = "") -> Served:
        """Open all of it as the command does."""
        parts = (self.index, self.model, self.images, self.captions, self.bm25, limits)
        return open_served(*parts, root_path=root_path)


@contextmanager
def running(app: FastAPI, *, connections: int = 200, patience: float = 10.0) -> Iterator[str]:
    """Serve `app` from a thread of this process; yield its address."""
    with server_of(app, connections=connections, patience=patience) as (address, _):
        yield address


@contextmanager
def server_of(app: FastAPI, *, connections: int = 200, patience: float = 10.0) -> Iterator[tuple[str, Announcing]]:
    """Serve `app` as `running` does; yield the server, too."""
    bound = listen("127.0.0.1", 0)
    ready = threading.Event()
    server = Announcing(Config(app, connections=connections, patience=patience), ready.set)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [bound]})
    thread.start()
    try:
        assert ready.wait(60)
        yield f"http://127.0.0.1:{bound.getsockname()[1]}", server
    finally:
        server.should_exit = True
        thread.join()


def documents() -> dict[str, tuple[str, str, Impacts]]:
    """Id → caption, split and vector; impacts fall by 10 from each colour and shape's first document."""
    found: dict[str, tuple[str, str, Impacts]] = {}
    for place, (colour, shape) in enumerate((colour, shape) for colour in COLOURS for shape in SHAPES):
        for number in range(2):
            vector = {colour: 200 - 10 * number - place, shape: 150 - 10 * number, "a": 5}
            split = "val" if number == 0 else "test"
            found[f"{split}/{colour}-{shape}-{number}"] = (f"A {colour} {shape}.", split, vector)
    found["val/two"] = ("Two dogs run over a cat.", "val", {"two": 90, "dog": 120, "run": 80, "cat": 70, "##s": 20})
    found["test/dog"] = ("A dog.", "test", {"dog": 200, "a": 4})
    for number, (docid, caption) in enumerate(HOSTILE.items()):
        found[docid] = (caption, "hostile", {"star": 60 + number})
    return found


def make(root: Path) -> Place:
    """Make everything below `root`."""
    place = Place(root)
    place.images.mkdir()
    (root / "collection").mkdir()
    (root / "texts").mkdir()
    tiny.lexlip().save_pretrained(place.model)
    vectors, captions, texts = [], [], []
    for number, (docid, (caption, split, vector)) in enumerate(documents().items()):
        file = f"{number}.png"
        draw(vector).save(place.images / file)
        vectors.append({"id": docid, "contents": caption, "vector": vector, "split": split})
        captions.append({"id": docid, "file": f"images/{file}", "split": split, "captions": [caption, "Seen again."]})
        texts.append({"id": docid, "contents": caption})
    for path, lines in (
        (root / "collection" / "a.jsonl", vectors),
        (place.captions, captions),
        (root / "texts" / "a.jsonl", texts),
    ):
        path.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    ImpactIndex.build(root / "collection", place.index, store=["contents"], keywords=["split"])
    build_bm25(root / "texts", place.bm25)
    return place


def draw(vector: Impacts) -> Image.Image:
    """Draw the first colour and shape of a vector."""
    picture = Image.new("RGB", (96, 96), "#e8e4da")
    pen = ImageDraw.Draw(picture)
    fill = next((COLOURS[token] for token in vector if token in COLOURS), "#888")
    if "circle" in vector:
        pen.ellipse((20, 20, 76, 76), fill)
    elif "square" in vector:
        pen.rectangle((22, 22, 74, 74), fill)
    else:
        pen.regular_polygon((48, 48, 32), 3, fill=fill)
    return picture
