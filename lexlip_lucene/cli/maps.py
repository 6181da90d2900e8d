"""Patch maps on the command line: where the tokens of a picture were seen, as one sheet and as a record."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexlip_lucene.cli.open_index import facts_of
from lexlip_lucene.cli.place import Place
from lexlip_lucene.errors import InputError, SearchError

if TYPE_CHECKING:
    from PIL.Image import Image

    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.pictures.sheet import Tile
    from lexlip_lucene.vectors.patch_map import PatchMap
    from lexlip_lucene.vectors.positions import Positions


def require_png(path: Path, *, force: bool) -> None:
    """Raise InputError unless the name ends in .png, OutputError when the file exists and `force` is off."""
    from lexlip_lucene.files.written import require_absent

    if path.suffix.lower() != ".png":
        raise InputError(f"--maps writes a PNG file, so its name must end in .png, got {path}")
    require_absent(path, force=force)


def picture_of(docid: str, images: Path, *, outside: bool = False) -> Path:
    """Return the file of a document among `images`, a folder or a captions file as `lexlip encode images` takes it.

    Raises:
        InputError: there is none, `images` can't be read, or the file lies elsewhere and `outside` is off.
    """
    from lexlip_lucene.data.captions import read_captions

    for image in read_captions(images, outside=outside):
        if image.id == docid and image.refused:
            raise InputError(f"{image.path} is {image.refused}")
        if image.id == docid:
            return image.path
    raise InputError(f"{images} has no image with the id {docid!r}: name the folder or file that was encoded")


def opened(picture: Path) -> "Image":
    """Read an image file; InputError names it when it can't be read."""
    from lexlip_lucene.data.images import UnreadableImage, open_image

    try:
        return open_image(picture)
    except UnreadableImage as reason:
        raise InputError(f"image: can't read {picture}: {reason}") from reason


def model_of(index: Place, folder: Path) -> "LexLip":
    """Load the model that made the vectors of `index`.

    Raises:
        SearchError: the index says that another one did.
    """
    from lexlip_lucene.encoders.model.lexlip import LexLip

    model = LexLip.from_pretrained(folder)
    made_with = facts_of(index).get("model_sha256", model.sha256)
    if made_with != model.sha256:
        raise SearchError(
            f"{index} was made by model {made_with[:12]}…, but {folder} is {model.sha256[:12]}…, whose maps would not "
            "be those of the impacts: give the model that encoded the collection"
        )
    return model


def draw_maps(path: Path, picture: Path, model: "LexLip", tokens: Sequence[str], *, force: bool) -> dict[str, Any]:
    """Draw the maps of `tokens` over the picture in the file `picture`; return the record of what was drawn."""
    from lexlip_lucene.encoders.explain.patch_maps import patch_maps
    from lexlip_lucene.pictures.sheet import enlarged

    seen = opened(picture)
    maps, ground = patch_maps(model, seen, tokens), enlarged(seen)
    write_sheet(path, ground, [map_tile(ground, each) for each in maps], force=force)
    return {"file": path.absolute(), "tokens": [map_record(each) for each in maps]}


def draw_places(
    path: Path, picture: Path, positions: "Positions", tokens: Sequence[str], *, force: bool
) -> dict[str, Any]:
    """Frame the stored places of `tokens`, without a model; tokens without a place are left out."""
    from lexlip_lucene.pictures.patch_picture import box_overlay
    from lexlip_lucene.pictures.sheet import Tile, enlarged
    from lexlip_lucene.pictures.token_colour import token_colour

    ground = enlarged(opened(picture))
    boxes = {token: box for token in tokens if (box := positions.box(token)) is not None}
    tiles = [Tile(box_overlay(ground, token, box), token, "", token_colour(token)) for token, box in boxes.items()]
    write_sheet(path, ground, tiles, force=force)
    return {"file": path.absolute(), "tokens": [{"token": token, "box": list(box)} for token, box in boxes.items()]}


def _note(each: "PatchMap") -> str:
    if each.is_of_no_place:
        return "of the picture as a whole"
    if each.cell is None:
        return "not seen"
    return f"{each.placeless:.0%} without a place" if each.placeless else ""


def map_tile(ground: "Image", each: "PatchMap", kind: str = "") -> "Tile":
    """Return the map over the picture `ground`; a note begins with its `kind`."""
    from lexlip_lucene.pictures.patch_picture import patch_overlay
    from lexlip_lucene.pictures.sheet import Tile
    from lexlip_lucene.pictures.token_colour import token_colour

    note = "; ".join(filter(None, (kind, _note(each))))
    return Tile(patch_overlay(ground, each), each.token, note, token_colour(each.token))


def map_record(each: "PatchMap") -> dict[str, Any]:
    """Return a map as `--json` gives it."""
    return {
        "token": each.token,
        "weight": each.weight,
        "placeless": each.placeless,
        "cell": None if each.cell is None else list(each.cell),
        "box": None if each.box is None else list(each.box),
        "weights": each.weights.tolist(),
    }


def write_sheet(path: Path, ground: "Image", tiles: "Sequence[Tile]", *, force: bool) -> None:
    """Write the picture and the tiles as one sheet."""
    from lexlip_lucene.files.written import written_file
    from lexlip_lucene.pictures.sheet import Tile, sheet

    drawn = sheet([Tile(ground, "the picture"), *tiles])
    with written_file(path, force=force) as file:
        drawn.save(file, "PNG", optimize=True)
