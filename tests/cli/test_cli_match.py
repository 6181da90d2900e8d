"""`lexlip match`: every pair gets a probability, by one model or by models that have not seen it."""

from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import yaml
from support import tiny
from support.cli_run import done, lexlip
from support.halves import ASIDE, IMAGES, draw, recipe_of, trained, write
from support.recorder import Recorder

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.pairs.pair_scores import read_pair_scores
from lexlip_lucene.experiments.pairs.noise import main as write_noise
from lexlip_lucene.experiments.pairs.noise import shuffled
from lexlip_lucene.pairs.folds import match_out_of_fold
from lexlip_lucene.pairs.match import match

LATE = {"width": 8, "epochs": 2, "batch_size": 8}
FROZEN = {**tiny.VIT.model_dump(), "frozen": True}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """40 pictures, of which one is not a picture."""
    folder = tmp_path_factory.mktemp("halves")
    lines = draw(folder)
    (folder / "7.png").write_bytes(b"no picture")
    return write(folder, lines)


@pytest.fixture(scope="module")
def model(data: Path) -> Path:
    trained(recipe_of(data, late=LATE, training__epochs=8), data / "model")
    return data / "model"


@pytest.fixture(scope="module")
def recipe(data: Path) -> Path:
    values: Any = recipe_of(data, image=FROZEN, late=LATE).model_dump(mode="json")
    (data / "recipe.yaml").write_text(yaml.safe_dump(values), encoding="utf-8")
    return data / "recipe.yaml"


@pytest.mark.parametrize("head", ["lexlip", "late", "both", "maf"])
def test_each_pair_of_a_readable_image_gets_a_line(data: Path, model: Path, tmp_path: Path, head: str) -> None:
    output = tmp_path / "pairs.jsonl"
    record = done("match", data / "captions.jsonl", "--model", model, "--output", output, "--head", head)
    assert (record["pairs"], record["rejected"], record["images"], record["unreadable"]) == (78, 2, IMAGES - 1, 1)
    assert sum(record["histogram"]) == 78
    assert 0 <= record["brier"] <= 1 and 0 <= record["auc"] <= 1
    lines = [orjson.loads(line) for line in output.read_bytes().splitlines()]
    wanted = [(f"i{image}", caption) for image in range(IMAGES) if image != 7 for caption in range(2)]
    assert [(line["id"], line["caption"]) for line in lines] == wanted
    scores, p = ([line[key] for line in lines] for key in ("score", "p"))
    assert record["mean_p"] == pytest.approx(np.mean(p), abs=1e-5)
    assert (np.diff(np.array(p)[np.argsort(scores)]) >= -1e-6).all(), "a higher score is never less probable"


def test_the_answer_for_a_person_has_the_histogram(data: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "pairs.jsonl"
    ran = lexlip("match", data / "captions.jsonl", "--model", model, "--output", output)
    assert ran.status == 0, ran.err
    assert "78 pairs of 39 images (2 left out, of 1 unreadable images)" in ran.out
    assert len([line for line in ran.out.splitlines() if line.startswith(("0.", "1."))]) == 10
    assert "image i7" in ran.err, "what is left out is said"


def test_a_model_trained_on_that_file_is_said_to_believe_it(data: Path, model: Path, tmp_path: Path) -> None:
    recorder = Recorder()
    match(data / "captions.jsonl", model, tmp_path / "pairs.jsonl", progress=recorder)
    assert [line for line in recorder.notes if line.startswith("warning: ") and "--folds" in line]
    other = Recorder()
    (data / "others.jsonl").write_bytes((data / "captions.jsonl").read_bytes())
    match(data / "others.jsonl", model, tmp_path / "others.jsonl", progress=other)
    assert not [line for line in other.notes if line.startswith("warning: ")]


def test_the_prior_moves_probabilities_and_no_score(data: Path, model: Path, tmp_path: Path) -> None:
    found = []
    for prior in ("0.9", "0.3"):
        output = tmp_path / f"{prior}.jsonl"
        aside = ("--aside", data / "captions.jsonl")
        done("match", data / "captions.jsonl", "--model", model, "--output", output, "--prior", prior, *aside)
        found.append(read_pair_scores(output))
    most, some = found
    assert all(most[pair].score == some[pair].score and most[pair].p > some[pair].p for pair in most)


def test_pairs_kept_aside_may_calibrate(data: Path, model: Path, tmp_path: Path) -> None:
    lines = (data / "captions.jsonl").read_bytes().splitlines()
    scored, aside = data / "scored.jsonl", data / "aside.jsonl"
    scored.write_bytes(b"\n".join(lines[:20]))
    aside.write_bytes(b"\n".join(lines[20:]))
    output = tmp_path / "pairs.jsonl"
    record = done("match", scored, "--model", model, "--output", output, "--aside", aside)
    assert (record["pairs"], record["rejected"], record["images"]) == (38, 2, 19)
    assert {pair[0] for pair in read_pair_scores(output)} == {f"i{n}" for n in range(20) if n != 7}


def test_folds_score_every_pair_and_leave_nothing_behind(data: Path, recipe: Path, tmp_path: Path) -> None:
    output, picture = tmp_path / "pairs.jsonl", tmp_path / "reliability.svg"
    arguments = ("--folds", 2, "--recipe", recipe, "--head", "both", "--output", output, "--picture", picture)
    record = done("match", data / "captions.jsonl", *arguments)
    assert (record["pairs"], record["rejected"]) == (78, 2)
    assert len(read_pair_scores(output)) == 78
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pairs.jsonl", "reliability.svg"]
    assert picture.read_bytes().startswith(b"<?xml")
    assert list((data / "recipe" / "states").iterdir()), "states are kept where trainings keep them"


def test_a_fold_s_model_never_sees_the_fold(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model of each fold is trained on, and chosen by, other images than it scores; all are scored once."""
    from lexlip_lucene.pairs import folds as module
    from lexlip_lucene.training.run.job import TrainingJob

    seen: list[set[str]] = []
    train = TrainingJob.trained

    def watched(job: TrainingJob, *, resume: bool) -> Any:
        seen.append({image.id for image in job.images})
        words = {word for word in job.vocabulary.tokenizer.get_vocab()}
        assert words
        return train(job, resume=resume)

    monkeypatch.setattr(TrainingJob, "trained", watched)
    scored: list[set[str]] = []
    encode = module.encoded_fold

    def noted(job: TrainingJob, model: Any, fold: Any, aside: Any) -> Any:
        scored.append({job.images[number].id for number in fold})
        assert not set(fold) & set(aside) and len(aside) == ASIDE
        lexicon = set(model.lexicon.tokens)
        own = {f"word{job.images[number].id[1:]}" for number in fold}
        assert not own & lexicon, "a word of only one image of the fold is in no lexicon of its model"
        return encode(job, model, fold, aside)

    monkeypatch.setattr(module, "encoded_fold", noted)
    recipe = recipe_of(data, image=FROZEN)
    match_out_of_fold(data / "captions.jsonl", recipe, tmp_path / "pairs.jsonl", folds=3)
    assert [len(some) for some in scored] == [13, 13, 13] and len(set.union(*scored)) == 39
    assert not any(one & other for one, other in zip(seen, scored, strict=True))


def test_the_same_seed_gives_the_same_file(data: Path, model: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        match(data / "captions.jsonl", model, tmp_path / name, head="maf", seed=3)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_kept_states_give_the_same_scores(data: Path, model: Path, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        states = None if name == "one" else tmp_path / "states"
        match(data / "captions.jsonl", model, tmp_path / name, cache=states)
    one, two, three = (read_pair_scores(tmp_path / name) for name in ("one", "two", "three"))
    assert two == three
    np.testing.assert_allclose([s.score for s in two.values()], [s.score for s in one.values()], atol=0.05)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "match needs --model MODEL, or --folds K with --recipe RECIPE"),
        (["--model", "{model}", "--folds", "2", "--recipe", "{recipe}"], "and not both"),
        (["--folds", "2"], "match needs --model MODEL, or --folds K"),
        (["--folds", "1", "--recipe", "{recipe}"], "--folds must be 2 or more"),
        (["--folds", "40", "--recipe", "{recipe}"], "at most the number of images, 39"),
        (["--model", "{model}", "--prior", "1"], "the prior is the share of pairs that match"),
        (["--model", "{model}", "--set", "training.epochs=1"], "--set changes a key of the recipe"),
        (["--folds", "2", "--recipe", "{recipe}", "--aside", "x"], "--aside goes with --model"),
        (["--folds", "2", "--recipe", "{recipe}", "--set", "late=null", "--head", "maf"], "needs a model with a late"),
        (["--model", "{model}", "--picture", "x.gif"], "a picture ends in .svg, .png, .webp, got x.gif"),
        (["--folds", "2", "--recipe", "{recipe}", "--set", "training.pairs.filter=x"], "leave training.pairs out"),
    ],
)
def test_what_can_not_be_done_is_refused(
    data: Path, model: Path, recipe: Path, tmp_path: Path, arguments: list[str], message: str
) -> None:
    given = [one.format(model=model, recipe=recipe) for one in arguments]
    ran = lexlip("match", data / "captions.jsonl", "--output", tmp_path / "pairs.jsonl", *given)
    assert message in ran.error
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_there_stays_without_force(data: Path, model: Path, tmp_path: Path) -> None:
    output = tmp_path / "pairs.jsonl"
    output.write_text("mine")
    ran = lexlip("match", data / "captions.jsonl", "--model", model, "--output", output)
    assert "exists already" in ran.error and output.read_text() == "mine"


def test_shuffled_captions_keep_their_texts_and_the_truth_says_which_moved(data: Path, tmp_path: Path) -> None:
    write_noise([str(data / "captions.jsonl"), str(tmp_path / "noisy.jsonl"), "--share", "0.3", "--seed", "1"])
    before = read_captions(data / "captions.jsonl")
    after = read_captions(tmp_path / "noisy.jsonl", outside=True)
    truth = read_pair_scores(tmp_path / "noisy.jsonl.truth.jsonl")
    assert [image.path for image in after] == [image.path for image in before]
    assert [len(image.captions) for image in after] == [len(image.captions) for image in before]
    texts = [sorted(text for image in images for text in image.captions) for images in (before, after)]
    assert texts[0] == texts[1]
    assert sum(score.p == 0 for score in truth.values()) == 24
    for one, two in zip(before, after, strict=True):
        for number, (was, now) in enumerate(zip(one.captions, two.captions, strict=True)):
            assert was == now or truth[one.id, number].p == 0


def test_only_the_captions_of_the_split_that_is_asked_for_move(tmp_path: Path) -> None:
    records = [
        {"id": f"{split}{number}", "file": f"{number}.jpg", "split": split, "captions": [f"{split} caption {number}"]}
        for number in range(6)
        for split in ("val", "train")
    ]
    (tmp_path / "captions.jsonl").write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    asked = ["--share", "1", "--split", "train"]
    write_noise([str(tmp_path / "captions.jsonl"), str(tmp_path / "noisy.jsonl"), *asked])
    val = {image.id: image.captions for image in read_captions(tmp_path / "noisy.jsonl", split="val", outside=True)}
    assert val == {f"val{number}": (f"val caption {number}",) for number in range(6)}
    moved = read_captions(tmp_path / "noisy.jsonl", split="train", outside=True)
    assert all(image.captions != (f"train caption {image.id[5:]}",) for image in moved)
    truth = read_pair_scores(tmp_path / "noisy.jsonl.truth.jsonl")
    assert sorted(truth) == sorted((image.id, 0) for image in moved)


def test_no_caption_that_moves_stays_with_its_image(data: Path) -> None:
    """Captions here are told apart by their own name."""
    images = read_captions(data / "captions.jsonl")
    named = [type(image)(image.id, image.path, "train", tuple(f"{image.id} {n}" for n in range(5))) for image in images]
    noisy = shuffled(named, 0.6, seed=0)
    owners = [text.split()[0] for image in noisy.images for text in image.captions]
    own = [image.id for image in noisy.images for _ in image.captions]
    np.testing.assert_array_equal([a == b for a, b in zip(owners, own, strict=True)], noisy.stayed)
    assert (~noisy.stayed).sum() == 120
