"""Function words, put behind all others when a static text side has been trained.

A query's "the" and "between" stand in few captions of some photos, and so come out heavier than the words that one
looks for. No photo is found by them.
"""

import torch

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.words.function_words import FUNCTION_WORDS


def put_function_words_last(model: LexLip) -> None:
    """Let no function word weigh more than the lightest other token of the lexicon."""
    text = model.text
    functional = torch.tensor([token in FUNCTION_WORDS for token in model.lexicon.tokens], device=model.device)
    if not isinstance(text, StaticText) or functional.all():
        return
    with torch.no_grad():
        most = text.raw_weight[~functional].min()
        text.raw_weight[functional] = text.raw_weight[functional].clamp(max=most)
