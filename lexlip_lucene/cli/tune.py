"""`lexlip tune`: the recall–latency curve of approximate search on an index, and a setting for a wanted recall."""

from pathlib import Path
from shlex import join
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lexlip_lucene.cli.late import late_of
from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.query import encoded_queries, require_kind, with_captions
from lexlip_lucene.cli.tune_late import LateTask, tune_late
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError

if TYPE_CHECKING:
    from lexlip_lucene.tuning.tune import Tuning


MOST_HITS = 200
"""Hits that `--late` tries at most, unless told."""


@verb
def tune(
    index: Annotated[Path, typer.Argument(help="Index folder, of impacts.")],
    encoded: Annotated[Path | None, typer.Option(help="Encoded queries, .jsonl; some hundred.")] = None,
    topics: Annotated[Path | None, typer.Option(help="topics.tsv: qid TAB text; with --model.")] = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder, or the name of a shipped model, that encodes the topics.")
    ] = None,
    k: Annotated[int, typer.Option("-k", help="Hits a query.")] = 10,
    recall: Annotated[float, typer.Option(help="Wanted share of the exact top k, above 0 and at most 1.")] = 0.99,
    output: Annotated[Path, typer.Option(help="Folder to write.")] = Path("lexlip-tune"),
    repeats: Annotated[int, typer.Option(help="How often each query is timed with each setting.")] = 5,
    late: Annotated[
        Path | None,
        typer.Option("--late", metavar="STORE", help="Tune re-ranking by this patch store instead; with --qrels."),
    ] = None,
    qrels: Annotated[Path | None, typer.Option(help="With --late: judgements of the topics.")] = None,
    rerank: Annotated[int | None, typer.Option(help="With --late: most hits to re-rank, 200.")] = None,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Find the numbers of approximate search or re-ranking.

    Searches your queries exactly, then approximately with settings scaled to the index, one query at a time; writes
    the curve of recall and latency (PNG, SVG), the table (Markdown) and tune.json, and proposes the fastest setting
    that reaches the wanted recall. It is chosen on every second query and its figures are those of the others. Let the
    machine do nothing else meanwhile: a ratio of times is as good as the quiet it was measured in.
    With --late, chooses the number of hits to re-rank and the part of the first score, on every second topic that has
    judgements, and writes recall against hits. Take topics of pictures that no figure is reported of.

    \b
    Example: lexlip tune photos-index --encoded queries.jsonl --recall 0.99
    """
    if (encoded is None) == (topics is None):
        raise InputError("tune needs either --encoded, or --topics with --model")
    if topics is not None and model is None:
        raise InputError("--topics are texts: give --model MODEL to encode them, or encoded queries with --encoded")
    _require_in_range(k=k, recall=recall, repeats=repeats)
    if late is None and (qrels is not None or rerank is not None):
        raise InputError("--qrels and --rerank belong to --late STORE: give it, or leave them out")
    require_replaceable(output, sign="tune.json", what="a folder of lexlip tune", force=force)
    require_kind(index, "impact", "BM25 is searched exactly")

    if late is not None:
        if topics is None or model is None or qrels is None:
            raise InputError("--late is tuned on texts with judgements: give --topics, --model and --qrels")
        wanted = late_of(late, MOST_HITS if rerank is None else rerank, None)
        assert wanted is not None, "there is a store"
        tune_late(LateTask(index, topics, qrels, model, wanted), output, as_json=json, force=force)
        return

    from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
    from lexlip_lucene.progress import for_terminal
    from lexlip_lucene.tuning.tune import tune as tuned

    queries = encoded_queries(index, topics, encoded, model)
    with ImpactSearcher(index) as searcher:
        queries = with_captions(queries, topics, searcher)
        found = tuned(searcher, queries, k=k, recall=recall, repeats=repeats, progress=for_terminal())
    sources = ["--encoded", encoded] if encoded is not None else ["--topics", topics, "--model", model]
    record, text = _as_text(index, [str(source) for source in sources], found)
    _write(output, found, record, text, force=force)
    answer({**record, "folder": output.absolute()}, f"{text}\n\nLook at {output / 'recall-latency.png'}", as_json=json)


def _require_in_range(*, k: int, recall: float, repeats: int) -> None:
    for name, value in (("-k", k), ("--repeats", repeats)):
        if value < 1:
            raise InputError(f"{name} must be at least 1, got {value}")
    if not 0 < recall <= 1:
        raise InputError(f"--recall must be above 0 and at most 1, got {recall}")


def _as_text(index: Path, sources: list[str], tuning: "Tuning") -> tuple[dict[str, Any], str]:
    """Return the result as a record and as Markdown; both end in the lines that search with what is proposed."""
    from lexlip_lucene.tuning import report

    best = tuning.choice.proposed
    command = join(["lexlip", "search", str(index), *sources, "--output", "run.txt", "-k", str(tuning.k)])
    python = f"searcher.search(query, k={tuning.k})"
    before = ""
    if best is not None:
        command += f" {report.options(best.setting)}"
        before = "from lexlip_lucene import Approximation\n\n"
        python = f"searcher.search(query, k={tuning.k}, approximate={report.in_python(best.setting)})"
    text = (
        f"{report.table(tuning)}\n\n{report.verdict(tuning)}\n\n"
        f"```bash\n{command}\n```\n```python\n{before}{python}\n```"
    )
    record = {**report.record(tuning), "index": str(index.absolute()), "command": command, "python": python}
    return record, text


def _write(output: Path, tuning: "Tuning", record: dict[str, Any], text: str, *, force: bool) -> None:
    import orjson

    from lexlip_lucene.files.written import written_folder
    from lexlip_lucene.tuning.picture import draw

    title = f"# Recall and latency of approximate search in {record['index']}"
    with written_folder(output, force=force) as folder:
        draw(tuning, folder)
        (folder / "tune.json").write_bytes(orjson.dumps(record, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
        markdown = f"{title}\n\n![recall and latency](recall-latency.png)\n\n{text}\n"
        (folder / "tune.md").write_text(markdown, encoding="utf-8")
