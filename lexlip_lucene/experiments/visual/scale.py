"""Text and picture queries of one index: `python -m lexlip_lucene.experiments.visual.scale MODEL CAPTIONS --output O`.

MODEL has visual words (`lexlip train-visual`). The documents are the photos of `--split`, then mixes of the training
photos' places, with words and looks, `--encoded` in all; then mixes of these vectors, up to `--documents`. Of each
rung there are two indexes, with words and looks, and with words only. A text must find the same hits with the same
scores in both, or the run fails.

Queries are a caption of each photo of the split, and its altered copies. Printed is, a rung and a way to search, what a
query takes: wall and CPU time in one thread, the ways in turns; times the text query's; how often a copy finds its
original; and what the index takes. O keeps the encoded documents, so that a second run does not encode again.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import orjson
from numpy.typing import NDArray

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.experiments.engine.machine import machine
from lexlip_lucene.experiments.engine.query_times import timed_queries
from lexlip_lucene.experiments.visual.alterations import ALTERATIONS, altered
from lexlip_lucene.experiments.visual.dense_pictures import DensePictures, byte_coded
from lexlip_lucene.experiments.visual.figures import SHORTLIST, found_again
from lexlip_lucene.experiments.visual.joint_index import indexed, require_same_hits
from lexlip_lucene.experiments.visual.joint_shards import SHARD, write_shard, write_tokens
from lexlip_lucene.experiments.visual.whole_pictures import whole_pictures
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.late.whole_reranker import WholeReranker
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.ladder_recipe import HnswSpec
from lexlip_lucene.records import Hit, Impacts
from lexlip_lucene.vectors.picture_vector import BOTH, PictureVector

K = 10
"""Hits of a timed query."""

TEXT = "text"

TIMED = "hard"
"""The alteration of the copies that are timed."""


class Asked(NamedTuple):
    """The queries.

    Attributes:
        ids: of the photos that copies were made of.
        texts: a caption of each photo.
        copies: alteration → the vector of each photo's copy.
        whole: alteration → (photos, width) the copies' whole-picture vectors.
    """

    ids: list[str]
    texts: list[Impacts]
    copies: dict[str, list[PictureVector]]
    whole: dict[str, NDArray[np.float32]]


class Settings(NamedTuple):
    """Settings of the measurement: rungs, repeats, queries timed, heaviest visual words, and the dense systems."""

    documents: list[int]
    repeats: int
    timed: int
    heaviest: list[int]
    dense: list[str]


def encoded(
    model: Path, captions: Path, split: str, count: int, output: Path, progress: Progress
) -> tuple[Path, Asked]:
    """Encode queries, and documents unless the folder has them; return the shards and the queries."""
    from lexlip_lucene.experiments.visual.encoded.joint_documents import (
        joint_documents,
        picture_queries,
        read_encoder,
        text_queries,
    )
    from lexlip_lucene.experiments.visual.encoded.places import KeptPlaces

    encoder = read_encoder(model)
    photos, mixed = read_captions(captions, split=split), read_captions(captions, split="train")
    kept = KeptPlaces(encoder.model.image.tower, output / "places", altered, progress)
    shards = output / f"shards-{encoder.model.sha256[:8]}-{encoder.lexicon.sha256[:8]}-{len(photos)}-{count}"
    if not shards.exists():
        batches = joint_documents(encoder, kept.of(photos), kept.of(mixed), count, _bytes_of, progress)
        with written_folder(shards) as folder:
            write_tokens(folder, encoder.tokens, [image.id for image in photos])
            waiting: list[tuple[Impacts, NDArray[np.uint8]]] = []
            number = 0
            for vectors, codes in batches:
                waiting += zip(vectors, codes, strict=True)
                if len(waiting) >= SHARD:
                    _write(folder, number, waiting, encoder.tokens)
                    waiting, number = [], number + 1
            if waiting:
                _write(folder, number, waiting, encoder.tokens)
    places = {name: kept.of(photos, name) for name in ALTERATIONS}
    copies = {name: picture_queries(encoder, each) for name, each in places.items()}
    texts = text_queries(encoder, [image.captions[0] for image in photos])
    whole = {name: whole_pictures(each) for name, each in places.items()}
    return shards, Asked([image.id for image in photos], texts, copies, whole)


def _bytes_of(places: NDArray[np.float16]) -> NDArray[np.uint8]:
    return byte_coded(whole_pictures(places))


def _write(
    folder: Path, number: int, waiting: Sequence[tuple[Impacts, NDArray[np.uint8]]], tokens: Sequence[str]
) -> None:
    write_shard(folder, number, [vector for vector, _ in waiting], tokens, np.stack([codes for _, codes in waiting]))


Way = Callable[[str, int], Sequence[Hit]]
"""From an alteration and a photo's number to the hits of its copy."""


def ways_of(joint: ImpactSearcher, pictures: DensePictures, asked: Asked, settings: Settings) -> dict[str, Way]:
    """Return the ways to search by a picture."""
    second = WholeReranker(pictures, k=SHORTLIST)

    def by(share: float, heaviest: int | None = None) -> Way:
        def search(alteration: str, number: int) -> Sequence[Hit]:
            query = asked.copies[alteration][number].query(share)
            return joint.search(dict(list(query.items())[:heaviest]), K)

        return search

    def exact(alteration: str, number: int) -> Sequence[Hit]:
        hits = joint.search(asked.copies[alteration][number].query(1), SHORTLIST)
        return second.rerank(asked.whole[alteration][number], hits)[:K]

    def dense(index: Any) -> Way:
        return lambda alteration, number: pictures.found(index, asked.whole[alteration][number], K)

    ways = {"looks": by(1), "words": by(0), "both": by(BOTH), "looks, then exact": exact}
    ways |= {f"looks, {count} heaviest": by(1, count) for count in settings.heaviest}
    kinds = {"flat": None, "HNSW": HnswSpec()}
    return ways | {f"dense, {kind}": dense(pictures.faiss(kinds[kind])) for kind in settings.dense}


def rung(
    shards: Path, documents: int, asked: Asked, settings: Settings, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Index and measure one number of documents; return its record."""
    progress.note(f"{documents} documents")
    pictures, sizes = indexed(shards, documents, folder, progress)
    with ImpactSearcher(folder / "joint") as joint, ImpactSearcher(folder / "words") as words:
        compared = require_same_hits(joint, words, asked.texts)
        ways = ways_of(joint, pictures, asked, settings)
        answers: dict[str, Callable[[int], object]] = {
            TEXT: lambda number: joint.search(asked.texts[number], K),
            "text, words only in the index": lambda number: words.search(asked.texts[number], K),
        }
        answers |= {name: partial(way, TIMED) for name, way in ways.items()}
        times = timed_queries(answers, min(settings.timed, len(asked.ids)), settings.repeats)
        recall = {name: {each: _recall(way, each, asked) for each in ALTERATIONS} for name, way in ways.items()}
    return {
        "documents": documents,
        "same_hits": compared,
        **sizes,
        "times": {name: each._asdict() for name, each in times.items()},
        "recall": recall,
    }


def _recall(way: Way, alteration: str, asked: Asked) -> dict[str, float]:
    run = {id: list(way(alteration, number)) for number, id in enumerate(asked.ids)}
    return found_again(run, asked.ids)


def table(record: Mapping[str, Any]) -> str:
    """Return a rung as Markdown."""
    head = "| {:,} documents | median ms | × text | p99 ms | CPU ms | × text | crop R@1 | hard R@1 | hard R@10 |"
    lines = [head.format(record["documents"]), "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"]
    text = record["times"][TEXT]
    for name, times in record["times"].items():
        found = record["recall"].get(name)
        recall = [("crop", "R@1"), ("hard", "R@1"), ("hard", "R@10")]
        cells = [f"{100 * found[each][measure]:.1f}" if found else "" for each, measure in recall]
        wall, cpu = (times[each] / text[each] for each in ("median", "cpu_median"))
        figures = f"{times['median']:.2f} | {wall:.2f} | {times['p99']:.2f} | {times['cpu_median']:.2f} | {cpu:.2f}"
        lines.append(f"| {name} | {figures} | {' | '.join(cells)} |")
    sizes = [record[name] / record["documents"] for name in ("joint_bytes", "words_bytes")]
    alike = f"{record['same_hits']:,} hits of texts are the same in both"
    note = f"{sizes[0]:.0f} bytes a picture with looks, {sizes[1]:.0f} without; {alike}."
    return "\n".join([*lines, "", note]) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure every rung, and print records and tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model with visual words")
    parser.add_argument("captions", type=Path, help="captions file with a training split")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--split", default="val", help="photos whose copies and captions search")
    parser.add_argument("--documents", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--encoded", type=int, default=20_000, help="documents that are encoded; others are mixed")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--timed", type=int, default=500, help="queries of each way that are timed, at most")
    parser.add_argument("--heaviest", type=int, nargs="*", default=[32], help="also search by so many visual words")
    parser.add_argument("--dense", nargs="*", default=[], choices=["flat", "HNSW"], help="also search by faiss")
    given = parser.parse_args(arguments)
    settings = Settings(sorted(given.documents), given.repeats, given.timed, given.heaviest, given.dense)
    progress = for_terminal()
    count = min(given.encoded, settings.documents[-1])
    shards, asked = encoded(given.model, given.captions, given.split, count, given.output, progress)
    for documents in settings.documents:
        record = {**rung(shards, documents, asked, settings, given.output / "indexes", progress), "machine": machine()}
        with (given.output / "rungs.jsonl").open("ab") as file:
            file.write(orjson.dumps(record) + b"\n")
        print(table(record), flush=True)


if __name__ == "__main__":
    main()
