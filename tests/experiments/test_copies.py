"""`python -m lexlip_lucene.experiments.copies`: altered copies of photos, and the figures of pairs that are known."""

from pathlib import Path

import orjson
import pytest
from PIL import Image

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.data.picture_file import picture_file
from lexlip_lucene.experiments import copies
from lexlip_lucene.experiments.copies import KINDS, draw_copies, figures


def test_each_photo_has_its_copies_and_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for number in range(3):
        Image.linear_gradient("L").resize((100, 60)).rotate(90 * number).convert("RGB").save(photos / f"{number}.jpg")
    images = read_captions(photos)
    for name in ("one", "two"):
        draw_copies(images, tmp_path / name, seed=4)
    one = {path.relative_to(tmp_path / "one"): path.read_bytes() for path in (tmp_path / "one").glob("*/*.jpg")}
    two = {path.relative_to(tmp_path / "two"): path.read_bytes() for path in (tmp_path / "two").glob("*/*.jpg")}
    assert one == two
    first, second = images[0].id, images[1].id
    assert {path.name for path in (tmp_path / "one" / first).iterdir()} == {f"{k}.jpg" for k in (*KINDS, "original")}
    assert [path.name for path in (tmp_path / "one" / second).iterdir()] == ["original.jpg"]
    assert one[Path(first) / "original.jpg"] == images[0].path.read_bytes()
    files = {kind: picture_file(tmp_path / "one" / first / f"{kind}.jpg") for kind in KINDS}
    sizes = {kind: (file.width, file.height) for kind, file in files.items()}
    assert sizes == {
        "shrunk": (50, 30),
        "cropped": (90, 54),
        "brighter": (100, 60),
        "mirrored": (100, 60),
        "cropped-more": (60, 36),
    }


def test_recall_and_precision_are_those_counted_by_hand() -> None:
    """Four photos, of which 1 and 3 have copies: one is found, one below .5, and a pair of two photos is wrong."""
    pairs = [
        ("1/original.jpg", "1/shrunk.jpg", 0.8),
        ("3/original.jpg", "3/shrunk.jpg", 0.4),
        ("1/shrunk.jpg", "2/original.jpg", 0.6),
        ("2/original.jpg", "4/original.jpg", 0.45),  # two photos: wrong for each kind of copy
        ("1/cropped.jpg", "1/shrunk.jpg", 0.9),  # two kinds of copies: neither right nor wrong
    ]
    found = {(each.kind, each.above): each for each in figures(pairs, photos=4, levels=[0.3, 0.5, 0.7])}
    shrunk = [found["shrunk", level] for level in (0.3, 0.5, 0.7)]
    assert [each.recall for each in shrunk] == [1.0, 0.5, 0.5]
    assert [each.precision for each in shrunk] == [0.5, 0.5, 1.0]
    assert [each.wrong for each in shrunk] == pytest.approx([1000 * 2 / 6, 1000 * 1 / 6, 0])
    assert [found["cropped", level].precision for level in (0.3, 0.5)] == [0.0, 1.0]


def test_the_command_prints_a_row_for_each_kind_and_level(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = {"first": "1/cropped.jpg", "second": "1/original.jpg", "similarity": 0.7}
    (tmp_path / "groups.json").write_bytes(orjson.dumps({"groups": [{"pairs": [pair]}]}))
    arguments = ["copies", "figures", str(tmp_path / "groups.json"), "--count", "1", "--at", "0.6"]
    monkeypatch.setattr("sys.argv", arguments)
    copies.main()
    out = capsys.readouterr().out
    assert "| cropped | 0.60 | 1.0000 | 1.0000 | 0.00 |" in out and "| shrunk | 0.60 | 0.0000 |" in out
