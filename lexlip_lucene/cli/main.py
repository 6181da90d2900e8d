"""The command `lexlip`. Verbs are registered here and live one in a file; nothing heavy is imported until one runs."""

import typer

from lexlip_lucene.cli import bench, demo, doctor, encode, evaluate, explain, fuse, index, search, topics, train
from lexlip_lucene.cli.verb import stop

app = typer.Typer(
    name="lexlip",
    help="Search images with the inverted index of text search: encode, index, search, evaluate, explain.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("demo")(demo.demo)
app.command("doctor")(doctor.doctor)
app.command("topics")(topics.topics)
app.command("train")(train.train)
app.add_typer(encode.app, name="encode")
app.command("index")(index.index)
app.command("search")(search.search)
app.command("explain")(explain.explain)
app.command("eval")(evaluate.evaluate)
app.command("fuse")(fuse.fuse)
app.command("bench")(bench.bench)


def main() -> None:
    """Run the command; the entry point of `lexlip` and of `python -m lexlip_lucene`."""
    try:
        app()
    except KeyboardInterrupt as interruption:
        stop(interruption)
