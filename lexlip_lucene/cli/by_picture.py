"""A picture as the query of a command: `--image FILE`, `--by` and `--looks`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from lexlip_lucene.cli.maps import model_of
from lexlip_lucene.cli.open_index import facts_of
from lexlip_lucene.cli.query import made_with, require_kind
from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.words.visual_words import VISUAL_FACT

if TYPE_CHECKING:
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
    from lexlip_lucene.records import Impacts
    from lexlip_lucene.vectors.picture_vector import PictureVector

By = Annotated[
    str | None,
    typer.Option(help="With --image: words (what is in it), looks, or both; both if the index has visual words."),
]
Looks = Annotated[float | None, typer.Option(help="With --image: share of looks, 0 to 1; 0.5 unless given.")]

BY = ("words", "looks", "both")

NO_LOOKS = (
    "so its pictures can't be found by their looks: make a model with `lexlip train-visual`, encode with --visual, and "
    "index again; or search --by words"
)


class ByPicture(NamedTuple):
    """A picture to search by, and the share of looks in the score, 0 to 1; None: half if the index has looks."""

    file: Path
    looks: float | None


def by_picture_of(file: Path | None, by: str | None, looks: float | None) -> ByPicture | None:
    """Return what the options say, None without a picture.

    Raises:
        InputError: `--by` or `--looks` is given without a picture, is not what it may be, or contradicts the other.
    """
    if file is None:
        for name, value in (("--by", by), ("--looks", looks)):
            if value is not None:
                raise InputError(f"{name} belongs to --image FILE, a picture to search by: give both, or neither")
        return None
    if by is not None and by not in BY:
        raise InputError(f"--by must be {', '.join(BY[:-1])} or {BY[-1]}, got {by!r}")
    if looks is not None and not 0 <= looks <= 1:
        raise InputError(f"--looks must be from 0 (words only) to 1 (looks only), got {looks:g}")
    if looks is not None and by in ("words", "looks"):
        raise InputError(f"--by {by} leaves nothing to weigh: give --looks with --by both, or leave it out")
    from lexlip_lucene.vectors.picture_vector import BOTH

    shares = {"words": 0.0, "looks": 1.0, "both": BOTH if looks is None else looks}
    return ByPicture(file, looks if by is None else shares[by])


def picture_weights(index: Path, asked: ByPicture, model: Path | None) -> "Impacts":
    """Return the query of a picture; {} if it has neither words nor looks that are asked for.

    Raises:
        InputError: no model is given, or the picture can't be read.
        SearchError: the index is of another model or other visual words, or has none and they are asked for.
        ModelError: the model has no visual words, and they are asked for.
    """
    from lexlip_lucene.vectors.picture_vector import BOTH

    has_looks = VISUAL_FACT in facts_of(index)
    share = (BOTH if has_looks else 0.0) if asked.looks is None else asked.looks
    return picture_vector(index, asked.file, model, looks=share > 0).query(share)


def picture_vector(index: Path, file: Path, model: Path | None, *, looks: bool) -> "PictureVector":
    """Return the vector of a picture by the model of an index, with its visual words if `looks`; errors as above."""
    require_kind(index, "impact", "a picture has no words for BM25")
    if looks:
        require_looks(index)
    model = made_with(index) if model is None else model
    if model is None:
        raise InputError(f"--image is encoded by the model that made {index}: give --model MODEL")
    loaded = model_of(index, model)
    from lexlip_lucene.data.images import UnreadableImage
    from lexlip_lucene.encoders.visual.of_model import encode_pictures
    from lexlip_lucene.vectors.picture_vector import PictureVector

    try:
        if not looks:
            return PictureVector(loaded.encode_images([file])[0], {})
        return encode_pictures(loaded, visual_of_index(index, loaded), [file])[0]
    except UnreadableImage as reason:
        raise InputError(f"--image: can't read {file}: {reason}") from reason


def visual_of_index(index: Path, model: "LexLip") -> "VisualLexicon":
    """Return the visual lexicon of the model, which made the visual words of the index; errors as above."""
    from lexlip_lucene.encoders.visual.of_model import visual_of

    lexicon, made_by = visual_of(model), facts_of(index).get(VISUAL_FACT)
    if made_by is not None and made_by != lexicon.sha256:
        raise SearchError(
            f"{index} has visual words of {made_by[:12]}…, but those of {model.folder} are {lexicon.sha256[:12]}…, "
            "whose numbers mean other looks: give the model that encoded the collection, or encode and index again"
        )
    return lexicon


def require_looks(index: Path) -> None:
    """Raise SearchError if the facts of an index say that it has no visual words."""
    if VISUAL_FACT not in facts_of(index):
        raise SearchError(f"{index} has no visual words, {NO_LOOKS}")
