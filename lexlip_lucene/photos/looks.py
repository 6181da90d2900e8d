"""The visual words of an index of photos: learned once from the folder's own photos, and kept beside the index.

    photos.lexlip/model/           the model with visual words, by which new photos are encoded as well
    photos.lexlip/learned-model/   one that was learned by a run that was cut short

A model that has visual words of its own keeps them. Learning loads torch, a later run does not.
"""

from collections.abc import Mapping
from pathlib import Path

from lexlip_lucene.data.image_limits import ImageLimits
from lexlip_lucene.encoders.model.model_config import read_config
from lexlip_lucene.encoders.model.model_files import WEIGHTS_FILE
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.photos.ledger import Ledger
from lexlip_lucene.photos.model_choice import Chosen, Wanted
from lexlip_lucene.photos.scan import PhotoFile
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.visual_recipe import VisualRecipe
from lexlip_lucene.words.visual_words import VISUAL_FILE

MODEL, LEARNED = "model", "learned-model"

LARGEST, SMALLEST = 8192, 256
"""Codes that an auto-encoder has: as many as places allow, a power of two."""

PLACES_A_CODE = 2
"""An auto-encoder starts from places: it needs more of them than codes, or each code would be one place."""


def choose_looks(
    chosen: Chosen,
    wanted: Wanted,
    before: Ledger | None,
    files: Mapping[str, PhotoFile],
    home: Path,
    *,
    device: str,
    progress: Progress,
) -> Chosen:
    """Return the choice with visual words if they are asked for, or were before.

    Args:
        chosen: the model, and settings without visual words.
        wanted: what is given counts.
        before: the ledger of the index; what is not given stays as it is there.
        files: the photos, which visual words are learned from if there are none.
        home: the folder of the index.
        device: the torch device.
        progress: receives what is learned.

    Raises:
        InputError: visual words are to be learned again and left out, or the photos are too few to learn from.
        ModelError: the kept model can't be read.
    """
    if wanted.relearn_looks and wanted.looks is False:
        raise InputError("--relearn-looks learns visual words, and --no-looks leaves them out: give one of them")
    asked = wanted.relearn_looks or (before is not None and before.settings.visual_sha256 is not None)
    if not (asked if wanted.looks is None else wanted.looks):
        return chosen
    folder = None if wanted.relearn_looks else _kept(chosen, wanted, home)
    if folder is None:
        folder = _learned(chosen, files, home, device=device, progress=progress)
    sha256 = read_config(folder).files[VISUAL_FILE]
    then = None if before is None else before.settings
    same = then is not None and then.visual_sha256 == sha256
    codes = then.visual_codes if then is not None and same else _codes(folder)
    settings = chosen.settings.model_copy(update={"visual_sha256": sha256, "visual_codes": codes})
    return chosen._replace(folder=folder, settings=settings)


def is_beside(folder: Path, home: Path) -> bool:
    """Return True if the model in `folder` is kept beside the index in `home`."""
    return folder.absolute() in ((home / MODEL).absolute(), (home / LEARNED).absolute())


def recipe_for(places: int) -> VisualRecipe:
    """Return the recipe of visual words that are learned from so many places: smaller ones for few.

    With 512 places or more it is an auto-encoder with at most half as many codes; with fewer, rotated scalars, which
    nothing is trained for.
    """
    size = LARGEST
    while size >= SMALLEST:
        if places >= PLACES_A_CODE * size:
            return VisualRecipe(size=size)
        size //= 2
    return VisualRecipe(code="rotated")


def _kept(chosen: Chosen, wanted: Wanted, home: Path) -> Path | None:
    """Return the folder of a model that has visual words: kept beside the index, or the chosen one itself."""
    own = chosen.folder if VISUAL_FILE in chosen.config.files else None
    if own is not None and wanted.model is not None:
        return own
    for folder in (home / LEARNED, home / MODEL):
        if folder.exists():
            try:
                files = read_config(folder).files
            except ModelError as error:
                raise ModelError(f"{error}; or learn visual words again with --relearn-looks") from error
            if files.get(WEIGHTS_FILE) == chosen.settings.model_sha256 and VISUAL_FILE in files:
                return folder
    return own


def _learned(chosen: Chosen, files: Mapping[str, PhotoFile], home: Path, *, device: str, progress: Progress) -> Path:
    """Learn visual words from the photos, and write the model with them; errors as in `choose_looks`."""
    from lexlip_lucene.encoders.model.device import choose_device
    from lexlip_lucene.encoders.model.lexlip import LexLip
    from lexlip_lucene.encoders.visual.backbone_identity import backbone_sha256
    from lexlip_lucene.training.visual.visual_words import add_visual, fitted, places_of, thinned

    model = LexLip.from_pretrained(chosen.folder, device=choose_device(device))
    images = thinned([file.image for file in files.values() if file.openable], VisualRecipe().pictures)
    limits = ImageLimits(chosen.settings.max_pixels, chosen.settings.allow_truncated)
    places = places_of(model.image.tower, images, size=model.config.image.size, limits=limits, progress=progress)
    recipe = recipe_for(places.shape[0] * places.shape[1])
    try:
        lexicon = fitted(places, recipe, backbone_sha256(model.image.tower), progress=progress)
    except InputError as error:
        raise InputError(
            f"visual words can't be learned from {len(places)} photos ({error}): add photos, or leave --looks out"
        ) from error
    lexicon.require_apart(model.lexicon)
    add_visual(model, lexicon, home / LEARNED, force=True)
    progress.note(
        f"{lexicon.code.size} visual words ({recipe.code}) are learned from {len(places)} photos; later runs keep "
        "them, and --relearn-looks learns them again"
    )
    return home / LEARNED


def _codes(folder: Path) -> int:
    from lexlip_lucene.encoders.visual.visual_file import read_visual

    return read_visual(folder, read_config(folder).files, "config.json").code.size
