"""Words typed on the command line: their weights, and the lines that say what counts for nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexlip_lucene.cli.place import Place
from lexlip_lucene.cli.query import encoded_query, made_with, parse_weights, require_same_vocabulary
from lexlip_lucene.models.shipped import model_folder

if TYPE_CHECKING:
    from lexlip_lucene.words.read_query import ReadQuery


def read_typed(index: Place, text: str, model: Path | None) -> "ReadQuery":
    """Read the query `text`: typed words with a model, `token:weight …` without; errors as in `encoded_query`."""
    from lexlip_lucene.words.read_query import ReadQuery

    if model is None:
        weights = parse_weights(text)
        model = made_with(index) if weights is None else None
        if model is None:
            return ReadQuery(encoded_query(index, text, None))
    model = model_folder(model)
    from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
    from lexlip_lucene.encoders.query.typed_words import query_reader

    encoder = LexLipQueryEncoder(model)
    require_same_vocabulary(index, encoder.model.lexicon.sha256, str(model))
    return query_reader(model, encoder).read(text)


def words_record(read: "ReadQuery | None") -> dict[str, Any]:
    """Return the keys of `--json` about words; None is a query of a text index, which takes words as they are."""
    if read is None:
        return {"unknown": []}
    return {
        "unknown": read.unknown,
        "nearest": read.nearest,
        "suggestions": read.suggestions,
        "excluded": read.excluded,
        "proposed_exclusions": read.proposed_exclusions,
        "called": read.called,
    }


def words_lines(read: "ReadQuery | None", captions: Mapping[str, str]) -> list[str]:
    """Return a line for each word that counts for nothing, and one for those that are excluded.

    Args:
        read: the query; None for one of a text index.
        captions: token of a caption field → its meaning.
    """
    if read is None:
        return []
    lines = []
    for word in read.unknown:
        if word in read.suggestions:
            lines.append(
                f"{word}: not among the words of this model; did you mean {', '.join(read.suggestions[word])}?"
            )
        else:
            known = ", ".join(read.nearest.get(word, ()))
            lines.append(f"{word}: not among the words of this model" + (f"; nearest: {known}" if known else ""))
    if read.excluded:
        lines.append(f"excluded: {', '.join(captions.get(token, token) for token in read.excluded)}")
    return lines + [f"{word}: does not count; -{word} excludes it" for word in read.proposed_exclusions]
