"""Patch maps on the command line: where the tokens of a picture were seen, as one sheet and as a record."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexlip_lucene.cli.open_index import facts_of
from lexlip_lucene.errors import InputError, SearchError

if TYPE_CHECKING:
    from PIL.Image import Image

    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.pictures.sheet import Tile
    from lexlip_lucene.vectors.alignment import Alignment
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


def model_of(index: Path, folder: Path) -> "LexLip":
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


def draw_maps(
    path: Path,
    picture: Path,
    model: "LexLip",
    tokens: Sequence[str],
    *,
    late_in: str | None = None,
    label: str | None = None,
    force: bool,
) -> dict[str, Any]:
    """Draw the maps of `tokens` over the picture in the file `picture`; return the record of what was drawn.

    With a text `late_in` each token has the map of the late head, as the text has it, and beside it that of max
    pooling; with `label` as well, the places that align with it come first.
    """
    from lexlip_lucene.encoders.explain.label_alignment import label_alignment
    from lexlip_lucene.encoders.explain.late_maps import late_maps
    from lexlip_lucene.encoders.explain.patch_maps import patch_maps
    from lexlip_lucene.pictures.sheet import enlarged

    seen = opened(picture)
    ground, pooled = enlarged(seen), patch_maps(model, seen, tokens)
    record: dict[str, Any] = {"file": path.absolute(), "tokens": [_record(each) for each in pooled]}
    if late_in is None:
        tiles = [_map_tile(ground, each) for each in pooled]
    else:
        alignment = None if label is None else label_alignment(model, seen, label)
        by_patches = late_maps(model, seen, tokens, texts=[late_in])
        tiles = [_second_tile(ground, label or "", alignment)]
        for late, weighed in zip(by_patches, pooled, strict=True):
            tiles.append(_map_tile(ground, late, f"by patches: {late.weight:.2f}"))
            tiles.append(_map_tile(ground, weighed, "by max pooling"))
        record |= {"tokens": [_record(each) for each in by_patches], "max_pool": record["tokens"]}
        if label is not None and alignment is not None:
            record["label"] = _alignment_record(label, alignment)
    _write(path, ground, tiles, force=force)
    return record


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
    _write(path, ground, tiles, force=force)
    return {"file": path.absolute(), "tokens": [{"token": token, "box": list(box)} for token, box in boxes.items()]}


def drawn_lines(path: Path, record: dict[str, Any]) -> list[str]:
    """Return the lines that say what was drawn into `path`."""
    seen = ", ".join(each["token"] for each in record["tokens"])
    lines = [f"{path}: where its tokens were seen: {seen or 'none of them anywhere'}"]
    if "label" in record:
        label, prompt, lit = (record["label"][key] for key in ("label", "prompt", "lit"))
        places = [place for row in lit for place in row]
        lines.append(f"{sum(places)} of {len(places)} places are most like {label!r} in {prompt!r}")
    return lines


def _note(each: "PatchMap") -> str:
    if each.is_of_no_place:
        return "of the picture as a whole"
    if each.cell is None:
        return "not seen"
    return f"{each.placeless:.0%} without a place" if each.placeless else ""


def _map_tile(ground: "Image", each: "PatchMap", kind: str = "") -> "Tile":
    from lexlip_lucene.pictures.patch_picture import patch_overlay
    from lexlip_lucene.pictures.sheet import Tile
    from lexlip_lucene.pictures.token_colour import token_colour

    note = "; ".join(filter(None, (kind, _note(each))))
    return Tile(patch_overlay(ground, each), each.token, note, token_colour(each.token))


def _second_tile(ground: "Image", label: str, alignment: "Alignment | None") -> "Tile":
    """Return what stands beside the picture, so that pairs are in one row: the lit places of a label, or nothing."""
    from PIL import Image

    from lexlip_lucene.pictures.patch_picture import alignment_overlay
    from lexlip_lucene.pictures.sheet import Tile

    if alignment is None:
        return Tile(Image.new("RGB", ground.size, "white"), "")
    note = f"{int(alignment.lit.sum())} of {alignment.lit.size} places are most like it"
    return Tile(alignment_overlay(ground, alignment), label, note)


def _alignment_record(label: str, alignment: "Alignment") -> dict[str, Any]:
    return {
        "label": label,
        "prompt": alignment.text,
        "tokens": list(alignment.tokens),
        "places": alignment.words,
        "lit": alignment.lit.tolist(),
    }


def _record(each: "PatchMap") -> dict[str, Any]:
    return {
        "token": each.token,
        "weight": each.weight,
        "placeless": each.placeless,
        "cell": None if each.cell is None else list(each.cell),
        "box": None if each.box is None else list(each.box),
        "weights": each.weights.tolist(),
    }


def _write(path: Path, ground: "Image", tiles: "Sequence[Tile]", *, force: bool) -> None:
    from lexlip_lucene.files.written import written_file
    from lexlip_lucene.pictures.sheet import Tile, sheet

    drawn = sheet([Tile(ground, "the picture"), *tiles])
    with written_file(path, force=force) as file:
        drawn.save(file, "PNG", optimize=True)
