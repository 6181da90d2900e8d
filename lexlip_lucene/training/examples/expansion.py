"""Expansion control: texts keep to their own words at first, and are let out step by step.

A text side that may weigh any token from the start settles on tokens that mean nothing to a reader, because both sides
can agree on them. So while steps are drawn as closed, a text keeps only the tokens that it contains, and they are
drawn ever more rarely: D2S (arXiv 2402.17535) draws a whole batch as closed with a probability that falls from 1 to 0
over 95 % of its epochs. With `until` 0.8, a step at 0.2 of the run is open with probability 0.25.
"""

import numpy as np
from torch import Tensor


def is_admitted(done: float, until: float, chance: np.random.Generator) -> bool:
    """Draw whether this step admits tokens that a text lacks: with probability done / until, and always from there on.

    Args:
        done: share of the run that is done, in 0..1.
        until: share from which all tokens are admitted, in 0..1; with 0 they always are, and nothing is drawn.
        chance: one number is drawn from it.
    """
    return until == 0 or bool(chance.random() < done / until)


def within_own_words(weights: Tensor, presence: Tensor) -> Tensor:
    """Return `weights` with 0 wherever the text lacks the token; the gradient flows only to the text's own tokens.

    Args:
        weights: (texts, tokens) float ≥ 0.
        presence: (texts, tokens) float, 1 where the text has the token and 0 elsewhere.
    """
    return weights.masked_fill(presence == 0, 0.0)
