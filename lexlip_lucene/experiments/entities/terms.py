"""Queries that name somebody, with entity terms and without, on generated posts.

    python -m lexlip_lucene.experiments.entities.posts POSTS --only-write
    python -m lexlip_lucene.demo.families SCENES
    lexlip train encode/scenes.yaml --output model --set roots.scenes=SCENES
    lexlip train encode/posts-tagger.yaml --output tagger --set roots.posts=POSTS
    lexlip tag POSTS/captions.jsonl --split test --model tagger --output tags.jsonl
    python -m lexlip_lucene.experiments.entities.terms POSTS --model model --tags tags.jsonl --output FOLDER

The pictures of the test posts are the documents. A query of the one kind has a name and what else is in the picture,
"Orion next to a red star": the posts that have both are relevant. One of the other kind, "a red star", names nobody.
Three indexes answer them: of the pictures only; with entity terms; with the words of the posts as a BM25 caption
field. The model has learned from other scenes: it sees a red star, and has never heard of Orion, as with the names of
anybody's own photos.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.demo import words
from lexlip_lucene.demo.posts import BESIDE, NAMES
from lexlip_lucene.evaluate.measures import evaluate
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.records import Hit, Impacts, Qrel
from lexlip_lucene.search.caption_fields import CAPTION_WEIGHT

K = 1000

PICTURES, TERMS, WORDS = KINDS = ("pictures", "entity terms", "words of the posts (BM25)")
"""The kinds of index."""


class Asked(NamedTuple):
    """Queries by their text, and the posts that are relevant to each."""

    relevant: dict[str, list[str]]

    def qrels(self) -> list[Qrel]:
        """Return the judgements; a query is its own id."""
        return [Qrel(text, docid, 1) for text, docids in self.relevant.items() for docid in docids]


class Figures(NamedTuple):
    """Figures of one kind of index: of queries with a name, and how many without one have other hits than pictures."""

    kind: str
    named: dict[str, float]
    changed: int


def queries_with_a_name(posts: Sequence[CaptionedImage]) -> Asked:
    """Return the queries that have an answer among the posts."""
    texts = {post.id: f" {post.captions[0]} " for post in posts}
    found = {}
    for name in NAMES:
        for beside in things():
            having = [id for id, text in texts.items() if f" {name} " in text and f" {beside} " in text]
            if having:
                found[f"{name} next to a {beside}"] = having
    return Asked(found)


def things() -> list[str]:
    """Return what else is in pictures: `red star`."""
    return [f"{colour} {shape}" for colour in words.COLOURS for shape in BESIDE]


def measured(posts: Path, model: Path, tags: Path, folder: Path, progress: Progress) -> tuple[int, list[Figures]]:
    """Build the indexes in `folder` and search them; return the number of queries with a name, and the figures."""
    from lexlip_lucene.encode.encode import encode_images
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder

    images = read_captions(posts / "captions.jsonl", split="test")
    loaded = LexLip.from_pretrained(model)
    encode_images(loaded, images, folder / "plain", force=True, progress=progress)
    encode_images(loaded, images, folder / "named", entities=tags, force=True, progress=progress)
    asked, plain = queries_with_a_name(images), [f"a {thing}" for thing in things()]
    encoder = LexLipQueryEncoder(loaded)
    encoded = {text: encoder.encode(text) for text in (*asked.relevant, *plain)}
    before: dict[str, Sequence[Hit]] = {}
    figures = []
    for number, kind in enumerate(KINDS):
        collection = folder / ("named" if kind == TERMS else "plain")
        run = _searched(collection, folder / f"index-{number}", encoded, captions=kind == WORDS)
        before = before or run
        changed = sum(run[text] != before[text] for text in plain)
        named = {text: run[text] for text in asked.relevant}
        figures.append(Figures(kind, evaluate(asked.qrels(), named), changed))
    return len(asked.relevant), figures


def _searched(
    collection: Path, index: Path, encoded: Mapping[str, Impacts], *, captions: bool
) -> dict[str, Sequence[Hit]]:
    """Build an index and search it; with `captions`, the texts of the posts are a field of it."""
    from lexlip_lucene.lucene.index.impact_index import ImpactIndex
    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

    ImpactIndex.build(collection, index, force=True, captions={"caption": CAPTION_WEIGHT} if captions else {})
    with ImpactSearcher(index) as searcher:
        queries = {text: {**vector, **searcher.caption_query(text).weights} for text, vector in encoded.items()}
        return dict(searcher.search_batch(queries, K))


def table(figures: Sequence[Figures], queries: int) -> str:
    """Return the figures as Markdown."""
    lines = [
        f"| index | MRR@10 of {queries} queries with a name | R@1 | R@10 | of {len(things())} without: other hits |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {kind} | {named['MRR@10']:.3f} | {named['R@1']:.3f} | {named['R@10']:.3f} | {changed} |"
        for kind, named, changed in figures
    ]
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("posts", type=Path, help="folder of the posts")
    for name, text in (("model", "LexLIP model"), ("tags", "file of lexlip tag"), ("output", "folder to write")):
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True, exist_ok=True)
    queries, figures = measured(given.posts, given.model, given.tags, given.output, for_terminal())
    print(table(figures, queries))


if __name__ == "__main__":
    main()
