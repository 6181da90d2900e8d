"""The translation table of a static text side, counted in captions of the same image: no gradient, some seconds.

    share(t, u) = share · max(0, P(u | t) − P(u))      if P(u | t) is `rise` times P(u) at least

P(u | t) is how often one caption of an image has u when another has t, so what it counts is what people say of the same
picture: "kid" for "boy", "playing" with "soccer". A plural or singular has the share `other_form` at least. Function
words and pieces of words call for nothing, and nothing calls for them. Shares under 0.005 are left out.
"""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import csr_matrix

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.recipes.encoder_recipe import TranslationRecipe
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.words.function_words import FUNCTION_WORDS
from lexlip_lucene.words.inflections import other_form

PIECE = "##"
SMALLEST_SHARE = 0.005


def fill_translation(model: LexLip, recipe: TranslationRecipe, bags: CaptionBags) -> None:
    """Fill the table of the model's text side, which has one, from captions of many images."""
    text = model.text
    assert isinstance(text, StaticText) and text.translation is not None, "the recipe's own check"
    shares = called_for(bags, recipe)
    tokens = model.lexicon.tokens
    silent = pieces(bags, tokens) | np.array([token in FUNCTION_WORDS for token in tokens])
    shares[silent] = 0
    shares[:, silent] = 0
    for place, token in enumerate(tokens):
        other = other_form(token, model.lexicon.position_of_token)
        if other is not None and not silent[place]:
            at = model.lexicon.position_of_token[other]
            shares[place, at] = max(shares[place, at], recipe.other_form)
    text.translation.fill(torch.from_numpy(shares))


def pieces(bags: CaptionBags, tokens: Sequence[str]) -> NDArray[np.bool_]:
    """Return the tokens that are pieces of words: that continue one, or have such a token in most of their captions."""
    continuing = np.array([token.startswith(PIECE) for token in tokens])
    captions = _captions(bags)
    cut = (captions @ continuing.astype(np.float32) > 0).astype(np.float32)
    beside = captions.T @ cut / np.maximum(np.bincount(bags.positions, minlength=bags.tokens), 1)
    found: NDArray[np.bool_] = continuing | (beside > 0.5)
    return found


def called_for(bags: CaptionBags, recipe: TranslationRecipe) -> NDArray[np.float32]:
    """Return the share of each token's weight (tokens, tokens) that each other token has, of what is counted."""
    together, pairs = _pairs(bags)
    given = together / np.maximum(pairs, 1)[:, None]
    overall = np.bincount(bags.positions, minlength=bags.tokens) / max(1, len(bags.begins) - 1)
    found = recipe.share * np.maximum(given - overall, 0)
    found[given < recipe.rise * overall] = 0
    found[pairs < recipe.least_pairs] = 0
    found[found < SMALLEST_SHARE] = 0
    np.fill_diagonal(found, 0)
    return found.astype(np.float32)


def _pairs(bags: CaptionBags) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Count ordered pairs of captions of an image: that have t and u (tokens, tokens), and that have t (tokens,)."""
    captions = _captions(bags)
    counts = captions.shape[0]
    owners = np.repeat(np.arange(len(bags.sizes)), bags.sizes)
    images = csr_matrix((np.ones(counts, np.float32), (owners, np.arange(counts)))) @ captions
    together = (images.T @ images - captions.T @ captions).toarray()
    others = (bags.sizes[owners] - 1).astype(np.float32)
    return together, captions.T @ others


def _captions(bags: CaptionBags) -> csr_matrix:
    """Return (captions, tokens) float32: 1 where a caption has a token."""
    ones = np.ones(len(bags.positions), np.float32)
    return csr_matrix((ones, bags.positions, bags.begins), shape=(len(bags.begins) - 1, bags.tokens))
