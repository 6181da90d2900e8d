"""Visual words in an explanation: their share of the score, and the places of both pictures that they matched."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexlip_lucene.cli.maps import opened
from lexlip_lucene.words.visual_words import is_visual_word

if TYPE_CHECKING:
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
    from lexlip_lucene.search.explanation import Explanation

SHOWN = 20
"""Pairs of places in the record."""


def looks_of(explanation: "Explanation") -> tuple[dict[str, Any], list[str]]:
    """Return the part of a score that visual words gave, as keys of `--json` and as lines."""
    given = [term.contribution for term in explanation.terms if is_visual_word(term.token)]
    if not given:
        return {"looks_score": 0}, []
    share = sum(given) / explanation.score
    return {"looks_score": sum(given)}, [f"{len(given)} visual words gave {sum(given)}, {share:.0%} of the score"]


def draw_matches(
    path: Path,
    query: Path,
    document: Path,
    model: "LexLip",
    visual: "VisualLexicon",
    explanation: "Explanation",
    *,
    force: bool,
) -> dict[str, Any]:
    """Draw the places of both pictures that visual words matched; return the record of what was drawn."""
    from lexlip_lucene.encoders.explain.matched_places import matched_places
    from lexlip_lucene.files.written import written_file
    from lexlip_lucene.pictures.matched_picture import matched_picture

    terms = [(term.token, term.contribution) for term in explanation.terms if is_visual_word(term.token)]
    pictures = opened(query), opened(document)
    matches = matched_places(model, visual, *pictures, terms)
    with written_file(path, force=force) as file:
        matched_picture(*pictures, matches).save(file, "PNG", optimize=True)
    cells = [
        {
            "query_cell": list(matches.grid.cell(match.query_place)),
            "cell": list(matches.grid.cell(match.document_place)),
            "contribution": match.contribution,
        }
        for match in matches.strongest(SHOWN)
    ]
    return {"file": path.absolute(), "grid": list(matches.grid[:2]), "score": matches.score, "matches": cells}
