"""Text taggers on Twitter-2015 and Twitter-2017: `python -m lexlip_lucene.experiments.entities.twitter DATA …`.

DATA holds `twitter2015-train.txt`, `twitter2015-valid.txt` and the same of 2017. The floor is a linear CRF
(`linear_crf.py`), trained on the tags as they are, and on tags without the strays that Twitter-2015 has. Each
`--tagger 2015=FOLDER` adds a model that `lexlip train` made. All are measured on valid, which no recipe trains or
chooses on, by the strict F1 of `evaluate/entity_f1.py`. `lexlip` has no verb for it.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from lexlip_lucene.data.entities.iob2 import spans_of, tags_of
from lexlip_lucene.data.entities.tagged_posts import TaggedPost, read_tagged_posts
from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.entity_f1 import EntityFigures, entity_figures
from lexlip_lucene.experiments.entities.linear_crf import linear_crf_tags

YEARS = ("2015", "2017")
AT_ONCE = 64


class Row(NamedTuple):
    """A row of the table."""

    year: str
    tagger: str
    figures: EntityFigures


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path, help="folder of the Twitter sets")
    parser.add_argument("--tagger", action="append", default=[], metavar="YEAR=FOLDER", help="a tagger of that set")
    given = parser.parse_args(arguments)
    print(table(measured(given.data, [_named(text) for text in given.tagger])), end="")


def measured(data: Path, taggers: Sequence[tuple[str, Path]]) -> list[Row]:
    """Return the floor of each set, and its taggers."""
    rows = []
    for year in YEARS:
        train = read_tagged_posts(data / f"twitter{year}-train.txt")
        valid = read_tagged_posts(data / f"twitter{year}-valid.txt")
        for name, learned in (("linear CRF", train), ("linear CRF, no strays", _without_strays(train))):
            rows.append(Row(year, name, _figures(linear_crf_tags(learned, valid), valid)))
        for of_year, folder in taggers:
            if of_year == year:
                rows.append(Row(year, str(folder), _figures(_tags(folder, valid), valid)))
    return rows


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown, in percent."""
    lines = ["| set | tagger | precision | recall | strict F1 |", "| --- | --- | ---: | ---: | ---: |"]
    for row in rows:
        shown = " | ".join(f"{100 * value:.2f}" for value in row.figures[:3])
        lines.append(f"| {row.year} valid | {row.tagger} | {shown} |")
    return "\n".join(lines) + "\n"


def _named(text: str) -> tuple[str, Path]:
    year, _, folder = text.partition("=")
    if year not in YEARS or not folder:
        raise InputError(f"--tagger needs YEAR=FOLDER with a year of {', '.join(YEARS)}, got {text!r}")
    return year, Path(folder)


def _without_strays(posts: Sequence[TaggedPost]) -> list[TaggedPost]:
    """Return the posts with `O` for each `I-` that goes on from nothing, as our taggers learn them."""
    return [replace(post, tags=tuple(tags_of(post.entities, len(post.words)))) for post in posts]


def _tags(folder: Path, posts: Sequence[TaggedPost]) -> list[list[str]]:
    from lexlip_lucene.encoders.entities.entity_tagger import EntityTagger

    tagger = EntityTagger.from_pretrained(folder)
    found: list[list[str]] = []
    for begin in range(0, len(posts), AT_ONCE):
        words = [post.words for post in posts[begin : begin + AT_ONCE]]
        tagged = tagger.tag_words(words, [None] * len(words))
        found += [tags_of([span for span, _ in one.spans], len(own)) for one, own in zip(tagged, words, strict=True)]
    return found


def _figures(tags: Sequence[Sequence[str]], posts: Sequence[TaggedPost]) -> EntityFigures:
    return entity_figures([spans_of(own) for own in tags], [post.entities for post in posts])


if __name__ == "__main__":
    main()
