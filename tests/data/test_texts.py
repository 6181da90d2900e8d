import json
from pathlib import Path

import pytest

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.texts import read_texts
from lexlip_lucene.data.topics import make_topics, write_topic_set
from lexlip_lucene.errors import InputError
from lexlip_lucene.records import Topic


def image(id: str, *captions: str) -> CaptionedImage:
    return CaptionedImage(id, Path("/images") / id, "test", captions)


DOG = image("dog", "A dog .", "A black\t dog\n.", "Dog !")
CAT = image("cat", "A cat .", "The cat .")
IMAGES = [DOG, CAT]


def test_texts_are_topics_or_captions_or_documents(tmp_path: Path) -> None:
    captions = tmp_path / "captions.jsonl"
    lines = [
        {"id": i.id, "file": "x.jpg", "split": s, "captions": i.captions} for i, s in [(DOG, "train"), (CAT, "val")]
    ]
    captions.write_text("\n".join(json.dumps(line) for line in lines))
    write_topic_set(tmp_path / "set", make_topics(IMAGES, direction="i2t"))
    dogs = [Topic("dog#0", "A dog ."), Topic("dog#1", "A black\t dog\n."), Topic("dog#2", "Dog !")]
    cats = [Topic("cat#0", "A cat ."), Topic("cat#1", "The cat .")]
    assert read_texts(captions) == dogs + cats
    assert read_texts(captions, split="val") == cats
    assert read_texts(tmp_path / "set/captions") == dogs + cats
    assert read_texts(tmp_path / "set/topics.tsv") == [Topic("dog#img", "dog#img"), Topic("cat#img", "cat#img")]


def test_split_of_topics_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a split can be chosen only of a captions file"):
        read_texts(tmp_path / "topics.tsv", split="val")


def test_texts_of_another_kind_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    with pytest.raises(InputError, match="are needed, but got"):
        read_texts(tmp_path / "a.txt")


def test_missing_texts_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file"):
        read_texts(tmp_path / "none.txt")


def test_captions_file_without_captions_has_no_texts(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text('{"id": "dog", "file": "x.jpg", "split": "", "captions": []}\n')
    with pytest.raises(InputError, match=r"no image in .* has a caption"):
        read_texts(tmp_path / "a.jsonl")
