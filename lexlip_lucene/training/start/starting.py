"""A model at its start: towers loaded, vocabulary chosen, and what can be computed instead of learned."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from tokenizers import Tokenizer
from torch import Tensor, nn

from lexlip_lucene.data.captions import CaptionedImage
from lexlip_lucene.encoders.model.image_encoder import evened_out
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.model_config import ModelConfig, read_config
from lexlip_lucene.encoders.model.text_encoders import StaticText, fresh_network, load_network
from lexlip_lucene.files.written import require_file
from lexlip_lucene.progress import SILENT, Progress
from lexlip_lucene.recipes.encoder_recipe import ClassWordsRecipe, EncoderRecipe, StaticTextRecipe
from lexlip_lucene.recipes.late_recipe import LateRecipe
from lexlip_lucene.recipes.model_spec import LateSpec, TextSpec
from lexlip_lucene.training.examples.examples import (
    CaptionTokens,
    caption_counts,
    caption_presence,
    inverse_document_frequency,
)
from lexlip_lucene.training.examples.frozen_states import FrozenStates
from lexlip_lucene.training.examples.sources import ImageSource
from lexlip_lucene.training.examples.vocabulary import lexicon_of, load_vocabulary
from lexlip_lucene.training.expander.expander import Expander
from lexlip_lucene.training.start.class_words import class_names, class_words
from lexlip_lucene.training.start.continuing import start_from_model
from lexlip_lucene.training.start.held_out import HeldOut, held_out_offsets, placed
from lexlip_lucene.training.start.ridge import caption_targets, joined_targets, start_from_ridge
from lexlip_lucene.training.start.sentence_model import sentence_spec


@dataclass(frozen=True)
class Vocabulary:
    """The tokenizer, the captions of all images under it, and the texts that count for the lexicon beside them."""

    tokenizer: Tokenizer
    captions: CaptionTokens
    further: tuple[str, ...] = ()


def make_vocabulary(
    recipe: EncoderRecipe, images: Sequence[CaptionedImage], trained: NDArray[np.int64], further: Sequence[str] = ()
) -> Vocabulary:
    """Tokenise all captions; a vocabulary that is trained sees only the captions of the images `trained` on."""
    tokenizer = load_vocabulary(recipe.vocabulary, [*captions_of(images, trained), *further])
    return Vocabulary(tokenizer, CaptionTokens.of(images, tokenizer, recipe.text.max_length), tuple(further))


def captions_of(images: Sequence[CaptionedImage], numbers: NDArray[np.int64]) -> list[str]:
    """Return the captions of the images with these numbers."""
    return [caption for number in numbers for caption in images[number].captions]


def make_model(
    recipe: EncoderRecipe, vocabulary: Vocabulary, captions: Sequence[str], *, progress: Progress = SILENT
) -> LexLip:
    """Build the model a run begins with: lexicon from `captions`, towers loaded from where the recipe says.

    Where the recipe names a model to start from, lexicon and weights are that model's.

    Raises:
        ModelError: a tower can't be loaded.
        RecipeError: the recipe's parts do not fit together.
    """
    torch.manual_seed(recipe.training.seed)
    spec, network = _text_side(recipe, vocabulary.tokenizer.get_vocab_size())
    start = recipe.training.start
    if start is None:
        counted = [*captions, *vocabulary.further]
        lexicon = lexicon_of(vocabulary.tokenizer, counted, recipe.vocabulary.min_count)
    else:
        lexicon = read_config(start).lexicon
    config = ModelConfig(
        name=recipe.name,
        image=recipe.image.spec(),
        text=spec,
        tokens=lexicon.tokens,
        rows=lexicon.rows,
        vocabulary_size=vocabulary.tokenizer.get_vocab_size(),
        bits=recipe.quantise.bits,
        top_k=recipe.quantise.top_k,
        text_top_k=recipe.quantise.text_top_k,
        weights=recipe.quantise.weights,
        dense_width=recipe.training.dense.width if recipe.training.dense is not None else None,
        late=None if recipe.late is None else _late_spec(recipe.late),
    )
    model = LexLip(config, vocabulary.tokenizer, text_network=network, from_hub=recipe.image.weights == "hub")
    model.image.tower.load_packages()
    if isinstance(recipe.image.weights, Path):
        model.image.tower.load_weights(require_file(recipe.image.weights, "image.weights"))
    for number, view in enumerate(recipe.image.views):
        if view.weights is not None:
            model.image.tower.load_weights(require_file(view.weights, "image.views"), view=number)
    if recipe.image.frozen:
        model.image.tower.requires_grad_(False)
    if model.late is not None:
        model.late.requires_grad_(False)  # it trains when the lexicon has (`training/run/late_training.py`)
    if start is not None:
        start_from_model(model, start, progress=progress)
    return model


def _late_spec(recipe: LateRecipe) -> LateSpec:
    return recipe.spec(None if recipe.sentences is None else sentence_spec(recipe.sentences))


def _text_side(recipe: EncoderRecipe, vocabulary_size: int) -> tuple[TextSpec, nn.Module | None]:
    """Return the text side's spec, and for a transformer the network itself."""
    text = recipe.text
    if isinstance(text, StaticTextRecipe):
        return text.spec(), None
    fresh = {"vocab_size": vocabulary_size, **text.architecture}
    network = load_network(text.model) if text.model else fresh_network(fresh)
    return text.spec(cast(Any, network).config.to_dict()), network


def compute_start(
    model: LexLip,
    recipe: EncoderRecipe,
    source: ImageSource,
    captions: CaptionTokens,
    trained: NDArray[np.int64],
    *,
    expander: Expander | None = None,
) -> HeldOut | None:
    """Set the parts that need no gradient: feature statistics, weights of the texts' own words (idf), the ridge path.

    With an expander, its query weights replace idf, and the ridge path's targets have its logits beside the words.

    Returns:
        The offsets of the images trained on, if the recipe asks for them.
    """
    if isinstance(source, FrozenStates):
        _standardise(model, source, trained)
    presence = caption_presence(model, captions, trained)
    idf = inverse_document_frequency(presence.sum(dim=0), len(presence))
    if isinstance(model.text, StaticText) or model.text.spec.word_path:
        model.text.start_from(idf if expander is None else expander.weights)
    _fill_classes(model, recipe, idf if expander is None else expander.idf.cpu())
    ridge = recipe.image.ridge
    if ridge is None:
        return None
    assert isinstance(source, FrozenStates) and model.image.global_path is not None, "the recipe's own check"
    counts = caption_counts(model, captions, trained)
    variants = len(source.kept)
    features = torch.cat([_mean_states(model, states[torch.from_numpy(trained)]) for states in source.kept])
    targets = caption_targets(counts, idf)
    if expander is not None:
        targets = joined_targets(targets, expander.expanded(counts))
    targets = targets.repeat(variants, 1)
    path = model.image.global_path
    start_from_ridge(path, features, targets, ridge.strength, bias=ridge.bias, threshold=ridge.threshold)
    torch.nn.init.normal_(model.image.head.tokens.weight, std=5e-4)  # near zero: the ridge path carries the start
    if model.dense is not None:
        model.dense.start_from_ridge(_whole_map(path))
    if not ridge.folds:
        return None
    offsets = held_out_offsets(features, targets, ridge.strength, folds=ridge.folds, seed=recipe.training.seed)
    words = None if model.dense is None or model.dense.words is None else model.dense.words.weight.detach().cpu()
    return placed(offsets, trained, len(captions.counts), words)


def _whole_map(path: nn.Linear | nn.Sequential) -> Tensor:
    """Return the weight (tokens, width) of a linear map that may be held as two factors."""
    weights = [
        layer.weight for layer in ([path] if isinstance(path, nn.Linear) else path) if isinstance(layer, nn.Linear)
    ]
    return weights[0] if len(weights) == 1 else weights[1] @ weights[0]


def _fill_classes(model: LexLip, recipe: EncoderRecipe, idf: Tensor) -> None:
    """Give the class path its classifier and its words, if there is one."""
    path, spec, package = model.image.class_path, recipe.image.class_path, recipe.image.package
    if path is None or spec is None or package is None:
        return
    settings = recipe.image.classes or ClassWordsRecipe()
    words = class_words(
        class_names(),
        model.lexicon,
        idf,
        sentences=settings.sentences,
        nearest=spec.words,
        sharpness=settings.sharpness,
    )
    path.fill(words)
    path.load_classifier(package)


def _standardise(model: LexLip, source: FrozenStates, trained: NDArray[np.int64]) -> None:
    """Centre states on the mean state, and scale them by one number for all channels; each view apart."""
    image, states = model.image, source.kept[0][torch.from_numpy(trained)]
    if image.spec.views:
        views = evened_out(states[:, -len(image.spec.views) :].float())
        states = states[:, : -len(image.spec.views)]
        centre = views.mean(dim=0)
        image.view_mean.copy_(centre)
        image.view_scale.copy_((views - centre).square().mean(dim=(0, 2)).sqrt().unsqueeze(1))
        mean = states.mean(dim=(0, 1), dtype=torch.float32)
    else:
        mean = image.mean_state(states.float()).mean(dim=0)
    spread = (states[:: max(1, len(states) // 1000)].float() - mean).std(dim=(0, 1)).mean()
    image.state_mean.copy_(mean)
    image.state_scale.copy_(spread)


def _mean_states(model: LexLip, states: Tensor) -> Tensor:
    return model.image.mean_state(model.image.standardised(states.to(model.device))).cpu()
