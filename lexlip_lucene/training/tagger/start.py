"""The network that a tagger's training begins with: its encoder and tower loaded from where the recipe says."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from tokenizers import Tokenizer
from torch import nn

from lexlip_lucene.data.entities.iob2 import all_tags
from lexlip_lucene.encoders.entities.tagger_config import TaggerConfig
from lexlip_lucene.encoders.entities.tagger_network import TaggerNetwork
from lexlip_lucene.encoders.model.text_encoders import fresh_network, load_network
from lexlip_lucene.errors import InputError
from lexlip_lucene.files.written import require_file
from lexlip_lucene.recipes.architecture import shaping
from lexlip_lucene.recipes.tagger_recipe import TaggerRecipe, TaggerTextRecipe
from lexlip_lucene.recipes.tagger_spec import TaggerTextSpec
from lexlip_lucene.training.start.sentence_model import model_place, model_tokenizer


class Start(NamedTuple):
    """The config, the tokenizer and the network, which has not been trained as a tagger."""

    config: TaggerConfig
    tokenizer: Tokenizer
    network: TaggerNetwork


def start_tagger(recipe: TaggerRecipe, types: Sequence[str]) -> Start:
    """Build the network; what is fresh of it comes from the recipe's seed.

    Args:
        recipe: of the tagger.
        types: of entities.

    Raises:
        ModelError: a part can't be loaded, or does not fit.
        InputError: there is no type.
    """
    if not types:
        raise InputError(f"data.train: {recipe.data.train} has no entity, so there is nothing to learn from it")
    torch.manual_seed(recipe.training.seed)
    encoder, tokenizer = _encoder(recipe.text)
    picture = None if recipe.image is None else recipe.image.spec()
    config = TaggerConfig(
        name=recipe.name,
        types=tuple(types),
        vocabulary_size=tokenizer.get_vocab_size(),
        text=_kept(recipe.text, encoder),
        image=picture,
        fusion=recipe.tagger,
    )
    network = TaggerNetwork(
        encoder,
        all_tags(types),
        shapes=config.text.shapes,
        picture=picture,
        fusion=recipe.tagger,
        from_hub=recipe.image is not None and recipe.image.weights == "hub",
    )
    if network.tower is not None and recipe.image is not None:
        network.tower.load_packages()
        if isinstance(recipe.image.weights, Path):
            network.tower.load_weights(require_file(recipe.image.weights, "image.weights"))
        network.frozen_tower = recipe.image.frozen
        network.tower.requires_grad_(not recipe.image.frozen)
    return Start(config, tokenizer, network)


def _encoder(recipe: TaggerTextRecipe) -> tuple[nn.Module, Tokenizer]:
    place = model_place(recipe.model)
    tokenizer = model_tokenizer(place)
    whole = (
        fresh_network({**recipe.architecture, "vocab_size": tokenizer.get_vocab_size()})
        if recipe.architecture
        else load_network(place)
    )
    return cast(nn.Module, whole.base_model), tokenizer


def _kept(recipe: TaggerTextRecipe, encoder: nn.Module) -> TaggerTextSpec:
    own = {name: getattr(recipe, name) for name in TaggerTextSpec.model_fields}
    architecture = shaping(cast(Any, encoder).config.to_dict())
    longest = architecture.get("max_position_embeddings", recipe.max_length)
    return TaggerTextSpec(**{**own, "architecture": architecture, "max_length": min(recipe.max_length, longest)})
