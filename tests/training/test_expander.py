"""The expander: what it learns from only captions, and its uses in a training run."""

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from support import halves, tiny
from support.recorder import Recorder
from torch import Tensor, nn

from lexlip_lucene.encoders.model.text_encoders import StaticText
from lexlip_lucene.errors import InputError
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.encoder_recipe import EncoderRecipe
from lexlip_lucene.recipes.expander_recipe import ExpanderRecipe
from lexlip_lucene.training.examples.caption_bags import CaptionBags
from lexlip_lucene.training.examples.examples import inverse_document_frequency
from lexlip_lucene.training.expander import kept as kept_expander
from lexlip_lucene.training.expander.expander import Expander
from lexlip_lucene.training.expander.kept import expander_of, further_captions
from lexlip_lucene.training.expander.teacher import ExpanderTeacher
from lexlip_lucene.training.expander.training import draw, fit_expander
from lexlip_lucene.training.parallel import ALONE
from lexlip_lucene.training.run import job
from lexlip_lucene.training.run.checkpoint import read_checkpoint, write_checkpoint
from lexlip_lucene.training.start.ridge import joined_targets, start_from_ridge
from lexlip_lucene.vectors.lexicon import Lexicon

Sets = Sequence[Sequence[str]]
SETS: Sets = [
    ("a red dog", "two dogs", "Dog dog DOG", "run", "cat over red square"),
    ("a star",),
    ("", "green square", "blue ."),
]
LEXICON = tiny.lexlip().lexicon
SMALL: dict[str, Any] = {"width": 16, "epochs": 3}


def bags(sets: Sets = SETS, lexicon: Lexicon = LEXICON) -> CaptionBags:
    return CaptionBags.of(sets, tiny.tokenizer(), lexicon, max_length=16)


def words(row: Tensor) -> dict[str, int]:
    return {LEXICON.tokens[token]: int(row[token]) for token in row.nonzero().flatten().tolist()}


def own_rows(numbers: Sequence[int]) -> tuple[Any, Any, int]:
    return np.array(numbers), np.arange(len(numbers)), len(numbers)


def idf_of(found: CaptionBags) -> Tensor:
    captions = int(found.captions[-1])
    return inverse_document_frequency(found.having(captions), captions)


def fitted(sets: Sets, *, seed: int = 0, **settings: Any) -> Expander:
    found = bags(sets)
    recipe = ExpanderRecipe(**{"width": 32, "epochs": 150, "learning_rate": 1e-2, **settings})
    return fit_expander(found, np.arange(len(sets)), idf_of(found), recipe, seed=seed)


# --- bags --------------------------------------------------------------------------------------------------------


def test_a_bag_has_every_lexicon_token_of_a_caption_once() -> None:
    assert [words(row) for row in bags().counts(*own_rows([0, 1, 2, 6, 8, 5]))] == [
        {"a": 1, "red": 1, "dog": 1},
        {"two": 1, "dog": 1, "##s": 1},
        {"dog": 1},
        {},
        {"blue": 1},
        {"a": 1, "star": 1},
    ]


def test_bags_of_several_captions_add_up() -> None:
    found = bags()
    captions, owners = found.of_sets(np.array([2, 0]))
    assert captions.tolist() == [6, 7, 8, 0, 1, 2, 3, 4]
    assert owners.tolist() == [0] * 3 + [1] * 5
    assert [words(row) for row in found.counts(captions, owners, 2)] == [
        {"green": 1, "square": 1, "blue": 1},
        {"a": 1, "red": 2, "dog": 3, "two": 1, "##s": 1, "run": 1, "cat": 1, "over": 1, "square": 1},
    ]
    assert words(found.having(5)) == words(found.counts(captions, owners, 2)[1])


def test_bags_are_the_same_in_however_many_stretches_texts_are_tokenised(monkeypatch: pytest.MonkeyPatch) -> None:
    once = bags()
    monkeypatch.setattr("lexlip_lucene.training.examples.caption_bags.TEXTS_AT_ONCE", 2)
    again = bags()
    for name in ("captions", "begins", "positions"):
        np.testing.assert_array_equal(getattr(once, name), getattr(again, name))


@pytest.mark.parametrize("seed", range(20))
def test_a_document_and_its_queries_share_no_caption(seed: int) -> None:
    """The captions of a set are one word each, so that a bag says which captions it is of."""
    names = list(tiny.WORDS)
    sets = [names[:5], names[5:7], names[7:10]]
    drawn = draw(bags(sets), np.array([2, 0, 1]), np.random.default_rng(seed))
    sizes = set()
    for place, number in enumerate([2, 0, 1]):
        document = set(words(drawn.documents[place]))
        asked = [set(words(row)) for row in drawn.queries[2 * place : 2 * place + 2]]
        assert document and document < set(sets[number])
        assert all(len(query) == 1 and query <= set(sets[number]) - document for query in asked)
        left = len(sets[number]) - len(document)
        assert len(asked[0] | asked[1]) == min(2, left), "different ones where there are two"
        sizes.add((len(sets[number]), len(document)))
    taken = dict(sizes)[5]
    assert taken in (1, 2, 3, 4)
    assert sizes == {(5, taken), (3, min(taken, 2)), (2, 1)}


# --- the network and its training --------------------------------------------------------------------------------


def test_the_logits_are_those_of_the_formula_in_plain_loops() -> None:
    torch.manual_seed(0)
    idf = torch.tensor([0.5, 2.0, 1.0])
    net = Expander(idf, 4, dropout=0.5).eval().double()
    counts = torch.tensor([[0.0, 3.0, 1.0], [0.0, 0.0, 0.0]])

    def linear(layer: nn.Linear, x: list[float]) -> list[float]:
        return [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(*of(layer), strict=True)]

    def of(layer: nn.Linear) -> tuple[Any, Any]:
        return layer.weight.tolist(), layer.bias.tolist()

    def gelu(x: list[float]) -> list[float]:
        return [v * 0.5 * (1 + math.erf(v / math.sqrt(2))) for v in x]

    for row, found in zip(counts.tolist(), net(counts.double()).tolist(), strict=True):
        x = [math.log1p(count) * weight for count, weight in zip(row, idf.tolist(), strict=True)]
        length = math.sqrt(sum(v * v for v in x)) or 1.0
        x = [5 * v / length for v in x]
        h = linear(net.first, x)
        mean = sum(h) / 4
        spread = math.sqrt(sum((v - mean) ** 2 for v in h) / 4 + 1e-5)
        h = gelu([(v - mean) / spread for v in h])
        h = [a + b for a, b in zip(h, gelu(linear(net.second, h)), strict=True)]
        z = [a + 0.5 * b for a, b in zip(linear(net.last, h), x, strict=True)]
        assert found == pytest.approx(z, abs=1e-6)  # the last layer's output is rounded to float32
    torch.testing.assert_close(net.weights.float(), idf)


PAIRS = (("dog", "run"), ("cat", "star"), ("circle", "square"))


def synonyms() -> Sets:
    """Six images of each pair of words, with a colour: a caption says either, never both."""
    return [
        (f"{colour} {pair[n]}", f"{pair[n]}", f"a {pair[1 - n]}", f"{colour} {pair[1 - n]}")
        for pair in PAIRS
        for colour in ("red", "blue", "green")
        for n in (0, 1)
    ]


def test_words_said_of_the_same_images_expand_to_each_other() -> None:
    sets = synonyms()
    expander, place = fitted(sets), LEXICON.tokens.index
    for pair in PAIRS:
        for word, other in (pair, pair[::-1]):
            [expanded] = expander.expanded(bags([[word]]).counts(*own_rows([0])))
            assert expanded[place(word)] > 0
            others = [expanded[place(w)] for pair_ in PAIRS for w in pair_ if w not in pair]
            assert expanded[place(other)] > max(others) + 0.5, f"{word} means {other} and no other"


def test_the_same_seed_gives_the_same_expander_and_leaves_torch_s_generator_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = fitted(SETS, epochs=5).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    torch.rand(3)
    second, other = fitted(SETS, epochs=5).state_dict(), fitted(SETS, epochs=5, seed=1).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)
    assert not torch.equal(first["first.weight"], other["first.weight"])


def test_sets_with_one_caption_are_left_out_and_told() -> None:
    found, told = bags(), Recorder()
    recipe = ExpanderRecipe(**SMALL)
    sets = np.array([0, 1, 2, 0, 1, 2])
    with_single = fit_expander(found, sets, idf_of(found), recipe, seed=0, progress=told)
    without_it = fit_expander(found, np.array([0, 2, 0, 2]), idf_of(found), recipe, seed=0)
    assert torch.equal(with_single.last.weight, without_it.last.weight)
    assert [note.partition(" caption sets")[0] for note in told.notes] == ["expander: left out 1"]
    assert told.tracked == [("expander (steps)", 3, 3)]
    with pytest.raises(InputError, match="two caption sets with two captions each or more, but of 2 there are 1"):
        fit_expander(found, np.array([0, 1]), idf_of(found), recipe, seed=0)


def test_it_trains_in_bfloat16() -> None:
    found = bags()
    expander = fit_expander(
        found, np.array([0, 2]), idf_of(found), ExpanderRecipe(**SMALL), seed=0, precision="bfloat16"
    )
    assert all(tensor.dtype == torch.float32 and tensor.isfinite().all() for tensor in expander.state_dict().values())


# --- the ridge start ---------------------------------------------------------------------------------------------


def test_bias_and_threshold_of_the_ridge_start_by_hand() -> None:
    """Features −1, 1 and targets 1, 3: mean 2, and at no penalty a slope of 1."""
    path = nn.Linear(1, 1)
    features, targets = torch.tensor([[4.0], [6.0]]), torch.tensor([[1.0], [3.0]])
    start_from_ridge(path, features, targets, 1e-6, bias=0.3, threshold=0.25)
    assert path(features).flatten().tolist() == pytest.approx([-1 + 0.6 - 0.25, 1 + 0.6 - 0.25], abs=1e-4)
    start_from_ridge(path, features, targets, 1e-6)
    assert path(features).flatten().tolist() == pytest.approx([1.0, 3.0], abs=1e-4)


def test_joined_targets_are_in_units_of_their_standard_deviations() -> None:
    said, expanded = torch.tensor([[0.0, 2.0], [1.0, 1.0]]), torch.tensor([[10.0, 0.0], [0.0, 30.0]])
    y, z = np.std([0, 2, 1, 1], ddof=1), np.std([10, 0, 0, 30], ddof=1)
    wanted = torch.tensor([[10 / z, 2 / y], [1 / y, 1 / y + 30 / z]])
    torch.testing.assert_close(joined_targets(said, expanded), wanted.float())


# --- the teacher -------------------------------------------------------------------------------------------------


def test_the_teacher_s_similarity_is_the_one_of_plain_loops() -> None:
    expander, found = fitted(SETS, epochs=5), bags()
    teacher = ExpanderTeacher.of(expander, found)
    images, captions = np.array([2, 0]), np.array([4, 8, 0])
    similarity = teacher.similarity(images, captions)
    assert similarity.dtype == torch.float32
    theta = expander.weights.tolist()
    for row, caption in enumerate(captions):
        for column, image in enumerate(images):
            of_image = range(int(found.captions[image]), int(found.captions[image + 1]))
            counts = [0.0] * len(LEXICON)
            for number in of_image:
                for token in found.positions[found.begins[number] : found.begins[number + 1]]:
                    counts[token] += 1
            document = [math.log1p(max(0.0, z)) for z in expander(torch.tensor([counts]))[0].tolist()]
            length = math.sqrt(sum(weight * weight for weight in document))
            asked = found.positions[found.begins[caption] : found.begins[caption + 1]]
            query_length = math.sqrt(sum(theta[token] ** 2 for token in asked))
            wanted = sum(theta[token] * document[token] for token in asked) / query_length / length**0.7
            assert similarity[row, column].item() == pytest.approx(wanted, rel=2e-3)  # documents are float16


# --- in a training run -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("halves")
    halves.write(folder, halves.draw(folder))
    further = [{"id": f"f{n}", "captions": ["a red half", f"the left is red word{n}", "red"]} for n in range(6)]
    further.append({"id": "i3", "captions": ["of an image that is known", "and so left out"]})
    (folder / "further.jsonl").write_text("\n".join(map(json.dumps, further)))
    return folder


def recipe_of(data: Path, **changes: Any) -> EncoderRecipe:
    expander = {**SMALL, "texts": [data / "further.jsonl"]}
    frozen = {"image__frozen": True, "image__ridge": {"strength": 100, "bias": 0.3, "threshold": 0.1}}
    return halves.recipe_of(data, **{"expander": expander, **frozen, **changes})


def watch_fits(monkeypatch: pytest.MonkeyPatch) -> list[list[list[str]]]:
    """The list that will hold the captions of every fit, set by set."""
    seen: list[list[list[str]]] = []
    tokenised = CaptionBags.of

    def watching(sets: Sets, *others: Any, **named: Any) -> CaptionBags:
        seen.append([list(captions) for captions in sets])
        return tokenised(sets, *others, **named)

    monkeypatch.setattr(kept_expander, "CaptionBags", type("Watched", (), {"of": staticmethod(watching)}))
    return seen


def test_captions_of_images_kept_aside_are_unseen_until_the_final_run(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, recipe = watch_fits(monkeypatch), recipe_of(data)
    run = job.prepare(recipe, tmp_path / "model")
    run.trainer("choosing", run.trained_on, run.kept_aside)
    run.trainer("final", np.arange(halves.IMAGES), None)
    lines = [json.loads(line) for line in (data / "captions.jsonl").read_text().splitlines()]
    further = [json.loads(line)["captions"] for line in (data / "further.jsonl").read_text().splitlines()][:6]
    aside = halves.aside_of(recipe)
    own = [[line["captions"] for n, line in enumerate(lines) if n not in left_out] for left_out in (aside, set())]
    assert fits == [[*sets, *further] for sets in own]


def test_further_sets_of_known_images_are_left_out_and_told(data: Path) -> None:
    told = Recorder()
    assert len(further_captions(recipe_of(data), told)) == 6
    assert told.notes == ["expander: 6 further caption sets; 1 are left out, whose images are in captions.jsonl"]


def test_a_kept_expander_gives_the_same_model_and_is_of_the_same_captions_and_settings_alone(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fits, cache, told = watch_fits(monkeypatch), tmp_path / "cache", Recorder()
    first, _ = halves.trained(recipe_of(data), tmp_path / "first", cache=cache)
    again, _ = halves.trained(recipe_of(data), tmp_path / "again", told, cache=cache)
    assert first.sha256 == again.sha256
    assert len(fits) == 1
    assert any(note.startswith(f"expander read from {cache}") for note in told.notes)

    def found(own: Sets, further: Sets, **settings: Any) -> None:
        recipe = recipe_of(data, expander={**SMALL, **settings})
        expander_of(tiny.lexlip(), recipe, own, further, cache=cache, team=ALONE, progress=SILENT)

    own, few = list(SETS), list(SETS)[:1]
    for _ in range(2):
        found(own, few)
        found(few, own)
        found(own, [])
        found(own, few, dropout=0.2)
    assert len(fits) == 5


def test_the_start_has_the_expander_s_weights_and_targets(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Expander] = []

    def watching(*parts: Any, **named: Any) -> Expander:
        made.append(expander_of(*parts, **named))
        return made[-1]

    monkeypatch.setattr(job, "expander_of", watching)
    run = job.prepare(recipe_of(data), data / "model")
    model = run.trainer("choosing", run.trained_on, run.kept_aside).model
    plain = job.prepare(recipe_of(data, expander=None), data / "model")
    without = plain.trainer("choosing", plain.trained_on, plain.kept_aside).model
    assert isinstance(model.text, StaticText) and isinstance(without.text, StaticText)
    torch.testing.assert_close(nn.functional.softplus(model.text.raw_weight.detach()), made[0].weights)
    assert len(made) == 1
    assert model.image.global_path is not None and without.image.global_path is not None
    assert not torch.equal(model.image.global_path.weight, without.image.global_path.weight)


@pytest.mark.parametrize("text", [{"kind": "static"}, tiny.BERT.model_dump()], ids=["static", "transformer"])
def test_it_teaches(data: Path, tmp_path: Path, text: dict[str, Any]) -> None:
    if text["kind"] == "transformer":
        text = {**text, "architecture": {**text["architecture"], "vocab_size": 400}}
    distillation = {"teacher": "expander", "weight": 0.5, "temperature": 1 / 16}
    recipe = recipe_of(data, text=text, training__distillation=distillation, training__contrast=0.5)
    _, report = halves.trained(recipe, tmp_path / "model")
    assert np.isfinite(report.loss)
    log = (tmp_path / "model.training" / "choosing" / "log.csv").read_text()
    assert "distillation" in log


def test_the_card_has_no_path_of_the_further_sets(data: Path, tmp_path: Path) -> None:
    halves.trained(recipe_of(data), tmp_path / "model")
    card = (tmp_path / "model" / "README.md").read_text(encoding="utf-8")
    assert str(data) not in card
    assert "further.jsonl" in card


def test_a_run_goes_on_where_its_further_sets_have_moved_but_not_with_others(data: Path, tmp_path: Path) -> None:
    def recipe(*texts: str) -> EncoderRecipe:
        return recipe_of(data, expander={**SMALL, "texts": [Path(text) for text in texts]})

    write_checkpoint(tmp_path / "checkpoint", recipe("/old/a.jsonl", "/old/b.jsonl"), {"step": 1})
    assert read_checkpoint(tmp_path / "checkpoint", recipe("/new/a.jsonl", "/new/b.jsonl")) is not None
    with pytest.raises(InputError, match=r"expander\.texts\[1\] was '/old/b\.jsonl' and is '/old/c\.jsonl'"):
        read_checkpoint(tmp_path / "checkpoint", recipe("/old/a.jsonl", "/old/c.jsonl"))
    with pytest.raises(InputError, match=r"expander\.texts was \['/old/a\.jsonl', '/old/b\.jsonl'\] and is "):
        read_checkpoint(tmp_path / "checkpoint", recipe("/old/a.jsonl"))
