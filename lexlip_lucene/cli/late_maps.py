"""Late maps on the command line: how like places are to a query's tokens, and to a label, as one sheet and a record."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lexlip_lucene.cli.maps import map_record, map_tile, opened, write_sheet

if TYPE_CHECKING:
    from PIL.Image import Image

    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.pictures.sheet import Tile
    from lexlip_lucene.vectors.alignment import Alignment


def draw_late_maps(
    path: Path,
    picture: Path,
    model: "LexLip",
    tokens: Sequence[str],
    text: str,
    *,
    label: str | None,
    force: bool,
) -> dict[str, Any]:
    """Draw the late map of each of `tokens` as `text` has it, and beside it that of max pooling.

    Beside the picture are the places that align with `label`, if given. Returns the record of what was drawn.
    """
    from lexlip_lucene.encoders.explain.label_alignment import label_alignment
    from lexlip_lucene.encoders.explain.late_maps import late_maps
    from lexlip_lucene.encoders.explain.patch_maps import patch_maps
    from lexlip_lucene.pictures.sheet import enlarged

    seen = opened(picture)
    ground = enlarged(seen)
    alignment = None if label is None else label_alignment(model, seen, label)
    late, pooled = late_maps(model, seen, tokens, texts=[text]), patch_maps(model, seen, tokens)
    tiles = [_second_tile(ground, alignment)]
    for by_patches, by_weight in zip(late, pooled, strict=True):
        tiles.append(map_tile(ground, by_patches, f"by patches: {by_patches.weight:.2f}"))
        tiles.append(map_tile(ground, by_weight, "by max pooling"))
    write_sheet(path, ground, tiles, force=force)
    return {
        "file": path.absolute(),
        "tokens": [map_record(each) for each in late],
        "max_pool": [map_record(each) for each in pooled],
        **({} if alignment is None else {"label": _label_record(alignment)}),
    }


def label_line(record: dict[str, Any]) -> str:
    """Return the line that says how many places align with a label, of its record."""
    lit = [place for row in record["lit"] for place in row]
    return f"{sum(lit)} of {len(lit)} places are most like {record['label']!r} in {record['prompt']!r}"


def _second_tile(ground: "Image", alignment: "Alignment | None") -> "Tile":
    """Return what stands beside the picture, so that pairs are in one row: the lit places of a label, or nothing."""
    from PIL import Image

    from lexlip_lucene.pictures.patch_picture import alignment_overlay
    from lexlip_lucene.pictures.sheet import Tile

    if alignment is None:
        return Tile(Image.new("RGB", ground.size, "white"), "")
    note = f"{int(alignment.lit.sum())} of {alignment.lit.size} places are most like it"
    return Tile(alignment_overlay(ground, alignment), alignment.label, note)


def _label_record(alignment: "Alignment") -> dict[str, Any]:
    return {
        "label": alignment.label,
        "prompt": alignment.text,
        "tokens": list(alignment.tokens),
        "places": alignment.words,
        "lit": alignment.lit.tolist(),
    }
