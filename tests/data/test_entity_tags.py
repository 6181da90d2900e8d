"""Reading the tags of texts."""

from pathlib import Path

import orjson
import pytest

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.entities.entity_tags import NamedEntity, entities_of_images, entities_of_texts, read_entity_tags
from lexlip_lucene.errors import InputError

PARIS = {"start": 0, "end": 5, "text": "Paris", "type": "LOC", "p": 0.5}


def written(path: Path, *records: object) -> Path:
    path.write_bytes(b"".join(orjson.dumps(record) + b"\n" for record in records))
    return path


def test_the_entities_of_an_image_are_those_of_its_captions_and_its_own(tmp_path: Path) -> None:
    tags = written(
        tmp_path / "tags.jsonl",
        {"id": "a.jpg#0", "text": "", "entities": [PARIS]},
        {"id": "a.jpg#1", "text": "", "entities": []},
        {"id": "b.jpg", "text": "", "entities": [{**PARIS, "text": "Rome"}]},
    )
    images = [CaptionedImage("a.jpg", Path("a.jpg"), "", ("x", "y")), CaptionedImage("b.jpg", Path("b.jpg"), "", ())]
    found = entities_of_images(images, read_entity_tags(tags), tags)
    assert found == {"a.jpg": [NamedEntity("Paris", "LOC", 0.5)], "b.jpg": [NamedEntity("Rome", "LOC", 0.5)]}


def test_an_image_or_text_without_a_line_is_named(tmp_path: Path) -> None:
    image = CaptionedImage("a.jpg", Path("a.jpg"), "", ("x",), where="captions.jsonl:1")
    with pytest.raises(InputError, match=r"no line of image a.jpg \(captions.jsonl:1\)"):
        entities_of_images([image], {"b.jpg#0": []}, tmp_path)
    with pytest.raises(InputError, match="no line of the text q1"):
        entities_of_texts(["q1"], {}, tmp_path)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{", "not JSON"),
        (b"[]", "has an id and entities"),
        (b'{"id": 1, "entities": []}', "has an id and entities"),
        (b'{"id": "a", "entities": {}}', "has an id and entities"),
        (b'{"id": "a", "entities": [1]}', "text, type and p"),
        (b'{"id": "a", "entities": [{"text": "x", "type": "PER", "p": 2}]}', "text, type and p"),
        (b'{"id": "a", "entities": [{"text": "x", "type": "PER", "p": true}]}', "text, type and p"),
        (b'{"id": "a", "entities": [{"text": "x", "p": 1}]}', "text, type and p"),
    ],
)
def test_a_line_that_is_none_of_lexlip_tag_is_named(tmp_path: Path, line: bytes, said: str) -> None:
    path = tmp_path / "tags.jsonl"
    path.write_bytes(b'{"id": "ok", "entities": []}\n' + line + b"\n")
    with pytest.raises(InputError, match=rf"tags.jsonl:2: .*{said}"):
        read_entity_tags(path)
