"""The defects of the official LexLIP code (ChiYeungLaw/LexLIP-ICCV23), each with the test that guards against it.

 1. The FLOPS regulariser sees vectors of unit length, on which it is at most 1: no pressure towards sparsity.
 2. Phase 2 copies its momentum encoders before the weights of phase 1 are loaded.
 3. The momentum encoders move in every forward pass: once a micro-batch, and in validation too.
 4. The queue starts as random vectors with weights below 0, and drops keys where it wraps around.
 7. Logits at [CLS] and [SEP], and rows of the vocabulary that are no words, are part of the vectors.
10. The score that is evaluated is the cosine of dense vectors, of which an inverted index never sees one.
"""

from pathlib import Path

import numpy as np
import pytest
import tiny
import torch
from torch import Tensor

from lexlip_lucene.encoders.lexlip import LexLip
from lexlip_lucene.encoders.pooling import divide_by_length
from lexlip_lucene.encoders.text_encoders import TransformerText
from lexlip_lucene.encoders.tokens import tokenise
from lexlip_lucene.training.lexicon_queue import LexiconQueue
from lexlip_lucene.training.losses import flops_loss
from lexlip_lucene.training.momentum import Follower
from lexlip_lucene.training.selection import quantised


def tensors_of(model: torch.nn.Module) -> dict[str, Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(left: dict[str, Tensor], right: dict[str, Tensor]) -> bool:
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_defect_1_denser_and_heavier_vectors_cost_more_without_a_bound() -> None:
    sparse = torch.zeros(4, 1000)
    sparse[:, :10] = 1.0
    dense = torch.ones(4, 1000)
    assert flops_loss(dense).item() == 100 * flops_loss(sparse).item() == 1000.0
    unit = flops_loss(divide_by_length(dense, 1.0)), flops_loss(divide_by_length(sparse, 1.0))
    assert [loss.item() for loss in unit] == pytest.approx([1.0, 1.0])  # what the official code can tell apart


def test_defect_2_the_momentum_encoders_start_from_the_weights_that_were_loaded(tmp_path: Path) -> None:
    phase_1, fresh = tiny.lexlip(text=tiny.BERT, seed=1), tiny.lexlip(text=tiny.BERT, seed=2)
    phase_1.save_pretrained(tmp_path / "phase-1")
    follower = Follower(LexLip.from_pretrained(tmp_path / "phase-1"), 0.99)
    assert same(tensors_of(follower.model), tensors_of(phase_1))
    assert not same(tensors_of(follower.model), tensors_of(fresh))


def test_defect_3_the_momentum_encoders_move_once_an_optimiser_step_and_at_no_other_time() -> None:
    model = tiny.lexlip(text=tiny.BERT)
    follower = Follower(model, 0.5)
    start = tensors_of(follower.model)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):  # micro-batches
        model.train().text_weights(["a red dog", "two cats"]).square().sum().backward()
        follower.model.text_weights(["a red dog", "two cats"])
    optimiser.step()
    model.eval().encode_texts(["a red dog"])  # validation
    follower.model.encode_texts(["a red dog"])
    assert same(tensors_of(follower.model), start)
    follower.follow(model)
    for name, parameter in follower.model.named_parameters():
        halfway = (start[name] + model.get_parameter(name).detach()) / 2
        torch.testing.assert_close(parameter.detach(), halfway)


def test_defect_4_the_queue_holds_nothing_but_keys_and_gives_nothing_before_it_is_full() -> None:
    queue, keys = LexiconQueue(5, 4, 8), torch.rand(6, 8)
    assert not queue.values.any()
    queue.push(keys[:4], torch.arange(4))
    with pytest.raises(AssertionError, match="filled before it counts"):
        queue.similarity(keys)
    queue.push(keys[4:], torch.arange(4, 6))
    assert (queue.values >= 0).all()
    assert (queue.similarity(keys) >= 0).all()


def test_defect_4_no_key_is_dropped_where_the_queue_wraps_around() -> None:
    queue = LexiconQueue(11, 8, 8)  # no multiple of a batch of 4
    keys = torch.rand(40, 8)
    for begin in range(0, 40, 4):
        queue.push(keys[begin : begin + 4], torch.arange(begin, begin + 4))
        newest = range(max(0, begin + 4 - 11), begin + 4)
        assert sorted(queue.owners.tolist())[-len(newest) :] == list(newest)
    torch.testing.assert_close(queue.similarity(torch.eye(8)).T, keys[queue.owners])


def test_defect_7_logits_at_special_positions_are_no_part_of_a_vector() -> None:
    model = tiny.lexlip(text=tiny.BERT)
    assert isinstance(model.text, TransformerText)
    tokens = tokenise(model.tokenizer, ["a red dog", "two cats run over a blue star"], max_length=16)
    found = model.raw_text_weights(tokens)
    logits = model.text.network(input_ids=tokens.ids, attention_mask=tokens.attention.long()).logits
    special = ~tokens.words
    logits = logits[:, :, model.text.rows].masked_fill(special.unsqueeze(2), -torch.inf)
    torch.testing.assert_close(found, torch.log1p(torch.relu(logits.amax(dim=1))))


def test_defect_7_rows_that_are_no_words_are_no_dimensions() -> None:
    assert set(tiny.lexlip().lexicon.tokens).isdisjoint({*tiny.SPECIAL, "[unused0]", "."})


def test_defect_10_a_model_is_chosen_by_the_integers_that_an_index_would_hold() -> None:
    model = tiny.lexlip()
    weights = torch.rand(6, len(model.lexicon))
    impacts = quantised(weights, model)
    assert np.array_equal(impacts, np.rint(impacts))
    assert impacts.max() == 2**model.config.bits - 1
