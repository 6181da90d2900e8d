"""The encode stage: images and texts in, a collection or encoded queries and the manifest out."""

import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from support import tiny
from support.recorder import Recorder

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encode import shard_plan
from lexlip_lucene.encode.encode import EncodeReport, encode_images, encode_texts
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError, ModelError, OutputError
from lexlip_lucene.files.written import sha256_of
from lexlip_lucene.records import Topic
from lexlip_lucene.vectors.collection import read_collection, read_queries, shards_of
from lexlip_lucene.vectors.manifest import Manifest, manifest_path, read_manifest


def picture(seed: int) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (24, 30, 3), dtype=np.uint8))


def declared_huge(png: bytes) -> bytes:
    """The same few bytes with a header that declares 60,000 × 60,000 pixels."""
    header = b"IHDR" + struct.pack(">II", 60_000, 60_000) + png[24:29]
    return png[:12] + header + struct.pack(">I", zlib.crc32(header)) + png[33:]


@pytest.fixture
def mixed(tmp_path: Path) -> list[CaptionedImage]:
    """Nine images a to i; b is truncated, d missing, e huge, g empty and i a text."""
    folder = tmp_path / "photos"
    folder.mkdir()
    for number, name in enumerate("abcdefghi"):
        picture(number).save(folder / f"{name}.png")
    (folder / "b.png").write_bytes((folder / "b.png").read_bytes()[:200])
    (folder / "e.png").write_bytes(declared_huge((folder / "e.png").read_bytes()))
    (folder / "g.png").write_bytes(b"")
    (folder / "i.png").write_text("no picture")
    images = read_captions(folder)
    (folder / "d.png").unlink()
    return images


def manifest_of(output: Path) -> Manifest:
    manifest = read_manifest(output)
    assert manifest is not None
    return manifest


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> LexLip:
    """One that was loaded, as the stage's are, so that it has a sha256."""
    return tiny.saved(tmp_path_factory.mktemp("model") / "tiny")


@pytest.mark.parametrize("batch_size", [1, 2, 4, 100])
def test_an_unreadable_image_is_listed_and_no_other_takes_its_id(
    tmp_path: Path, mixed: list[CaptionedImage], model: LexLip, batch_size: int
) -> None:
    report = encode_images(model, mixed, tmp_path / "c", batch_size=batch_size, precision="float32")
    documents = list(read_collection(tmp_path / "c"))
    assert [document.id for document in documents] == ["a.png", "c.png", "f.png", "h.png"]
    for document in documents:
        alone = model.encode_images([picture("abcdefghi".index(document.id[0]))])[0]
        assert alone.keys() == document.vector.keys()
        assert all(abs(alone[token] - impact) <= 1 for token, impact in document.vector.items())  # batch's rounding
        assert document.contents == document.id
    manifest = manifest_of(tmp_path / "c")
    assert [Path(one.file).name for one in manifest.rejected] == [one.id for one in manifest.rejected]
    reasons = {one.id: one.reason for one in manifest.rejected}
    assert list(reasons) == ["b.png", "d.png", "e.png", "g.png", "i.png"]
    assert "truncated" in reasons["b.png"] or "broken" in reasons["b.png"]
    assert reasons["d.png"] == "No such file or directory"
    assert reasons["e.png"].startswith("too large: ")
    assert reasons["g.png"] == "the file is empty"
    assert reasons["i.png"].startswith("not a JPEG, PNG, WebP, GIF, TIFF, BMP, AVIF or HEIC image")
    assert (manifest.inputs, manifest.documents, report.documents, report.rejected) == (9, 4, 4, 5)


def test_the_manifest_says_what_made_the_collection(tmp_path: Path, mixed: list[CaptionedImage], model: LexLip) -> None:
    report = encode_images(model, mixed, tmp_path / "c", bits=4, top_k=3)
    manifest = manifest_of(tmp_path / "c")
    assert (manifest.side, manifest.bits, manifest.top_k, manifest.rounding) == ("image", 4, 3, "half to even")
    assert manifest.scale == 15 / 0.5, "the ceiling of the image side is 0.5"
    assert (manifest.model_sha256, manifest.vocabulary_sha256) == (model.sha256, model.lexicon.sha256)
    shards = shards_of(tmp_path / "c")
    assert [(shard.name, shard.sha256) for shard in manifest.shards] == [
        (path.name, sha256_of(path)) for path in shards
    ]
    vectors = [document.vector for document in read_collection(tmp_path / "c")]
    assert all(len(vector) == 3 and max(vector.values()) <= 15 for vector in vectors)
    assert report == EncodeReport(4, 5, 0, 12, report.seconds)
    assert (manifest.empty, manifest.postings) == (0, 12)
    assert report.seconds > 0


def test_documents_are_counted_over_several_shards(
    tmp_path: Path, mixed: list[CaptionedImage], model: LexLip, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_plan, "SHARD_INPUTS", 3)
    encode_images(model, mixed, tmp_path / "c")
    assert [shard.documents for shard in manifest_of(tmp_path / "c").shards] == [2, 1, 1]


def test_images_as_queries_carry_the_id_of_their_topic(
    tmp_path: Path, mixed: list[CaptionedImage], model: LexLip
) -> None:
    output = tmp_path / "queries.jsonl"
    encode_images(model, mixed, output)
    queries = read_queries(output)
    assert [query.id for query in queries] == ["a.png#img", "c.png#img", "f.png#img", "h.png#img"]
    assert all(query.contents == query.id for query in queries)
    manifest = manifest_of(output)
    assert (manifest.inputs, manifest.documents, len(manifest.rejected)) == (9, 4, 5)
    assert [(shard.name, shard.documents, shard.sha256) for shard in manifest.shards] == [
        ("queries.jsonl", 4, sha256_of(output))
    ]
    encode_images(model, mixed, tmp_path / "c")
    assert [query.vector for query in queries] == [d.vector for d in read_collection(tmp_path / "c")]


@pytest.mark.parametrize("name", ["c", "queries.jsonl"])
def test_texts_keep_their_ids_and_a_text_without_a_known_token_is_empty(
    tmp_path: Path, model: LexLip, name: str
) -> None:
    topics = [Topic("i 1#0", "a red dog"), Topic("i 1#1", "zebra"), Topic("i2#0", "two cats")]
    report = encode_texts(model, topics, tmp_path / name, batch_size=2)
    found = read_queries(tmp_path / name) if name.endswith("l") else list(read_collection(tmp_path / name))
    assert [(document.id, document.contents) for document in found] == topics
    assert [document.vector for document in found] == model.encode_texts([topic.text for topic in topics])
    assert found[1].vector == {}
    assert report == EncodeReport(3, 0, 1, 6, report.seconds)
    manifest = manifest_of(tmp_path / name)
    assert (manifest.side, manifest.scale, manifest.empty) == ("text", 255.0, 1)


def test_nothing_readable_is_an_error_and_leaves_no_output(
    tmp_path: Path, mixed: list[CaptionedImage], model: LexLip
) -> None:
    unreadable = [image for image in mixed if image.id in ("d.png", "g.png")]
    for name in ("c", "queries.jsonl"):
        with pytest.raises(
            InputError, match=r"not one input could be read; the first of 2 rejected: .*d\.png: No such"
        ):
            encode_images(model, unreadable, tmp_path / name)
        assert not (tmp_path / name).exists()
        assert not manifest_path(tmp_path / name).exists()
    with pytest.raises(InputError, match="nothing to encode"):
        encode_texts(model, [], tmp_path / "c")
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize("name", ["c", "queries.jsonl"])
def test_nothing_is_overwritten_without_force(tmp_path: Path, model: LexLip, name: str) -> None:
    old, new = [Topic("old", "red")], [Topic("new", "blue"), Topic("newer", "green")]
    encode_texts(model, old, tmp_path / name)
    with pytest.raises(OutputError, match="exists already"):
        encode_texts(model, new, tmp_path / name)
    assert manifest_of(tmp_path / name).documents == 1
    encode_texts(model, new, tmp_path / name, force=True)
    assert manifest_of(tmp_path / name).documents == 2


def test_an_id_that_occurs_twice_is_refused_and_leaves_no_collection(tmp_path: Path, model: LexLip) -> None:
    with pytest.raises(OutputError, match="document id a occurs twice"):
        encode_texts(model, [Topic("a", "red"), Topic("a", "blue")], tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_options_out_of_range_are_refused_before_any_work(
    tmp_path: Path, mixed: list[CaptionedImage], model: LexLip
) -> None:
    cases: list[tuple[dict[str, Any], str]] = [
        ({"batch_size": 0}, "batch size must be at least 1, got 0"),
        ({"bits": 0}, r"bits must be in 1\.\.16, got 0"),
        ({"top_k": 0}, "top-k must be at least 1, got 0"),
    ]
    for options, message in cases:
        with pytest.raises(InputError, match=message):
            encode_images(model, mixed, tmp_path / "c", **options)
        with pytest.raises(InputError, match=message):
            encode_texts(model, [Topic("a", "red")], tmp_path / "c", **options)
    uncalibrated = tiny.lexlip()
    uncalibrated.config = uncalibrated.config.model_copy(update={"ceilings": None})
    with pytest.raises(ModelError, match="no calibrated scale"):
        encode_images(uncalibrated, mixed, tmp_path / "c")
    assert not (tmp_path / "c").exists()


def test_progress_counts_every_input_readable_or_not(
    tmp_path: Path, mixed: list[CaptionedImage], model: LexLip
) -> None:
    progress = Recorder()
    encode_images(model, mixed, tmp_path / "c", batch_size=4, progress=progress)
    assert progress.tracked == [("encoding images", 9, 9)]
