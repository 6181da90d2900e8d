"""`lexlip export onnx`: the query side of a model for ONNX Runtime."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.overwrite import require_replaceable
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb

app = typer.Typer(
    help="""Export a model for other programs.

    \b
    Example: lexlip export onnx model query-model
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.callback()
def export() -> None:
    """Keep `onnx` a separate verb: Typer would fold a group of one into it."""


@app.command("onnx")
@verb
def onnx(
    model: Annotated[Path, typer.Argument(help="Model folder, or the name of a shipped model.")],
    output: Annotated[Path, typer.Argument(help="Folder to write.")],
    int8: Annotated[
        bool, typer.Option("--int8", help="Matrices of a transformer as 8-bit integers: smaller and faster, not exact.")
    ] = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Write the query side of a model as an ONNX graph.

    OUTPUT gets query.onnx, query.json and tokenizer.json. It encodes queries without torch: `lexlip search --model
    OUTPUT`, or LexLipQueryEncoder(OUTPUT) in Python.

    \b
    Example: lexlip export onnx model query-model
    """
    from lexlip_lucene.files.written import bytes_below

    require_replaceable(output, sign="query.onnx", what="an exported query side", force=force)
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.query.onnx_export import export_query

    loaded = LexLip.from_pretrained(model)
    export_query(loaded, output, int8=int8, force=force)
    record = {
        "tokens": len(loaded.lexicon),
        "text": loaded.config.text.kind,
        "bytes": bytes_below(output),
        "output": output.absolute(),
    }
    text = f"{output}: the {record['text']} query side of {model}, {record['tokens']} tokens, {record['bytes']} bytes"
    answer(record, text, as_json=json)
