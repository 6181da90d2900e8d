"""`lexlip explain`: why a document has its score, why it ranks before or behind another, and where its tokens are."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lexlip_lucene.cli.by_picture import By, Looks, by_picture_of, seen_picture
from lexlip_lucene.cli.late_maps import draw_late_maps, label_line
from lexlip_lucene.cli.maps import draw_maps, draw_places, model_of, picture_of, require_png
from lexlip_lucene.cli.matched import draw_matches, looks_of
from lexlip_lucene.cli.open_index import open_impacts
from lexlip_lucene.cli.pictures import Outside
from lexlip_lucene.cli.place import CaFile, Insecure, place_of
from lexlip_lucene.cli.query import require_kind
from lexlip_lucene.cli.typed import read_typed, words_lines, words_record
from lexlip_lucene.cli.verb import Debug, Force, Json, answer, verb
from lexlip_lucene.errors import InputError
from lexlip_lucene.search.explanation import compare
from lexlip_lucene.vectors.picture_vector import words_and_picture
from lexlip_lucene.words.read_query import ReadQuery
from lexlip_lucene.words.visual_words import is_visual_word

if TYPE_CHECKING:
    from lexlip_lucene.search.explanation import Comparison, Explanation
    from lexlip_lucene.search.searcher import Searcher
    from lexlip_lucene.vectors.positions import Positions


@verb
def explain(
    index: Annotated[str, typer.Argument(help="Impact index folder, or URL/ALIAS in a cluster.")],
    docid: Annotated[str, typer.Option(help="Document to explain.")],
    query: Annotated[str | None, typer.Option(help="Words, or `token:weight …` without a model.")] = None,
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The picture searched by, with or without --query beside it.")
    ] = None,
    by: By = None,
    looks: Looks = None,
    model: Annotated[
        Path | None, typer.Option(help="Model folder, or the name of a shipped model, that encodes the query.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="DOCID", help="Another document: why is one before the other?")
    ] = None,
    maps: Annotated[
        Path | None, typer.Option(metavar="FILE.png", help="Draw where in the picture the tokens were seen.")
    ] = None,
    images: Annotated[
        Path | None, typer.Option(help="With --maps: the folder of images, or the captions file, that was encoded.")
    ] = None,
    late: Annotated[
        bool,
        typer.Option(
            "--late", help="With --maps and --model: how like a place is to a word, by patch vectors, beside the maps."
        ),
    ] = False,
    label: Annotated[
        str | None,
        typer.Option(metavar="WORDS", help='With --late: light the places most like them in "a photo of a WORDS.".'),
    ] = None,
    outside: Outside = False,
    ca_file: CaFile = None,
    insecure: Insecure = False,
    json: Json = False,
    force: Force = False,
    debug: Debug = False,
) -> None:
    """Show how a document's score adds up.

    Each line is a token that query and document share: contribution = query weight × impact. With --against, each line
    is what the token contributes to the one document less what it contributes to the other; the differences add up as
    well. --maps needs --model, or an index that stores positions (`lexlip encode images --positions`, `lexlip index
    --store positions`), which then frames each token's place without a map. With --image, --maps draws the places of
    both pictures that visual words matched.

    \b
    Example: lexlip explain photos-index --query "a red bicycle" --docid 1.jpg --model model --against 2.jpg
    """
    if (maps is None) != (images is None):
        raise InputError("--maps draws over the document's picture: give --maps FILE.png and --images together")
    if late and (maps is None or model is None):
        raise InputError("--late draws maps by the model's patch vectors: give --maps, --images and --model with it")
    asked = by_picture_of(image, by, looks)
    if query is None and asked is None:
        raise InputError("what was searched for? Give --query, --image or both")
    if late and query is None:
        raise InputError("--late compares words with patches: give --query, too")
    if label is not None and not late:
        raise InputError("--label lights places by the model's patch vectors: give --late with it")
    if maps is not None:
        require_png(maps, force=force)
    place = place_of(index, ca_file, insecure)
    require_kind(place, "impact", "a BM25 score is not explained")
    read = ReadQuery({}) if query is None else read_typed(place, query, model)
    seen = None if asked is None else seen_picture(place, asked, model)
    with open_impacts(place) as searcher:
        read = read.with_captions(searcher.caption_query)
        weights = read.weights if seen is None else words_and_picture(read.weights, seen.query)
        captions = searcher.caption_query(query or "").said(searcher.captions)
        explanation = searcher.explain(weights, docid)
        other = None if against is None else searcher.explain(weights, against)
        positions = _stored_positions(searcher, docid)
    said = " ".join(str(each) for each in (query, image) if each is not None)
    record, lines = _score(said, explanation, positions, captions, known=bool(weights))
    if asked is not None:
        looks_record, looks_lines = looks_of(explanation)
        record |= {"image": asked.file.absolute(), **looks_record}
        lines = [*looks_lines, *lines]
    if other is not None:
        compared = compare(explanation, other)
        record["against"] = _against_record(compared)
        lines = _against_lines(compared)
    record |= words_record(read)
    lines += words_lines(read, captions)
    if maps is not None and images is not None:
        tokens = [term.token for term in explanation.terms]
        picture = picture_of(docid, images, outside=outside)
        matching = any(is_visual_word(token) for token in tokens)
        if matching and asked is not None and seen is not None and seen.visual is not None:
            drawn = draw_matches(maps, asked.file, picture, seen.model, seen.visual, explanation, force=force)
        elif model is not None:
            loaded = model_of(place, model)
            if late:  # it compares all words that were typed, and the picture may lack their tokens
                known = loaded.lexicon.position_of_token
                tokens = [token for token in weights if token in known and token not in read.called]
                drawn = draw_late_maps(maps, picture, loaded, tokens, read.words, label=label, force=force)
            else:
                drawn = draw_maps(maps, picture, loaded, tokens, force=force)
        elif positions is not None:
            drawn = draw_places(maps, picture, positions, tokens, force=force)
        else:
            raise InputError(
                f"--maps needs --model MODEL, or positions, and {index} stores none: encode with --positions, and "
                "index with --store positions"
            )
        record["maps"] = drawn
        if matching:
            lines.append(f"{maps}: which places of both pictures look alike")
        else:
            named = ", ".join(each["token"] for each in drawn["tokens"])
            lines.append(f"{maps}: where its tokens were seen: {named or 'none of them anywhere'}")
        if "label" in drawn:
            lines.append(label_line(drawn["label"]))
    answer(record, "\n".join(lines), as_json=json)


def _stored_positions(searcher: "Searcher", docid: str) -> "Positions | None":
    from lexlip_lucene.vectors.positions import POSITIONS, parse_positions

    stored = searcher.stored(docid).get(POSITIONS)
    if stored is None:
        return None
    return parse_positions(stored, searcher.captions.seen(searcher.vector(docid)), f"{searcher.path}: document {docid}")


def _score(
    query: str,
    explanation: "Explanation",
    positions: "Positions | None",
    captions: dict[str, str],
    *,
    known: bool,
) -> tuple[dict[str, Any], list[str]]:
    docid, score, terms, missing = explanation
    record: dict[str, Any] = {
        "query": query,
        "docid": docid,
        "score": score,
        "terms": [term._asdict() for term in terms],
        "missing": [{"token": token, "query_weight": weight} for token, weight in missing],
    }
    if captions:
        record["captions"] = captions
    places = {token: f"  ({said})" for token, said in captions.items()}
    if positions is not None:
        grid = f"of {positions.grid.rows} × {positions.grid.columns}"
        places |= {t: f"  (row {cell.row + 1}, column {cell.column + 1} {grid})" for t, cell in positions.cells.items()}
        boxes = {term.token: positions.box(term.token) for term in terms}
        record["boxes"] = {token: list(box) for token, box in boxes.items() if box is not None}
    lines = [f"{docid}: score {score}" + ("" if known else f"; the query {query!r} has no known token")]
    lines += [
        f"{term.contribution:>9} = {term.query_weight:>5} × {term.impact:<5} {term.token}{places.get(term.token, '')}"
        for term in terms
    ]
    return record, lines + [f"{0:>9} = {weight:>5} × {0:<5} {token}" for token, weight in missing]


def _against_record(compared: "Comparison") -> dict[str, Any]:
    return {
        "docid": compared.against,
        "score": compared.against_score,
        "difference": compared.difference,
        "terms": [term._asdict() for term in compared.terms],
        "missing": [{"token": token, "query_weight": weight} for token, weight in compared.missing],
    }


def _against_lines(compared: "Comparison") -> list[str]:
    docid, against, score, against_score, difference, terms, missing = compared
    if difference:
        head = f"{docid} (score {score}) is {'before' if difference > 0 else 'behind'} {against} ({against_score})"
    else:
        head = f"{docid} and {against} both have the score {score}: the smaller docid comes first"
    lines = [f"{head}, by {abs(difference)}" if difference else head]
    lines += [
        f"{term.difference:>+9} = {term.contribution:>7} − {term.against_contribution:<7} {term.token}"
        for term in terms
    ]
    return lines + [f"{0:>9} = {0:>7} − {0:<7} {token}" for token, _ in missing]
