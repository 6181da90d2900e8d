"""A picture as the query of a command: `--image FILE`, `--by` and `--looks`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from lexlip_lucene.cli.maps import model_of, opened
from lexlip_lucene.cli.open_index import facts_of
from lexlip_lucene.cli.place import Place
from lexlip_lucene.cli.query import made_with, require_kind
from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.words.visual_words import VISUAL_FACT

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.visual_lexicon import VisualLexicon
    from lexlip_lucene.late.whole_reranker import WholeReranker
    from lexlip_lucene.records import Impacts

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


class Whole(NamedTuple):
    """A store of whole-picture vectors, and the number of hits that it re-ranks."""

    store: Path
    hits: int


class ByPicture(NamedTuple):
    """A picture to search by, and the share of looks in the score, 0 to 1; None: half if the index has looks."""

    file: Path
    looks: float | None
    whole: Whole | None = None


def by_picture_of(
    file: Path | None, by: str | None, looks: float | None, whole: Path | None = None, rerank: int | None = None
) -> ByPicture | None:
    """Return what the options say, None without a picture.

    Raises:
        InputError: `--by` or `--looks` is given without a picture, is not what it may be, or contradicts the other.
    """
    if file is None:
        for name, value in (("--by", by), ("--looks", looks), ("--whole", whole)):
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

    if whole is not None and by != "looks":
        raise InputError("--whole re-ranks a search by looks only: give --by looks with it")
    shares = {"words": 0.0, "looks": 1.0, "both": BOTH if looks is None else looks}
    return ByPicture(file, looks if by is None else shares[by], _whole_of(whole, rerank))


def _whole_of(store: Path | None, hits: int | None) -> Whole | None:
    if store is None:
        return None
    from lexlip_lucene.late.whole_reranker import DEFAULT_K

    hits = DEFAULT_K if hits is None else hits
    if hits < 1:
        raise InputError(f"--rerank must be at least 1, got {hits}")
    return Whole(store, hits)


class SeenPicture(NamedTuple):
    """The picture searched by.

    Attributes:
        query: {} if it has nothing that is asked for.
        whole: the vector of the whole picture, for a second stage; None unless that is asked for.
        model: by which it was encoded.
        visual: the model's visual lexicon; None if looks are not asked for.
    """

    query: "Impacts"
    whole: "NDArray[np.float32] | None"
    model: "LexLip"
    visual: "VisualLexicon | None"


def seen_picture(index: Place, asked: ByPicture, model: Path | None) -> SeenPicture:
    """Return the picture as the model of an index sees it.

    Raises:
        InputError: no model is given, or the picture can't be read.
        SearchError: the index is of another model or other visual words, or has none and they are asked for.
        ModelError: the model has no visual words, and they are asked for.
    """
    require_kind(index, "impact", "a picture has no words for BM25")
    from lexlip_lucene.vectors.picture_vector import BOTH, PictureVector

    has_looks = VISUAL_FACT in facts_of(index)
    share = (BOTH if has_looks else 0.0) if asked.looks is None else asked.looks
    if share and not has_looks:
        raise SearchError(f"{index} has no visual words, {NO_LOOKS}")
    model = made_with(index) if model is None else model
    if model is None:
        raise InputError(f"--image is encoded by the model that made {index}: give --model MODEL")
    loaded = model_of(index, model)
    picture = opened(asked.file)
    if not share:
        return SeenPicture(PictureVector(loaded.encode_images([picture])[0], {}).query(share), None, loaded, None)
    from lexlip_lucene.encoders.visual.of_model import encode_pictures, whole_vector

    visual = visual_of_index(index, loaded)
    vector = encode_pictures(loaded, visual, [picture])[0]
    whole = None if asked.whole is None else whole_vector(loaded, picture)
    return SeenPicture(vector.query(share), whole, loaded, visual)


def visual_of_index(index: Place, model: "LexLip") -> "VisualLexicon":
    """Return the visual lexicon of the model, which made the visual words of the index; errors as above."""
    from lexlip_lucene.encoders.visual.of_model import visual_of

    lexicon, made_by = visual_of(model), facts_of(index).get(VISUAL_FACT)
    if made_by is not None and made_by != lexicon.sha256:
        raise SearchError(
            f"{index} has visual words of {made_by[:12]}…, but those of {model.folder} are {lexicon.sha256[:12]}…, "
            "whose numbers mean other looks: give the model that encoded the collection, or encode and index again"
        )
    return lexicon


def whole_reranker(whole: Whole, visual: "VisualLexicon") -> "WholeReranker":
    """Return the second stage of a store; InputError if it is of another backbone, or can't be read."""
    from lexlip_lucene.late.patch_store import PatchStore
    from lexlip_lucene.late.whole_reranker import WholeReranker

    return WholeReranker(PatchStore.open(whole.store, model_sha256=visual.made_of.backbone_sha256), k=whole.hits)
