"""Labels scored by integer dot products, against sums written out over dicts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError
from lexlip_lucene.evaluate.classify import (
    LabelVectors,
    ScoredLabel,
    best_labels,
    label_scores,
    label_vectors,
)
from lexlip_lucene.evaluate.label_accuracy import LabelAccuracy
from lexlip_lucene.records import Impacts

VECTORS = st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 65_535), max_size=6)
PROMPTS = st.integers(1, 3).flatmap(
    lambda count: st.lists(st.lists(VECTORS, min_size=count, max_size=count), min_size=1, max_size=7)
)


def names_of(vectors: list[list[Impacts]]) -> list[str]:
    return [f"label {number}" for number in range(len(vectors))]


def dot(one: Impacts, other: Impacts) -> int:
    return sum(weight * other.get(token, 0) for token, weight in one.items())


def slow(image: Impacts, vectors: list[list[Impacts]], k: int) -> list[ScoredLabel]:
    """Average over prompts, label by label, and sort stably."""
    scored = [
        ScoredLabel(name, sum(dot(prompt, image) for prompt in prompts) / len(prompts))
        for name, prompts in zip(names_of(vectors), vectors, strict=True)
    ]
    return [one for one in sorted(scored, key=lambda one: -one.score) if one.score > 0][:k]


@given(PROMPTS, st.lists(VECTORS, max_size=6), st.integers(1, 8))
def test_scores_are_the_means_of_the_dot_products_over_dicts(
    vectors: list[list[Impacts]], images: list[Impacts], k: int
) -> None:
    labels = label_vectors(names_of(vectors), vectors)
    scores = label_scores(images, labels)
    assert scores.shape == (len(images), len(vectors)) and scores.dtype == "int64"
    assert scores.tolist() == [[sum(dot(one, image) for one in prompts) for prompts in vectors] for image in images]
    assert best_labels(images, labels, k) == [slow(image, vectors, k) for image in images]
    assert labels.empty == [name for name, prompts in zip(names_of(vectors), vectors, strict=True) if not any(prompts)]


@given(PROMPTS, st.lists(VECTORS, min_size=1, max_size=6))
def test_an_image_s_labels_do_not_depend_on_its_batch(vectors: list[list[Impacts]], images: list[Impacts]) -> None:
    labels = label_vectors(names_of(vectors), vectors)
    assert best_labels(images, labels, 5) == [best_labels([image], labels, 5)[0] for image in images]


def two_prompts() -> LabelVectors:
    return label_vectors(["cat", "dog"], [[{"cat": 3, "photo": 1}, {"cat": 5}], [{"dog": 4}, {}]])


def test_prompts_are_averaged_over_scores() -> None:
    """cat: (3 · 10 + 5 · 10) / 2 = 40; dog: (4 · 2 + 0) / 2 = 4."""
    assert best_labels([{"cat": 10, "dog": 2}], two_prompts(), 5) == [[("cat", 40.0), ("dog", 4.0)]]


def test_sums_stay_integers_where_float32_would_not() -> None:
    """65,535² = 4,294,836,225: float32 has every 256th integer there."""
    labels = label_vectors(["a", "b"], [[{"x": 65_535}], [{"x": 65_535, "y": 1}]])
    assert label_scores([{"x": 65_535, "y": 1}], labels).tolist() == [[4_294_836_225, 4_294_836_226]]
    assert best_labels([{"x": 65_535, "y": 1}], labels, 1) == [[("b", 4_294_836_226.0)]]


def test_ties_go_to_the_earlier_label() -> None:
    vectors: list[list[Impacts]] = [[{"x": 1}], [{"x": 2}], [{"x": 1}], [{"x": 2}]]
    labels = label_vectors(["zebra", "moose", "ant", "bee"], vectors)
    assert [one.label for one in best_labels([{"x": 7}], labels, 3)[0]] == ["moose", "bee", "zebra"]


def test_an_image_without_a_shared_token_has_no_label() -> None:
    assert best_labels([{}, {"horse": 9}, {"cat": 1}], two_prompts(), 2) == [[], [], [("cat", 4.0)]]
    assert best_labels([], two_prompts(), 2) == []
    nothing = label_vectors(["a", "b"], [[{}], [{}]])
    assert nothing.empty == ["a", "b"] and best_labels([{"x": 1}], nothing, 1) == [[]]


@pytest.mark.parametrize(
    ("names", "vectors", "message"),
    [
        ([], [], "at least one label is needed"),
        (["a"], [[{}], [{}]], "got 2 with prompts, 1 names and 1 different ones"),
        (["a", "a"], [[{}], [{}]], "got 2 with prompts, 2 names and 1 different ones"),
        (["a", "b"], [[{}], [{}, {}]], "labels need as many prompts each, at least 1, got 1 to 2"),
        (["a"], [[]], "labels need as many prompts each, at least 1, got 0 to 0"),
    ],
)
def test_labels_that_do_not_fit_their_prompts_are_refused(
    names: list[str], vectors: list[list[Impacts]], message: str
) -> None:
    with pytest.raises(InputError, match=message):
        label_vectors(names, vectors)


def test_fewer_than_one_label_an_image_is_refused() -> None:
    with pytest.raises(InputError, match="the number of labels must be at least 1, but it is 0"):
        best_labels([{}], two_prompts(), 0)


def found(*names: str) -> list[ScoredLabel]:
    return [ScoredLabel(name, 1.0) for name in names]


def test_top_1_and_top_5_are_over_the_images_whose_truth_is_known() -> None:
    """Of 4 known: one first, one fifth, one sixth, one without a label."""
    accuracy = LabelAccuracy()
    accuracy.add(found("a", "b"), "a")
    accuracy.add(found("a", "b", "c", "d", "e", "f"), "e")
    accuracy.add(found("a", "b", "c", "d", "e", "f"), "f")
    accuracy.add([], "a")
    accuracy.add(found("a"), None)
    assert (accuracy.known, accuracy.figures) == (4, {"top-1": 0.25, "top-5": 0.5})


def test_without_truth_there_are_no_figures() -> None:
    accuracy = LabelAccuracy()
    accuracy.add(found("a"), None)
    assert (accuracy.known, accuracy.figures) == (0, {"top-1": None, "top-5": None})
