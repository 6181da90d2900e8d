"""Visual words on drawn scenes: `python -m lexlip_lucene.experiments.visual.scenes SCENES --model MODEL --output OUT`.

The visual words are learned on the training scenes, of the model's own backbone. Every test scene then searches the
test scenes by its visual words. Printed are, over the first ten hits without the scene itself: the share that has an
object of a shape of the query's, of a shape and colour of its, and of one that lies nowhere near its like; beside the
same by words (the lexicon), by the cosine of whole-picture vectors, and of scenes drawn at random.

Then the pointing game of matched places (`evaluate/pointing.py` has its source). For each shape and colour that a scene
and its first hit both have, the strongest match of the object's places points at a place of the hit: is it on such an
object? Chance is the share of places that are; `same place` points at where the query's place was.
"""

import argparse
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.experiments.visual.shapes import SHARED, Pointed, Scenes, pointed, read_things
from lexlip_lucene.experiments.visual.whole_pictures import nearest, whole_pictures
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import Progress, for_terminal
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.records import Hit
from lexlip_lucene.vectors.collection import read_queries

FIRST = 10


def shared_by(things: Scenes, found: Mapping[str, Sequence[str]]) -> dict[str, float]:
    """Return the shares of the scenes found that have what the query has; see `SHARED`."""
    pairs = [(things[query], things[document]) for query, documents in found.items() for document in documents]
    return {name: float(np.mean([shares(*pair) for pair in pairs])) for name, shares in SHARED.items()}


def others(things: Scenes) -> dict[str, list[str]]:
    """Return all other scenes for each: what chance finds."""
    return {query: [document for document in things if document != query] for query in things}


def first_of(run: Mapping[str, Sequence[Hit]]) -> dict[str, list[str]]:
    """Return the first ten hits of each scene without itself."""
    return {query: [hit.docid for hit in hits if hit.docid != query][:FIRST] for query, hits in run.items()}


def measured(
    captions: Path, model: Path, recipe: VisualRecipe, split: str, folder: Path, progress: Progress
) -> dict[str, Any]:
    """Learn, encode, index, search and point; return the record."""
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.experiments.visual.encoded.scene_pictures import DOCUMENTS, Pair, encode_scenes

    things = read_things(captions, split)
    train, test = (read_captions(captions, split=name) for name in ("train", split))
    pictures = encode_scenes(LexLip.from_pretrained(model), train, test, recipe, folder / "coded", progress)
    index = folder / "index"
    ImpactIndex.build(folder / "coded" / DOCUMENTS, index, force=True, threads=1, progress=progress)
    queries = {name: read_queries(folder / "coded" / f"{name}.jsonl") for name in ("looks", "words")}
    with ImpactSearcher(index) as searcher:
        found = {name: first_of(searcher.search_batch(asked, FIRST + 1)) for name, asked in queries.items()}
        looks = {query.id: query.vector for query in queries["looks"]}
        hits = [(query, found["looks"][query][0]) for query in looks if found["looks"].get(query)]
        pairs = [Pair(*hit, _contributions(searcher, looks[hit[0]], hit[1])) for hit in hits]
    shared = {name: shared_by(things, run) for name, run in found.items()}
    shared["dense"] = shared_by(things, _dense(pictures.places))
    shared["random"] = shared_by(things, others(things))
    matched = zip(pairs, pictures.matches(pairs), strict=True)
    points = [each for pair, match in matched for each in pointed(match, things[pair.query], things[pair.document])]
    return {"scenes": len(things), "settings": recipe.model_dump(mode="json"), "shared": shared, **_pointing(points)}


def _contributions(searcher: ImpactSearcher, query: dict[str, int], docid: str) -> dict[str, int]:
    return {term.token: term.contribution for term in searcher.explain(query, docid).terms if term.contribution}


def _dense(places: Mapping[str, Any]) -> dict[str, list[str]]:
    ids, vectors = list(places), whole_pictures(np.stack(list(places.values())))
    return first_of(dict(zip(ids, nearest(vectors, vectors, ids, FIRST + 1), strict=True)))


def _pointing(points: Sequence[Pointed]) -> dict[str, Any]:
    means = {name: float(np.mean([getattr(each, name) for each in points])) for name in Pointed._fields if points}
    return {"pointing": {"objects": len(points), **means}}


def table(records: Iterable[Mapping[str, Any]]) -> str:
    """Return the records, one a seed, as Markdown: means with standard deviations."""
    records = list(records)
    lines = ["| first ten by | shape | shape and colour | elsewhere |", "| --- | ---: | ---: | ---: |"]
    for name in records[0]["shared"]:
        cells = [_mean([100 * record["shared"][name][each] for record in records]) for each in SHARED]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += ["", "| objects | matched place hits | same place | chance |", "| ---: | ---: | ---: | ---: |"]
    points = [record["pointing"] for record in records]
    cells = [_mean([100 * point[name] for point in points]) for name in Pointed._fields]
    lines.append(f"| {sum(point['objects'] for point in points)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _mean(values: Sequence[float]) -> str:
    spread = f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else ""
    return f"{np.mean(values):.1f}{spread}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print a record a seed and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenes", type=Path, help="folder of the scenes, which `lexlip demo` draws")
    parser.add_argument("--model", type=Path, required=True, help="model that was trained on scenes")
    parser.add_argument("--output", type=Path, required=True, help="folder of collections and indexes")
    parser.add_argument("--split", default="test", help="scenes that search and are searched")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of visual words")
    parser.add_argument("--seeds", type=int, default=3)
    given = parser.parse_args(arguments)
    records = []
    for seed in range(given.seeds):
        settings = dict(each.partition("=")[::2] for each in given.set) | {"seed": seed}
        recipe = VisualRecipe.model_validate(settings)
        folder = given.output / str(seed)
        records.append(
            measured(given.scenes / "captions.jsonl", given.model, recipe, given.split, folder, for_terminal())
        )
        print(orjson.dumps(records[-1]).decode())
    print(table(records))


if __name__ == "__main__":
    main()
