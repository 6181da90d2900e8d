"""Re-ranking by patches, row by row: `python -m lexlip_lucene.experiments.late.report INDEX --model M --late STORE …`.

The store must have all patches (`lexlip encode images --patch-code float16 --patch-clusters 0`): other forms are made
of them. The folder OUTPUT gets late.json, late.md and three pictures (`picture.py`). `lexlip` has no verb for it.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import orjson

from lexlip_lucene.data.qrels import read_qrels
from lexlip_lucene.data.topics import read_topics
from lexlip_lucene.experiments.late.figures import NAMES, Asked, Row, rows_of
from lexlip_lucene.experiments.late.forms import Patches
from lexlip_lucene.experiments.late.picture import draw
from lexlip_lucene.files.written import written_folder
from lexlip_lucene.late.late_reranker import DEFAULT_MIX
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.progress import for_terminal


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write the folder, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path, help="impact index")
    for name, text in (
        ("topics", "topics.tsv"),
        ("qrels", "qrels.txt"),
        ("model", "model with a late head"),
        ("late", "patch store with all patches"),
        ("output", "folder to write"),
    ):
        parser.add_argument(f"--{name}", type=Path, required=True, help=text)
    parser.add_argument("--mix", type=float, help="part of the first score; the model's own unless given")
    given = parser.parse_args(arguments)
    rows = measured(given.index, given.topics, given.qrels, given.model, given.late, given.mix)
    text = table(rows)
    with written_folder(given.output, force=True) as folder:
        draw(rows, folder)
        (folder / "late.json").write_bytes(orjson.dumps([row._asdict() for row in rows], option=orjson.OPT_INDENT_2))
        (folder / "late.md").write_text(text, encoding="utf-8")
    print(text)


def measured(index: Path, topics: Path, qrels: Path, model: Path, late: Path, mix: float | None) -> list[Row]:
    """Return all rows."""
    from lexlip_lucene.encoders.query.late_query import LateQuery
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder

    query = LateQuery(model)
    texts = {topic.qid: topic.text for topic in read_topics(topics)}
    with PatchStore.open(late, model_sha256=query.sha256) as store, ImpactSearcher(index) as searcher:
        docids = list(store.docids())
        patches = Patches(dict(zip(docids, store.vectors(docids), strict=True)))
        encode = LexLipQueryEncoder(model).encode
        impacts = {qid: encode(text) for qid, text in texts.items()}
        tokens = {text: query(text) for text in texts.values()}
        first = searcher.search_batch(impacts, searcher.documents, progress=for_terminal())
        mixes = (mix, query.mix, DEFAULT_MIX)
        part = next(one for one in mixes if one is not None)
        asked = Asked(first, texts, read_qrels(qrels), patches, tokens.__getitem__, part)
        return list(rows_of(asked, searcher.documents, for_terminal()))


def table(rows: Sequence[Row]) -> str:
    """Return the rows as Markdown: recall in percent, the gain in points with its p-value, and the rest."""
    lines = ["| | re-ranked | R@1 / 5 / 10 | gain (p) | bytes | ms |", "| --- | --- | ---: | ---: | ---: | ---: |"]
    for row in rows:
        recall = " / ".join(f"{100 * row.recall[name]:.2f}" for name in NAMES)
        gain = " / ".join(f"{100 * mean:+.2f} ({p:.4f})" for mean, p in (row.gain[name] for name in NAMES))
        size = "" if row.bytes is None else f"{row.bytes:,.0f}"
        gain = "" if row.milliseconds is None else gain
        took = "" if row.milliseconds is None else f"{row.milliseconds:.1f}"
        lines.append(f"| {row.group} | {row.name} | {recall} | {gain} | {size} | {took} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
