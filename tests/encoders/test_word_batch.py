"""Words as the encoder takes them: their pieces, long posts in parts, and the shapes of words."""

import pytest
import torch
from support import tiny

from lexlip_lucene.encoders.entities.text_words import joined, words_of
from lexlip_lucene.encoders.entities.word_batch import WordCutter
from lexlip_lucene.encoders.entities.word_shapes import SHAPES, word_shape
from lexlip_lucene.encoders.entities.word_states import WordStates
from lexlip_lucene.encoders.model.text_encoders import fresh_network


def states(**changes: object) -> WordStates:
    torch.manual_seed(0)
    network = fresh_network({**tiny.BERT.architecture, **changes}).base_model
    return WordStates(network, shapes=True).eval()  # type: ignore[arg-type]  # transformers does not say what it is


def test_a_piece_knows_its_word() -> None:
    batch = WordCutter(tiny.tokenizer(), 64).batch([["Dogs", "run"], ["A"]])
    assert batch.word.tolist() == [[-1, 0, 0, 1, -1], [-1, 2, -1, -1, -1]], "dog ##s, run; posts of two words each"
    assert batch.attention.sum(dim=1).tolist() == [5, 3]
    assert batch.mask.tolist() == [[True, True], [True, False]]


def test_a_word_s_state_is_the_mean_of_its_pieces() -> None:
    model, cutter = states(), WordCutter(tiny.tokenizer(), 64)
    batch = cutter.batch([["dogs", "run"]])
    whole = model.encoder(input_ids=batch.ids).last_hidden_state[0]
    found = model(batch)[0]
    assert torch.allclose(found[0], whole[1:3].mean(dim=0), atol=1e-6)
    assert torch.allclose(found[1], whole[3], atol=1e-6)


def test_a_long_post_is_cut_between_words_and_every_word_has_states() -> None:
    model, cutter = states(), WordCutter(tiny.tokenizer(), 6)
    post = ["dogs", "run", "over", "a", "red", "circle", "dogs"]
    batch = cutter.batch([post])
    assert [row[row >= 0].tolist() for row in batch.word] == [[0, 0, 1, 2], [3, 4, 5], [6, 6]]
    found = model(batch)[0]
    first = model(cutter.batch([post[:3]]))[0]
    assert torch.allclose(found[:3], first, atol=1e-6), "each part is as if it were a post of its own"
    assert (found.abs().sum(dim=1) > 0).all()


def test_a_post_in_a_batch_is_as_it_is_by_itself() -> None:
    model, cutter = states(), WordCutter(tiny.tokenizer(), 64)
    short, long = ["red", "dogs"], ["two", "cat", "run", "over", "a", "blue", "star"]
    both = model(cutter.batch([short, long]))
    assert torch.allclose(both[0, :2], model(cutter.batch([short]))[0], atol=1e-6)
    assert not both[0, 2:].any()


def test_a_word_that_the_tokenizer_drops_has_a_state_of_zeros() -> None:
    batch = WordCutter(tiny.tokenizer(), 64).batch([["\xa0", "dog"], ["\xa0"]])
    found = states()(batch)
    assert not found[0, 0].any() and found[0, 1].any() and not found[1].any()


def test_shapes_start_without_effect_and_tell_capitals_apart() -> None:
    model, cutter = states(), WordCutter(tiny.tokenizer(), 64)
    small, large = cutter.batch([["dog"]]), cutter.batch([["DOG"]])
    assert torch.equal(model(small), model(large))
    assert model.shapes is not None
    torch.nn.init.normal_(model.shapes)
    assert not torch.allclose(model(small), model(large))


@pytest.mark.parametrize(
    ("one", "other"),
    [("paris", "Paris"), ("Paris", "PARIS"), ("paris", "#paris"), ("x", "x1"), ("12", "x1"), ("A", "AB")],
)
def test_words_of_other_shapes_have_other_rows(one: str, other: str) -> None:
    assert word_shape(one) != word_shape(other)
    assert all(0 <= row < SHAPES for row in (*word_shape(one), *word_shape(other)))


def test_words_have_their_places_in_the_text() -> None:
    text = "Paris's #Expo2015! @user, https://t.co/x1?y"
    found = words_of(text)
    assert [word.text for word in found] == ["Paris's", "#Expo2015", "!", "@user", ",", "https://t.co/x1?y"]
    assert all(text[word.start : word.end] == word.text for word in found)
    assert words_of("  \n") == []
    assert [(word.start, word.end) for word in joined(("ab", "c"))] == [(0, 2), (3, 4)]
