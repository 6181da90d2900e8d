"""A model's training data, as its folder knows it: the recipe in its card, of which paths are cut to names."""

import re
from pathlib import Path

import yaml

from lexlip_lucene.encoders.model.lexlip import LexLip

_RECIPE = re.compile(r"^## Recipe\n+```yaml\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def said_of_training(model: LexLip, captions: Path, split: str | None) -> list[str]:
    """Return a line of warning if the model's card names a captions file of this name and this split.

    Args:
        model: loaded from a folder.
        captions: the file that is to be scored.
        split: the images that are to be scored; None: all.
    """
    trained = _trained_on(model.folder)
    if trained is None or trained[0] != captions.name or split not in (None, trained[1]):
        return []
    return [
        f"warning: {model.folder} was trained on split {trained[1]!r} of a file of the same name, {captions.name}; a "
        "model believes the pairs that it has seen: --folds scores each pair by a model that has not"
    ]


def _trained_on(folder: Path | None) -> tuple[str, str] | None:
    """Return the name of the captions file and the split in the card of the model in `folder`; None if it has none."""
    card = None if folder is None else folder / "README.md"
    if card is None or not card.is_file():
        return None
    try:
        found = _RECIPE.search(card.read_text(encoding="utf-8"))
        recipe = yaml.safe_load(found[1]) if found else {}
        return str(recipe["data"]["captions"]), str(recipe["data"]["split"])
    except (OSError, UnicodeDecodeError, yaml.YAMLError, KeyError, TypeError):
        return None  # a card is for people, and may say anything
