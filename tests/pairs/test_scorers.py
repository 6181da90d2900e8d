"""The kinds of scores over a tiny model: each is what the model itself says; MAF's head sees no pair that it scores."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from support import tiny

from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.encoders.pool.late_head import token_scores
from lexlip_lucene.encoders.query.late_texts import late_texts
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.pairs import maf as maf_module
from lexlip_lucene.pairs.encoded import Encoded, encode_pairs
from lexlip_lucene.pairs.folds import Renumbered
from lexlip_lucene.pairs.judged import calibrated, make_scorer, make_scorers
from lexlip_lucene.pairs.late_scores import LateScores
from lexlip_lucene.pairs.lexlip_scores import LexLipScores
from lexlip_lucene.pairs.scorer import HEADS
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.training.examples.examples import CaptionTokens
from lexlip_lucene.training.examples.sources import HeldPictures
from lexlip_lucene.vectors.quantise import Quantiser

PICTURES = 12
TEXTS = [f"{words} {number % 3 * 'over '}" for number in range(PICTURES) for words in ("a red dog", "two cat runs")]
OWN = np.repeat(np.arange(PICTURES), 2)
EVERY = np.arange(len(TEXTS))


@pytest.fixture(scope="module")
def encoded() -> Encoded:
    return encoded_by(tiny.lexlip(late=LateSpec(width=8)))


def encoded_by(model: Any, texts: Sequence[str] = TEXTS) -> Encoded:
    pixels = torch.randint(256, (PICTURES, 3, tiny.SIZE, tiny.SIZE), generator=torch.Generator().manual_seed(0))
    captions = CaptionTokens(tokens_of(model, texts), np.arange(0, len(texts) + 1, 2))
    return encode_pairs(model, HeldPictures(pixels.byte()), np.arange(PICTURES), captions, texts)


def tokens_of(model: Any, texts: Sequence[str]) -> Any:
    return tokenise(model.tokenizer, texts, max_length=model.config.text.max_length)


def test_the_lexicon_s_score_is_the_inner_product_of_both_vectors(encoded: Encoded) -> None:
    model = encoded.model
    pixels = torch.randint(256, (PICTURES, 3, tiny.SIZE, tiny.SIZE), generator=torch.Generator().manual_seed(0)).byte()
    with torch.inference_mode():
        wanted = model.text_weights(TEXTS) @ model.image_weights(pixels).T
    scores = LexLipScores(encoded)
    torch.testing.assert_close(scores.against(EVERY, np.arange(PICTURES)), wanted)
    torch.testing.assert_close(scores.of_pairs(EVERY, OWN), wanted[EVERY, OWN])


def test_only_the_tokens_that_the_index_keeps_count() -> None:
    model = tiny.lexlip()
    model.config = model.config.model_copy(update={"top_k": 3})
    kept = (encoded_by(model).documents(np.arange(PICTURES)) > 0).sum(dim=1)
    assert kept.tolist() == [3] * PICTURES


def test_the_late_score_is_the_model_s_own(encoded: Encoded) -> None:
    assert encoded.patches is not None
    wanted = token_scores(late_texts(encoded.model, TEXTS), encoded.patches.float()).detach()
    scores = LateScores(encoded)
    torch.testing.assert_close(scores.against(EVERY, np.arange(PICTURES)), wanted)
    torch.testing.assert_close(scores.of_pairs(EVERY, OWN), wanted[EVERY, OWN])


def test_quantised_impacts_give_nearly_the_same_order(encoded: Encoded) -> None:
    """So that it does not matter that weights are not quantised here."""
    queries, documents = encoded.queries(EVERY).numpy(), encoded.documents(np.arange(PICTURES)).numpy()
    exact = queries @ documents.T
    rounded = (
        Quantiser(queries.max(), bits=8).impacts(queries) @ Quantiser(documents.max(), bits=8).impacts(documents).T
    )
    assert np.corrcoef(exact.ravel(), rounded.ravel())[0, 1] > 0.999


def test_every_head_has_its_name_and_scores_are_finite(encoded: Encoded) -> None:
    scorers = make_scorers(HEADS, encoded, OWN)
    assert list(scorers) == list(HEADS)
    for head, scorer in scorers.items():
        assert scorer.name == head
        assert np.isfinite(scorer.scores(EVERY, OWN)).all()


def test_a_head_of_maf_is_trained_on_no_picture_that_it_scores(
    encoded: Encoded, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[tuple[Any, set[int], set[int]]] = []
    train = maf_module.train_match_head

    def watched(head: Any, inputs: Any, captions: Any, own: Any, alike: Any, *more: Any) -> None:
        trained.append((head, set(own.tolist()), set(alike[own].ravel().tolist())))
        train(head, inputs, captions, own, alike, *more)

    monkeypatch.setattr(maf_module, "train_match_head", watched)
    learn = np.arange(8)
    scorer: Any = make_scorers(["maf"], encoded, OWN, learn=learn)["maf"]
    scored = []
    for part, (head, pictures, alike) in enumerate(trained):
        assert scorer._heads[part] is head
        own = set(np.flatnonzero(scorer._part == part).tolist())
        assert not pictures & own and pictures == set(learn.tolist()) - own
        assert alike <= set(learn.tolist())
        scored += sorted(own)
    assert sorted(scored) == list(range(PICTURES))


@pytest.mark.parametrize("head", ["late", "both", "maf"])
def test_a_model_without_patch_vectors_is_refused_by_what_needs_them(head: Any) -> None:
    with pytest.raises(ModelError, match=r"needs a model with patch vectors.*--head lexlip"):
        make_scorer(head, encoded_by(tiny.lexlip()), OWN)


def test_two_pictures_are_too_few_to_compare_with(encoded: Encoded) -> None:
    few = Encoded(**{**vars(encoded), "looks": encoded.looks[:2]})
    with pytest.raises(InputError, match="three or more are needed, got 2"):
        make_scorer("lexlip", few, OWN)


def test_captions_of_one_picture_can_not_calibrate(encoded: Encoded) -> None:
    with pytest.raises(InputError, match="captions of several pictures are needed"):
        calibrated(make_scorer("lexlip", encoded, OWN), OWN, np.array([0, 1]))


def test_a_teacher_of_a_part_counts_as_the_whole_does() -> None:
    class Whole:
        def similarity(self, images: Any, captions: Any) -> torch.Tensor:
            return torch.from_numpy(captions[:, None] * 100 + images[None])

    part = Renumbered(Whole(), images=np.array([4, 7, 9]), captions=np.array([8, 9, 14]))
    assert part.similarity(np.array([2, 0]), np.array([1])).tolist() == [[909, 904]]
