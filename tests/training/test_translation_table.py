"""The table of further words, counted in captions, and function words put last."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import tiny

from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.recipes.encoder_recipe import TranslationRecipe
from lexlip_lucene.recipes.model_spec import StaticTextSpec, TranslationSpec
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.run.function_words import put_function_words_last
from lexlip_lucene.training.start.translation import called_for, fill_translation, pieces

SETS = st.lists(
    st.lists(st.lists(st.sampled_from(tiny.WORDS[:8]), max_size=4).map(" ".join), min_size=1, max_size=4),
    min_size=1,
    max_size=5,
)
PLAIN = TranslationRecipe(share=0.5, least_pairs=1, rise=1)


def bags_of(sets: list[list[str]]) -> CaptionBags:
    model = tiny.lexlip()
    return CaptionBags.of(sets, model.tokenizer, model.lexicon, max_length=64)


@given(sets=SETS)
def test_shares_are_counted_over_ordered_pairs_of_an_images_captions(sets: list[list[str]]) -> None:
    words = [[set(caption.split()) for caption in captions] for captions in sets]
    every = [caption for captions in words for caption in captions]
    pairs = [(a, b) for captions in words for i, a in enumerate(captions) for j, b in enumerate(captions) if i != j]
    found = called_for(bags_of(sets), PLAIN)
    for t, first in enumerate(tiny.WORDS):
        having = [b for a, b in pairs if first in a]
        for u, second in enumerate(tiny.WORDS):
            overall = sum(second in caption for caption in every) / len(every)
            given_t = sum(second in b for b in having) / max(1, len(having))
            expected = 0 if t == u or given_t < overall else 0.5 * (given_t - overall)
            expected = expected if expected >= 0.005 else 0
            assert abs(found[t, u] - expected) < 1e-6, (first, second)


def test_rare_tokens_and_small_rises_call_for_nothing() -> None:
    sets = [["red dog", "red cat"]] * 3 + [["blue star", "green star"]]
    assert called_for(bags_of(sets), PLAIN.model_copy(update={"least_pairs": 3}))[tiny.WORDS.index("blue")].sum() == 0
    found = called_for(bags_of(sets), PLAIN.model_copy(update={"rise": 2}))
    dog, cat, green, blue = (tiny.WORDS.index(word) for word in ("dog", "cat", "green", "blue"))
    assert found[blue, green] > 0 and found[dog, cat] > 0
    assert found[dog, tiny.WORDS.index("red")] == 0, "red is in most captions anyway"


def test_function_words_neither_call_nor_are_called_and_forms_have_their_share() -> None:
    model = tiny.lexlip(text=StaticTextSpec(kind="static", translation=TranslationSpec(tokens=12)))
    fill_translation(model, PLAIN, bags_of([["a dog over", "a cat over"], ["two star", "two star"]]))
    assert isinstance(model.text, StaticText) and model.text.translation is not None
    table = model.text.translation
    named = {
        (tiny.WORDS[t], tiny.WORDS[int(u)])
        for t in range(len(tiny.WORDS))
        for u, share in zip(table.further[t], table.share[t], strict=True)
        if share > 0
    }
    assert named == {("dog", "cat"), ("cat", "dog"), ("two", "star"), ("star", "two")}


def test_no_function_word_weighs_more_than_the_lightest_other_token() -> None:
    model = tiny.lexlip()
    assert isinstance(model.text, StaticText)
    before = torch.arange(len(tiny.WORDS), 0, -1).float()
    model.text.raw_weight.data.copy_(before)
    put_function_words_last(model)
    after = model.text.raw_weight.detach().numpy()
    functional = np.array([word in ("a", "over") for word in tiny.WORDS])
    assert np.array_equal(after[~functional], before.numpy()[~functional])
    assert after[functional].max() == after[~functional].min()


def test_pieces_of_words_neither_call_nor_are_called() -> None:
    model = tiny.lexlip(text=StaticTextSpec(kind="static", translation=TranslationSpec(tokens=12)))
    sets = [["run ##s dog", "cat star"]] * 3 + [["dog blue", "star cat"]] * 4  # "run" is always continued, "dog" is not
    bags = bags_of([[caption.replace(" ##", "") for caption in captions] for captions in sets])
    found = pieces(bags, model.lexicon.tokens)
    assert [token for token, is_piece in zip(model.lexicon.tokens, found, strict=True) if is_piece] == ["run", "##s"]
    fill_translation(model, PLAIN, bags)
    assert isinstance(model.text, StaticText) and model.text.translation is not None
    share, further = model.text.translation.share, model.text.translation.further
    silent = {tiny.WORDS.index(word) for word in ("run", "##s")}
    assert all(float(share[place].sum()) == 0 for place in silent)
    assert silent.isdisjoint(further[share > 0].tolist())
