"""A dense teacher: tiny CLIP and SigLIP towers with random weights, and a model of ours."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from support import tiny
from support.clip_folder import LENGTH, clip_folder
from support.recorder import Recorder
from torch.nn import functional
from transformers import (
    AutoImageProcessor,
    AutoModel,
    BertConfig,
    BertModel,
    CLIPModel,
    PreTrainedTokenizerFast,
)

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.errors import InputError, ModelError
from lexlip_lucene.training.examples.teacher import Teacher, load_teacher

CAPTIONS = ["A red circle", "two dogs run over a blue square", "Cat", "a star", "dog", "red"]


@pytest.fixture
def images(tmp_path: Path) -> list[CaptionedImage]:
    chance, made = np.random.default_rng(1), []
    for number in range(5):
        path = tmp_path / f"{number}.png"
        Image.fromarray(chance.integers(0, 256, (40, 32, 3), dtype=np.uint8)).save(path)
        made.append(CaptionedImage(f"i{number}", path, "train", (), f"file:{number}"))
    return made


@torch.inference_mode()
def reference(folder: Path, kind: str, images: list[CaptionedImage]) -> tuple[Any, Any]:
    """Embeddings one at a time, by what the towers themselves are documented to take."""
    network, processor = AutoModel.from_pretrained(folder), AutoImageProcessor.from_pretrained(folder)
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    pictures, texts = [], []
    for image in images:
        found = network.vision_model(**processor(images=Image.open(image.path), return_tensors="pt")).pooler_output
        pictures.append(network.visual_projection(found) if kind == "clip" else found)
    for caption in CAPTIONS:
        if kind == "clip":
            given = tokenizer([caption], return_tensors="pt")
            given.pop("token_type_ids", None)
            texts.append(network.text_projection(network.text_model(**given).pooler_output))
        else:
            ids = tokenizer(caption.lower())["input_ids"]
            padded = torch.tensor([ids + [0] * (LENGTH - len(ids))])
            texts.append(network.text_model(input_ids=padded).pooler_output)
    return tuple(functional.normalize(torch.cat(parts), dim=1).numpy() for parts in (pictures, texts))


@pytest.mark.parametrize("kind", ["clip", "siglip"])
def test_the_embeddings_are_the_towers_own(tmp_path: Path, images: list[CaptionedImage], kind: str) -> None:
    folder = clip_folder(tmp_path / kind, kind)
    teacher = load_teacher(str(folder), images, CAPTIONS)
    pictures, texts = reference(folder, kind, images)
    half = {"atol": 1e-3}  # float16 has 11 bits
    np.testing.assert_allclose(teacher.images.float().numpy(), pictures, **half)
    np.testing.assert_allclose(teacher.captions.float().numpy(), texts, **half)
    some = teacher.similarity(np.array([4, 0]), np.array([1, 2, 5]))
    np.testing.assert_allclose(some.numpy(), texts[[1, 2, 5]] @ pictures[[4, 0]].T, atol=3e-3)


def test_siglip_sees_texts_in_lower_case_and_clip_as_they_are(tmp_path: Path, images: list[CaptionedImage]) -> None:
    for kind, alike in (("siglip", True), ("clip", False)):
        folder = clip_folder(tmp_path / kind, kind)
        teacher = load_teacher(str(folder), images, ["a RED dog", "a red dog"])
        assert torch.equal(teacher.captions[0], teacher.captions[1]) is alike


def test_a_caption_longer_than_the_tower_s_positions_is_cut(tmp_path: Path, images: list[CaptionedImage]) -> None:
    for kind in ("clip", "siglip"):
        teacher = load_teacher(str(clip_folder(tmp_path / kind, kind)), images, ["dog " * 50])
        assert teacher.captions.isfinite().all()


@torch.inference_mode()
def test_a_model_of_ours_teaches_by_its_dense_twin(tmp_path: Path, images: list[CaptionedImage]) -> None:
    model = tiny.lexlip(dense_width=8)
    model.save_pretrained(tmp_path / "model")
    teacher = load_teacher(str(tmp_path / "model"), images, CAPTIONS)
    assert teacher.images.shape == (5, 8)
    torch.testing.assert_close(teacher.captions.float(), model.text_embeddings(CAPTIONS), atol=1e-3, rtol=0)  # float16


def test_similarities_are_cosines_of_captions_and_images() -> None:
    images, captions = torch.eye(3).half(), torch.tensor([[0.6, 0.8, 0], [0, 0, 1]]).half()
    found = Teacher(images, captions).similarity(np.array([1, 0]), np.array([0, 1, 0]))
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, torch.tensor([[0.8, 0.6], [0, 0], [0.8, 0.6]]), atol=1e-3, rtol=0)


def test_embeddings_are_kept_for_the_same_teacher_and_data_alone(tmp_path: Path, images: list[CaptionedImage]) -> None:
    folder, cache, told = clip_folder(tmp_path / "clip", "clip"), tmp_path / "cache", Recorder()
    first = load_teacher(str(folder), images, CAPTIONS, cache=cache, progress=told)
    again = load_teacher(str(folder), images, CAPTIONS, cache=cache, progress=told)
    assert torch.equal(first.images, again.images) and torch.equal(first.captions, again.captions)
    assert [note.split(" read from")[0] for note in told.notes] == ["the teacher's embeddings"]
    load_teacher(str(folder), images[:4], CAPTIONS, cache=cache, progress=told)
    load_teacher(str(folder), images, CAPTIONS[:5], cache=cache, progress=told)
    CLIPModel.from_pretrained(folder).half().save_pretrained(folder)
    load_teacher(str(folder), images, CAPTIONS, cache=cache, progress=told)
    Image.new("RGB", (9, 9)).save(images[2].path)
    load_teacher(str(folder), images, CAPTIONS, cache=cache, progress=told)
    assert len(list(cache.iterdir())) == 5 and len(told.notes) == 1


def test_what_is_no_teacher_is_refused(tmp_path: Path, images: list[CaptionedImage]) -> None:
    bert = BertConfig(vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16)
    BertModel(bert).save_pretrained(tmp_path / "bert")
    (tmp_path / "empty").mkdir()
    tiny.lexlip().save_pretrained(tmp_path / "ours")
    for name, message in {
        "bert": "a CLIP or SigLIP by hub name or folder, or a model folder of ours .* but this is of the type bert",
        "empty": "a CLIP or SigLIP by hub name or folder, or a model folder of ours",
        "gone": "a CLIP or SigLIP by hub name or folder, or a model folder of ours",
        "ours": "model tiny has no dense twin",
    }.items():
        with pytest.raises(ModelError, match=message) as raised:
            load_teacher(str(tmp_path / name), images, CAPTIONS)
        assert "\n" not in str(raised.value)


@pytest.mark.parametrize("kind", ["clip", "ours"])
def test_an_image_that_can_not_be_read_is_named(tmp_path: Path, images: list[CaptionedImage], kind: str) -> None:
    images[3].path.write_bytes(b"no picture")
    if kind == "clip":
        clip_folder(tmp_path / kind, kind)
    else:
        tiny.lexlip(dense_width=8).save_pretrained(tmp_path / kind)
    with pytest.raises(InputError, match=r"file:3: the teacher can't read image i3, .*3\.png: not a JPEG"):
        load_teacher(str(tmp_path / kind), images, CAPTIONS)
