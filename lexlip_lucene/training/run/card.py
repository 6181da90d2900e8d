"""The model card: `README.md` in a model folder, from the recipe and the figures of the training that made it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe

_MAY_BE_PATHS = (("vocabulary", "wordpieces"), ("vocabulary", "tokenizer"), ("image", "weights"), ("text", "model"))

_CARD = """# {name}

{about}

A LexLIP model: images and texts become bags of weighted words over one lexicon. Load it with
`lexlip_lucene.LexLip.from_pretrained(FOLDER)`, or give the folder to `lexlip encode … --model FOLDER`.

## Figures of its training

Trained on {images} images in {seconds:.0f} s; the step was chosen on {aside} training images kept aside, where
text→image search gave {dev} with {tokens:.0f} tokens an image. {rejected} training images could not be read.{late}

## Use

What the training data permits: a model trained on pictures for research use is for research use.

## Recipe

```yaml
{recipe}```
"""


def model_card(recipe: EncoderRecipe, report: Mapping[str, Any]) -> str:
    """Return the card's Markdown. Paths in the recipe are cut to file names: a card travels."""
    settings = recipe.model_dump(mode="json", exclude={"roots", "about", "name"})
    settings["data"]["captions"] = recipe.data.captions.name
    for part, key in _MAY_BE_PATHS:
        named = settings[part].get(key)
        if isinstance(named, str) and Path(named).is_absolute():
            settings[part][key] = Path(named).name
    settings["vocabulary"]["texts"] = [path.name for path in recipe.vocabulary.texts]
    for view, named in zip(settings["image"]["views"], recipe.image.views, strict=True):
        view["weights"] = None if named.weights is None else named.weights.name
    pairs = recipe.training.pairs
    if pairs is not None:
        named_files = {"filter": pairs.filter, "weights": pairs.weights}
        settings["training"]["pairs"] |= {key: path and path.name for key, path in named_files.items()}
    if recipe.expander is not None:
        settings["expander"]["texts"] = [path.name for path in recipe.expander.texts]
    return _CARD.format(
        name=recipe.name,
        about=recipe.about.strip(),
        images=report["images"],
        seconds=report["seconds"],
        aside=recipe.data.keep_aside,
        dev=_percent(report["dev"]),
        tokens=report["tokens_per_image"],
        rejected=report["rejected"],
        late=_late(report),
        recipe=yaml.safe_dump(settings, sort_keys=False, allow_unicode=True),
    )


def _late(report: Mapping[str, Any]) -> str:
    if report["late_dev"] is None:
        return ""
    return f"\nRe-ranked by patch vectors with mix {report['late_mix']:.2f}: {_percent(report['late_dev'])}."


def _percent(recall: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {100 * value:.1f} %" for name, value in recall.items())
