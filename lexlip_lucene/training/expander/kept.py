"""The expander of a run: read from the cache or trained, and the same in every process of the team."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from lexlip_lucene.data.caption_sets import CaptionSet, read_caption_sets, without
from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.tensor_file import keep_tensors, kept_tensors
from lexlip_lucene.encoders.model.tokenizer import uncut
from lexlip_lucene.progress import Progress
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.expander_recipe import ExpanderRecipe
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.examples.examples import inverse_document_frequency
from lexlip_lucene.training.expander.expander import Expander
from lexlip_lucene.training.expander.training import fit_expander
from lexlip_lucene.training.parallel import Team

Captions = Sequence[Sequence[str]]
"""The captions of each image."""


def further_captions(recipe: EncoderRecipe, progress: Progress) -> list[tuple[str, ...]]:
    """Read the expander's further caption sets, without those of any image of `data.captions`, in any split.

    Raises:
        InputError: a file can't be read.
    """
    if recipe.expander is None or not recipe.expander.texts:
        return []
    sets, kept = _unseen(recipe, recipe.expander.texts)
    progress.note(
        f"expander: {len(kept)} further caption sets; {len(sets) - len(kept)} are left out, whose images are in "
        f"{recipe.data.captions.name}"
    )
    return [found.captions for found in kept]


def lexicon_texts(recipe: EncoderRecipe) -> list[str]:
    """Read the captions of `vocabulary.texts`, without those of any image of `data.captions`, in any split.

    Raises:
        InputError: a file can't be read.
    """
    if not recipe.vocabulary.texts:
        return []
    return [caption for found in _unseen(recipe, recipe.vocabulary.texts)[1] for caption in found.captions]


def _unseen(recipe: EncoderRecipe, texts: Sequence[Path]) -> tuple[list[CaptionSet], list[CaptionSet]]:
    """Return all caption sets of the files, and those whose images `data.captions` lacks."""
    sets = [found for path in texts for found in read_caption_sets(path)]
    return sets, without(sets, [image.id for image in read_captions(recipe.data.captions)])


def expander_of(
    model: LexLip,
    recipe: EncoderRecipe,
    own: Captions,
    further: Captions,
    *,
    cache: Path | None,
    team: Team,
    progress: Progress,
) -> Expander:
    """Return the expander for a run: the first process reads or trains it, the others receive it.

    Args:
        model: whose lexicon and tokenizer it is for, on the device where it will be.
        recipe: with an `expander` part.
        own: captions of the images trained on, and of no other.
        further: the result of `further_captions`.
        cache: a folder that keeps it for the next run with the same captions and settings; None: it is not kept.
        team: the processes of the run.
        progress: receives what is done, and the path it is read from.

    Raises:
        InputError: fewer than two images have two captions.
    """
    assert recipe.expander is not None, "the caller's own check"
    if team.leads:
        expander = _read_or_trained(model, recipe, own, further, cache=cache, progress=progress)
    else:
        expander = _blank(model, recipe.expander)
    expander = expander.to(model.device)
    for tensor in expander.state_dict().values():
        tensor.copy_(team.total(tensor if team.leads else torch.zeros_like(tensor)))
    return expander


def _blank(model: LexLip, recipe: ExpanderRecipe) -> Expander:
    with torch.random.fork_rng(devices=[]):  # what is drawn next is the same whether it is read or trained
        return Expander(torch.ones(len(model.lexicon)), recipe.width, recipe.dropout).eval().requires_grad_(False)


def _read_or_trained(
    model: LexLip,
    recipe: EncoderRecipe,
    own: Captions,
    further: Captions,
    *,
    cache: Path | None,
    progress: Progress,
) -> Expander:
    settings = recipe.expander
    assert settings is not None, "the caller's own check"
    file = cache / f"expander-{_fingerprint(model, recipe, settings, own, further)}.safetensors" if cache else None
    if file is not None and file.exists():
        progress.note(f"expander read from {file}")
        expander = _blank(model, settings)
        expander.load_state_dict(kept_tensors(file))
        return expander
    bags = CaptionBags.of([*own, *further], model.tokenizer, model.lexicon, max_length=recipe.text.max_length)
    captions = sum(map(len, own))
    expander = fit_expander(
        bags,
        np.concatenate([*[np.arange(len(own))] * settings.repeats, np.arange(len(own), len(own) + len(further))]),
        inverse_document_frequency(bags.having(captions), captions),
        settings,
        seed=recipe.training.seed,
        precision=recipe.training.precision,
        device=str(model.device),
        progress=progress,
    )
    if file is not None:
        keep_tensors(expander.state_dict(), file)
    return expander


def _fingerprint(
    model: LexLip, recipe: EncoderRecipe, settings: ExpanderRecipe, own: Captions, further: Captions
) -> str:
    """Hash everything it depends on: settings, tokenizer, lexicon, and the captions themselves, not their files."""
    digest = hashlib.sha256(settings.model_dump_json(exclude={"texts"}).encode())
    digest.update(f"{recipe.training.seed} {recipe.training.precision} {recipe.text.max_length}".encode())
    digest.update(f"{uncut(model.tokenizer).to_str()}{model.lexicon.sha256}".encode())
    for part in (own, further):
        digest.update(f"{len(part)} ".encode())
        for captions in part:
            digest.update(repr(tuple(captions)).encode())
    return digest.hexdigest()[:16]
