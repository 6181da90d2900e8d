"""`lexlip demo`: the whole job on scenes drawn here."""

from contextlib import nullcontext
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.serve import HOST, PORT, open_served, run_server
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, percent, verb

if TYPE_CHECKING:
    from socket import socket

    from lexlip_lucene.demo.demo import DemoReport


@verb
def demo(
    output: Annotated[Path, typer.Option(help="Folder to write.")] = Path("lexlip-demo"),
    seed: Annotated[int, typer.Option(help="Other seeds draw other scenes.")] = 0,
    serve: Annotated[
        bool, typer.Option("--serve", help="End on the search page over the scenes, until Ctrl-C.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of that page; 0 takes a free one.")] = PORT,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Run the whole job on scenes that it draws itself.

    Draws captioned scenes, trains a small LexLIP on them, encodes, indexes, searches, evaluates beside BM25 and
    writes report.html. Takes some minutes; needs no data and no network. With --serve it ends on the search page.

    \b
    Example: lexlip demo --output lexlip-demo
    """
    from lexlip_lucene.serve.server import listen

    with listen(HOST, port) if serve else nullcontext() as bound:  # a port that is taken is said before the work
        _run(output, seed, bound, as_json=json, force=force)


def _run(output: Path, seed: int, bound: "socket | None", *, as_json: bool, force: bool) -> None:
    from lexlip_lucene.demo.demo import run_demo
    from lexlip_lucene.progress import for_terminal

    require_replaceable(output, sign="report.html", what="a folder of the demo", force=force)
    report = run_demo(output, seed=seed, force=force, progress=for_terminal())
    folder = output.absolute()
    record, text = _record(folder, report), _as_text(output, report)
    if bound is None:
        answer(record, text, as_json=as_json)
        return
    scenes = folder / "scenes"
    opened = open_served(
        folder / "lexlip" / "index",
        folder / "model",
        scenes / "images",
        scenes / "captions.jsonl",
        folder / "bm25" / "index",
    )
    run_server(
        opened,
        HOST,
        bound,
        lambda at: answer({**record, "url": at}, f"{text}\nor there: {at} (Ctrl-C ends it)", as_json=as_json),
    )


def _record(folder: Path, report: "DemoReport") -> dict[str, Any]:
    return {
        **report._asdict(),
        "collection": folder / "lexlip" / "collection",
        "index": folder / "lexlip" / "index",
        "bm25_index": folder / "bm25" / "index",
        "model": folder / "model",
        "report": folder / "report.html",
        "images": folder / "scenes" / "images",
        "captions": folder / "scenes" / "captions.jsonl",
        "topics_file": folder / "lexlip" / "topics" / "topics.tsv",
        "qrels_file": folder / "lexlip" / "topics" / "qrels.txt",
        "run_file": folder / "lexlip" / "run.txt",
        "bm25_run_file": folder / "bm25" / "run.txt",
    }


def _as_text(output: Path, report: "DemoReport") -> str:
    return "\n".join(
        [
            f"{report.topics} captions searched {report.documents} scenes, none of them seen in training; in percent:",
            f"  LexLIP  {percent(report.lexlip)}",
            f"  BM25    {percent(report.bm25)}   (over one caption a scene)",
            f"  both    {percent(report.fused)}   (reciprocal rank fusion)",
            f"training {report.train_seconds:.0f} s, in all {report.total_seconds:.0f} s",
            f"look at {output.absolute() / 'report.html'}",
            f"search it: lexlip search {quote(f'{output}/lexlip/index')} --model {quote(f'{output}/model')} "
            '--query "a red circle"',
        ]
    )
