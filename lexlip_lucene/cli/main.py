"""The command `lexlip`. Verbs are registered here and live one in a file; nothing heavy is imported until one runs."""

import io
import sys
from typing import Any

import typer
from typer.core import TyperGroup

from lexlip_lucene.cli import (
    bench,
    bench_engine,
    check,
    classify,
    demo,
    doctor,
    duplicates,
    encode,
    evaluate,
    explain,
    export,
    fuse,
    index,
    lexicon,
    match,
    merge,
    merge_collections,
    photos,
    push,
    search,
    serve,
    tag,
    topics,
    train,
    train_visual,
    tune,
)
from lexlip_lucene.cli.verb import stop

ORDER = [
    "demo",
    "photos",
    "doctor",
    "topics",
    "train",
    "train-visual",
    "match",
    "encode",
    "merge-collections",
    "index",
    "merge",
    "push",
    "check",
    "search",
    "explain",
    "duplicates",
    "lexicon",
    "serve",
    "eval",
    "fuse",
    "tune",
    "classify",
    "tag",
    "export",
    "bench",
    "bench-engine",
]


class InOrder(TyperGroup):
    """The verbs in the order of the work; Typer would put `encode` and `export`, which are groups, last."""

    def list_commands(self, ctx: Any) -> list[str]:
        """Return the verbs' names."""
        return sorted(self.commands, key=lambda name: ORDER.index(name) if name in ORDER else len(ORDER))


app = typer.Typer(
    name="lexlip",
    cls=InOrder,
    help="Search images with the inverted index of text search: encode, index, search, evaluate, explain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("photos")(photos.photos)
app.command("doctor")(doctor.doctor)
app.command("topics")(topics.topics)
app.command("train")(train.train)
app.command("train-visual")(train_visual.train_visual)
app.command("match")(match.match)
app.add_typer(encode.app, name="encode")
app.command("merge-collections")(merge_collections.merge_collections)
app.command("index")(index.index)
app.command("merge")(merge.merge)
app.command("push")(push.push)
app.command("check")(check.check)
app.command("search")(search.search)
app.command("explain")(explain.explain)
app.command("duplicates")(duplicates.duplicates)
app.command("lexicon")(lexicon.lexicon)
app.command("serve")(serve.serve)
app.command("eval")(evaluate.evaluate)
app.command("fuse")(fuse.fuse)
app.command("tune")(tune.tune)
app.command("classify")(classify.classify)
app.command("tag")(tag.tag)
app.add_typer(export.app, name="export")
app.command("bench")(bench.bench)
app.command("bench-engine")(bench_engine.bench_engine)


def main() -> None:
    """Run the command; the entry point of `lexlip` and of `python -m lexlip_lucene`."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        # JSON is UTF-8 whatever the locale says, and a file name that is not text must not end the run.
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    try:
        app()
    except KeyboardInterrupt as interruption:
        stop(interruption)
