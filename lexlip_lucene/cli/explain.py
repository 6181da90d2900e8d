"""`lexlip explain`: why a document has its score."""

from pathlib import Path
from typing import Annotated

import typer

from lexlip_lucene.cli.query import encoded_query, require_kind
from lexlip_lucene.cli.verb import Debug, Json, answer, verb


@verb
def explain(
    index: Annotated[Path, typer.Argument(help="Impact index folder.")],
    query: Annotated[str, typer.Option(help="Words, or `token:weight …` without a model.")],
    docid: Annotated[str, typer.Option(help="Document to explain.")],
    model: Annotated[Path | None, typer.Option(help="Model folder that encodes the query.")] = None,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Show how a document's score adds up.

    Each line is a token that query and document share: contribution = query weight × impact.

    \b
    Example: lexlip explain photos-index --query "a red bicycle" --docid 1.jpg --model model
    """
    from lexlip_lucene.lucene.impact_searcher import ImpactSearcher

    require_kind(index, "impact", "a BM25 score is not explained")
    weights = encoded_query(index, query, model)
    with ImpactSearcher(index) as searcher:
        explanation = searcher.explain(weights, docid)
    record = {
        "query": query,
        "docid": docid,
        "score": explanation.score,
        "terms": [term._asdict() for term in explanation.terms],
        "missing": [{"token": token, "query_weight": weight} for token, weight in explanation.missing],
    }
    lines = [f"{docid}: score {explanation.score}" + ("" if weights else f"; the query {query!r} has no known token")]
    lines += [
        f"{term.contribution:>9} = {term.query_weight:>5} × {term.impact:<5} {term.token}" for term in explanation.terms
    ]
    lines += [f"{0:>9} = {weight:>5} × {0:<5} {token}" for token, weight in explanation.missing]
    answer(record, "\n".join(lines), as_json=json)
