"""Whole-word masking: which pieces are masked, how many, and what becomes of them."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from support import tiny
from tokenizers import Tokenizer, models

from lexlip_lucene.encoders.model.tokens import TokenBatch, tokenise
from lexlip_lucene.errors import ModelError
from lexlip_lucene.training.examples.masking import NOT_PREDICTED, MaskedTokens, MaskVocabulary, whole_word_mask

seeds = st.integers(0, 2**32 - 1)
shares = st.floats(0.01, 0.99)
captions = st.lists(
    st.lists(st.sampled_from(["a", "red", "dog", "dogs", "cats", "runs", ".", "zebra", "[MASK]"]), max_size=9).map(
        " ".join
    ),
    min_size=1,
    max_size=6,
)
VOCABULARY = MaskVocabulary.of(tiny.tokenizer())
ROWS = {token: row for row, token in enumerate(tiny.VOCABULARY)}


def tokens_of(*texts: str) -> TokenBatch:
    return tokenise(tiny.tokenizer(), texts, max_length=64)


def mask(tokens: TokenBatch, share: float, seed: int) -> MaskedTokens:
    return whole_word_mask(tokens, share, VOCABULARY, np.random.default_rng(seed))


def words_of(ids: list[int], words: list[bool]) -> list[list[int]]:
    """The positions of each word that may be masked, the slow way."""
    found: list[list[int]] = []
    ready = False
    for position, (row, is_word) in enumerate(zip(ids, words, strict=True)):
        token = tiny.VOCABULARY[row]
        if not is_word or token in tiny.SPECIAL:
            ready = False
            continue
        if token.startswith("##") and ready:
            found[-1].append(position)
        else:
            found.append([position])
        ready = True
    return found


def test_a_vocabulary_knows_its_mask_continuations_and_ordinary_tokens() -> None:
    assert VOCABULARY.mask == ROWS["[MASK]"]
    assert [tiny.VOCABULARY[row] for row in np.flatnonzero(VOCABULARY.continues)] == ["##s"]
    assert [tiny.VOCABULARY[row] for row in VOCABULARY.drawn] == [*tiny.VOCABULARY[5:]]


def test_a_vocabulary_without_a_mask_token_is_refused() -> None:
    with pytest.raises(ModelError, match=r"token \[MASK\], got one of 2 tokens"):
        MaskVocabulary.of(Tokenizer(models.WordPiece({"[UNK]": 0, "a": 1}, unk_token="[UNK]")))


@given(captions, shares, seeds)
def test_the_share_of_the_words_is_masked_whole_words_at_a_time_and_one_at_least(
    texts: list[str], share: float, seed: int
) -> None:
    tokens = tokens_of(*texts)
    predicted = mask(tokens, share, seed).labels != NOT_PREDICTED
    for ids, words, row in zip(tokens.ids.tolist(), tokens.words.tolist(), predicted.tolist(), strict=True):
        whole = words_of(ids, words)
        masked = [word for word in whole if any(row[position] for position in word)]
        assert all(row[position] for word in masked for position in word)
        assert sum(row) == sum(len(word) for word in masked)  # nothing outside the words
        assert len(masked) == (max(1, round(share * len(whole))) if whole else 0)


@given(captions, shares, seeds)
def test_labels_are_what_was_there_and_the_rest_is_as_it_was(texts: list[str], share: float, seed: int) -> None:
    tokens = tokens_of(*texts)
    before = tokens.ids.clone()
    ids, labels = mask(tokens, share, seed)
    predicted = labels != NOT_PREDICTED
    assert torch.equal(tokens.ids, before)
    assert ids.dtype == labels.dtype == torch.long
    assert torch.equal(torch.where(predicted, labels, ids), before)
    changed = ids[predicted & (ids != before)].tolist()
    assert all(row == ROWS["[MASK]"] or tiny.VOCABULARY[row] not in tiny.SPECIAL for row in changed)


@given(captions, shares, seeds)
def test_the_same_state_of_chance_masks_the_same(texts: list[str], share: float, seed: int) -> None:
    tokens = tokens_of(*texts)
    once, again = mask(tokens, share, seed), mask(tokens, share, seed)
    assert torch.equal(once.ids, again.ids)
    assert torch.equal(once.labels, again.labels)


def test_eight_of_ten_become_the_mask_one_another_token_and_one_stays() -> None:
    tokens = tokens_of(*["a red dog"] * 4000)
    ids, labels = mask(tokens, 0.9, 0)  # round(2.7): all three words of each
    predicted = labels != NOT_PREDICTED
    seen, there = ids[predicted], labels[predicted]
    drawn = len(VOCABULARY.drawn)
    assert len(there) == 12000
    # A random token is the one that was there once in `drawn` draws. 0.01 is 3 standard deviations or more.
    assert (seen == ROWS["[MASK]"]).float().mean().item() == pytest.approx(0.8, abs=0.012)
    assert (seen == there).float().mean().item() == pytest.approx(0.1 + 0.1 / drawn, abs=0.01)
    others = seen[(seen != there) & (seen != ROWS["[MASK]"])]
    assert set(others.tolist()) == set(VOCABULARY.drawn.tolist())


def test_every_word_of_a_caption_is_as_likely_as_another() -> None:
    predicted = mask(tokens_of(*["a red dogs run two"] * 6000), 0.4, 0).labels != NOT_PREDICTED
    shares_of_positions = predicted.float().mean(dim=0).tolist()  # [CLS] a red dog ##s run two [SEP]
    assert shares_of_positions == pytest.approx([0, *[0.4] * 6, 0], abs=0.025)  # 4 standard deviations


def test_two_masks_of_a_caption_are_drawn_apart() -> None:
    tokens, chance = tokens_of(*["a red dogs run two"] * 50), np.random.default_rng(0)
    masks = [whole_word_mask(tokens, 0.4, VOCABULARY, chance).labels for _ in range(2)]
    assert not torch.equal(*masks)


def test_captions_without_a_word_are_left_as_they_are() -> None:
    tokens = tokens_of("", "zebra", "[MASK] [SEP]")
    ids, labels = mask(tokens, 0.5, 0)
    assert torch.equal(ids, tokens.ids)
    assert (labels == NOT_PREDICTED).all()
