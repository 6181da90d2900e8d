import json
from pathlib import Path

import pytest

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.captions import READERS, read_captions, read_listed
from lexlip_lucene.errors import InputError


def written(path: Path, content: str | bytes | dict[str, object]) -> Path:
    if isinstance(content, dict):
        content = json.dumps(content)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def refusal(source: Path, split: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_captions(source, split=split)
    text = str(caught.value)
    assert "\n" not in text
    return text


# --- Karpathy's JSON


def karpathy(*images: dict[str, object]) -> dict[str, object]:
    return {"images": list(images), "dataset": "coco"}


MOPED: dict[str, object] = {
    "filepath": "val2014",
    "sentids": [770337, 771687],
    "filename": "COCO_val2014_000000391895.jpg",
    "imgid": 0,
    "split": "restval",
    "sentences": [
        {"tokens": ["a", "man"], "raw": "A man on a moped. ", "imgid": 0, "sentid": 770337},
        {"tokens": ["man"], "raw": "Man riding.", "imgid": 0, "sentid": 771687},
    ],
    "cocoid": 391895,
}


def test_karpathy_coco_is_read(tmp_path: Path) -> None:
    path = written(tmp_path / "dataset_coco.json", karpathy(MOPED))
    file = tmp_path / "val2014" / "COCO_val2014_000000391895.jpg"
    captions = ("A man on a moped. ", "Man riding.")
    assert read_captions(path) == [CaptionedImage("391895", file, "train", captions, f"{path}: images[0]")]


def test_karpathy_flickr_has_the_file_name_as_id(tmp_path: Path) -> None:
    image: dict[str, object] = {"filename": "2513260012_03d33305cf.jpg", "split": "test", "sentences": []}
    (found,) = read_captions(written(tmp_path / "dataset_flickr8k.json", karpathy(image)))
    assert (found.id, found.path) == ("2513260012_03d33305cf", tmp_path / "2513260012_03d33305cf.jpg")


def test_karpathy_images_are_found_in_the_images_folder(tmp_path: Path) -> None:
    file = tmp_path / "images" / "val2014" / "COCO_val2014_000000391895.jpg"
    file.parent.mkdir(parents=True)
    file.touch()
    assert read_captions(written(tmp_path / "a.json", karpathy(MOPED)))[0].path == file


def test_karpathy_restval_counts_as_train(tmp_path: Path) -> None:
    assert len(read_captions(written(tmp_path / "a.json", karpathy(MOPED)), split="train")) == 1


def test_karpathy_broken_json_is_named_with_file_and_line(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", '{"images":\n[{]}')
    assert refusal(path).startswith(f"{path}:2: Karpathy's captions must be JSON")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sentences": [{"tokens": []}]}, 'the key "raw" is missing'),
        ({"sentences": ["A man ."]}, '"sentences"[0] must be an object'),
        ({"split": 1}, '"split" must be a text'),
        ({"filepath": 1}, '"filepath" must be a text'),
        ({"cocoid": None}, '"cocoid" must be a number or a text'),
    ],
)
def test_karpathy_image_that_is_broken_is_named(tmp_path: Path, change: dict[str, object], said: str) -> None:
    path = written(tmp_path / "a.json", karpathy(MOPED, MOPED | change))
    assert refusal(path).startswith(f"{path}: images[1]: {said}")


def test_karpathy_duplicate_id_names_both_images(tmp_path: Path) -> None:
    path = written(tmp_path / "a.json", karpathy(MOPED, MOPED))
    assert refusal(path) == f"{path}: images[1]: the id '391895' must be unique, but it is also at {path}: images[0]"


@pytest.mark.parametrize("content", ["[]", "{}", '{"images": {}}'])
def test_json_of_another_shape_is_refused(tmp_path: Path, content: str) -> None:
    assert '"images"' in refusal(written(tmp_path / "a.json", content))


# --- LexLIP's TSV


def test_lexlip_rows_of_one_image_are_its_captions(tmp_path: Path) -> None:
    rows = "title\tfilepath\timage_id\nA dog .\tdog.jpg\t0\nA cat .\tcat.jpg\t1\n\nA black dog .\tdog.jpg\t0\n"
    path = written(tmp_path / "f30k_val.tsv", rows)
    assert read_captions(path) == [
        CaptionedImage("0", tmp_path / "dog.jpg", "", ("A dog .", "A black dog ."), f"{path}:2"),
        CaptionedImage("1", tmp_path / "cat.jpg", "", ("A cat .",), f"{path}:3"),
    ]


def test_lexlip_columns_may_be_in_another_order_and_quoted(tmp_path: Path) -> None:
    path = written(tmp_path / "a.tsv", 'image_id\tx\ttitle\tfilepath\n7\t-\t"A ""big"" dog\tand more"\tdog.jpg\n')
    assert read_captions(path)[0].captions == ('A "big" dog\tand more',)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", ":1: the header must have the columns title, filepath, image_id, but it is []"),
        ("title\timage_id\n", ":1: the header must have the columns title, filepath, image_id"),
        ("title\tfilepath\timage_id\nA dog .\tdog.jpg\n", ":2: the header has 3 columns, but this row has 2"),
        ("title\tfilepath\timage_id\na\tb.jpg\t0\na\tc.jpg\t0\n", ":3: image '0' must have one filepath"),
        (f"title\tfilepath\timage_id\n{'a' * 200_000}\tb.jpg\t0\n", ":2: LexLIP's captions must be tab-separated"),
    ],
)
def test_lexlip_file_that_is_broken_is_named_with_file_and_line(tmp_path: Path, content: str, said: str) -> None:
    path = written(tmp_path / "a.tsv", content)
    assert refusal(path).startswith(f"{path}{said}")


# --- image folder


def test_folder_gives_its_images_by_relative_path(tmp_path: Path) -> None:
    for name in ["b.JPG", "a/z.png", "a/y.webp", "a.gif", "c.jfif", "notes.txt", ".hidden.jpg", ".git/x.jpg"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    (tmp_path / "folder.jpg").mkdir()
    images = read_captions(tmp_path)
    assert [image.id for image in images] == ["a.gif", "a/y.webp", "a/z.png", "b.JPG", "c.jfif", "notes.txt"]
    assert images[1] == CaptionedImage("a/y.webp", tmp_path / "a/y.webp", "", (), f"{tmp_path}/a/y.webp")


def test_folder_below_a_hidden_one_is_read(tmp_path: Path) -> None:
    folder = tmp_path / ".cache" / "images"
    folder.mkdir(parents=True)
    (folder / "a.jpg").touch()
    assert [image.id for image in read_captions(folder)] == ["a.jpg"]


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / ".hidden.jpg").touch()
    assert refusal(tmp_path).endswith(f"no file below {tmp_path} that is not hidden")


def test_hidden_files_and_folders_of_a_folder_are_counted(tmp_path: Path) -> None:
    for name in ["a.jpg", ".b.jpg", "sub/.c", ".git/d", ".git/e"]:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = read_listed(tmp_path)
    assert ([image.id for image in found.images], found.hidden) == (["a.jpg"], 3)


def test_a_folder_is_entered_once_however_many_links_lead_to_it(tmp_path: Path) -> None:
    photos, elsewhere = tmp_path / "photos", tmp_path / "elsewhere"
    for folder in (photos / "z", elsewhere):
        folder.mkdir(parents=True)
    (photos / "z" / "1.jpg").touch()
    (elsewhere / "2.jpg").touch()
    for link, to in {"a": "z", "loop": ".", "z/up": "..", "out": "../elsewhere", "out2": "../elsewhere"}.items():
        (photos / link).symlink_to(to)
    (elsewhere / "back").symlink_to(photos)
    ids = {image.id: image.refused for image in read_captions(photos)}
    assert list(ids) == ["out", "out2", "z/1.jpg"]
    assert not ids["z/1.jpg"] and "not below" in ids["out"]
    assert [image.id for image in read_captions(photos, outside=True)] == ["out/2.jpg", "z/1.jpg"]


def named(source: Path, names: list[str], outside: bool) -> list[str]:
    """Return, for each file that a captions file of this layout names, the reason why it is refused."""
    rows = "".join(f"x\t{name}\t{number}\n" for number, name in enumerate(names))
    (source / "a.tsv").write_text(f"title\tfilepath\timage_id\n{rows}")
    lines = [{"id": name, "file": name, "split": "", "captions": []} for name in names]
    (source / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    images = [{"filename": name, "split": "x", "sentences": [], "cocoid": name} for name in names]
    (source / "a.json").write_text(json.dumps({"images": images}))
    found = [[image.refused for image in read_captions(source / f"a{kind}", outside=outside)] for kind in READERS]
    assert found[0] == found[1] == found[2]
    return found[0]


def test_files_that_a_captions_file_names_elsewhere_are_refused_unless_asked_for(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.jpg").touch()
    for name in ("sub/1.jpg", "2.jpg"):
        (folder / name).touch()
    (folder / "link.jpg").symlink_to("2.jpg")
    (folder / "leak.jpg").symlink_to("../secret.jpg")
    (folder / "all").symlink_to("..")
    (folder / "self.jpg").symlink_to("self.jpg")
    sound = [
        "sub/1.jpg",
        "2.jpg",
        "link.jpg",
        "missing.jpg",
        "./2.jpg",
        "self.jpg",
        "sub/../2.jpg",
        str(folder / "2.jpg"),
    ]
    leaving = [
        "../secret.jpg",
        str(tmp_path / "secret.jpg"),
        "leak.jpg",
        "all/secret.jpg",
        "/etc/passwd",
        "all/set/../x",
    ]
    assert named(folder, sound, outside=False) == [""] * len(sound)
    assert all("--outside reads it" in reason for reason in named(folder, leaving, outside=False))
    assert named(folder, leaving, outside=True) == [""] * len(leaving)


def test_a_file_whose_name_is_not_utf8_is_an_image_that_is_refused(tmp_path: Path) -> None:
    (tmp_path / "caf\udce9.jpg").touch()
    (tmp_path / "good.jpg").touch()
    bad, good = read_captions(tmp_path)
    assert (bad.id, good.id) == ("caf\\xe9.jpg", "good.jpg")
    assert "not UTF-8" in bad.refused and not good.refused


def test_split_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").touch()
    assert refusal(tmp_path, "val").endswith("the splits there are: ''")
