"""Files of pairs, and what a filter of pairs leaves of a captions file."""

import io
from pathlib import Path

import numpy as np
import pytest

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.pairs.pair_filter import keep_most_probable, weights_of_pairs
from lexlip_lucene.data.pairs.pair_scores import PairScore, read_pair_scores, write_pair_scores
from lexlip_lucene.errors import InputError

FILE = Path("pairs.jsonl")
IMAGES = [
    CaptionedImage("a", Path("a.jpg"), "train", ("a0", "a1"), "captions.jsonl:1"),
    CaptionedImage("b", Path("b.jpg"), "train", ("b0",), "captions.jsonl:2"),
    CaptionedImage("c", Path("c.jpg"), "train", ("c0", "c1"), "captions.jsonl:3"),
]
PAIRS = {
    ("a", 0): PairScore(2.0, 0.9),
    ("a", 1): PairScore(0.0, 0.2),
    ("b", 0): PairScore(-1.0, 0.1),
    ("c", 0): PairScore(1.0, 0.5),
    ("c", 1): PairScore(1.5, 0.5),
}


def test_the_most_probable_pairs_stay_in_their_order() -> None:
    found = keep_most_probable(IMAGES, PAIRS, 0.6, FILE)
    assert [image.captions for image in found.images] == [("a0",), (), ("c0", "c1")]
    assert found.stays.tolist() == [True, False, False, True, True]
    assert found.emptied == 1


def test_of_equally_probable_pairs_the_higher_score_stays() -> None:
    found = keep_most_probable(IMAGES, PAIRS, 0.4, FILE)
    assert [image.captions for image in found.images] == [("a0",), (), ("c1",)]


def test_all_stay_where_all_are_kept() -> None:
    found = keep_most_probable(IMAGES, PAIRS, 1.0, FILE)
    assert found.images == IMAGES and found.stays.all() and found.emptied == 0


def test_weights_are_the_probabilities_in_the_order_of_the_captions() -> None:
    np.testing.assert_allclose(weights_of_pairs(IMAGES, PAIRS, FILE), [0.9, 0.2, 0.1, 0.5, 0.5])


def test_a_pair_without_a_score_is_named() -> None:
    some = {pair: score for pair, score in PAIRS.items() if pair != ("c", 1)}
    message = r"pairs.jsonl: .* none for caption 1 of image 'c' \(captions.jsonl:3\): run lexlip match again"
    with pytest.raises(InputError, match=message):
        keep_most_probable(IMAGES, some, 0.9, FILE)
    with pytest.raises(InputError, match=message):
        weights_of_pairs(IMAGES, some, FILE)


def test_a_filter_that_keeps_nothing_is_refused() -> None:
    with pytest.raises(InputError, match=r"at least one pair has to stay, but 0\.01 of 5 pairs is none"):
        keep_most_probable(IMAGES, PAIRS, 0.01, FILE)


def test_weights_of_only_zero_are_refused() -> None:
    with pytest.raises(InputError, match="all are 0"):
        weights_of_pairs(IMAGES, {pair: PairScore(0, 0) for pair in PAIRS}, FILE)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    file = io.BytesIO()
    assert write_pair_scores(file, ((*pair, score) for pair, score in PAIRS.items())) == len(PAIRS)
    (tmp_path / "pairs.jsonl").write_bytes(file.getvalue())
    assert read_pair_scores(tmp_path / "pairs.jsonl") == PAIRS


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"id": "a", "caption": 0, "score": 1}', '"p" must be a number, got None'),
        ('{"id": "a", "caption": 0, "score": 1, "p": 1.5}', r'"p" must be a probability in 0\.\.1, got 1\.5'),
        ('{"id": "a", "caption": -1, "score": 1, "p": 1}', '"caption" must be the number of a caption, 0 or more'),
        ('{"id": "a", "caption": true, "score": 1, "p": 1}', "got True"),
        ('{"caption": 0, "score": 1, "p": 1}', 'the key "id" is missing'),
        ('{"id": "z", "caption": 0, "score": 1, "p": 1}', "caption 0 of image 'z' has a line already"),
        ("[]", "must be one JSON object"),
    ],
)
def test_a_broken_line_is_refused_by_its_number(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "pairs.jsonl"
    path.write_text('{"id": "z", "caption": 0, "score": 1, "p": 1}\n' + line)
    with pytest.raises(InputError, match=r"pairs\.jsonl:2: .*" + message):
        read_pair_scores(path)
