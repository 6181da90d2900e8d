"""CLIP's vectors in a ladder: what an index of them is known by."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import load_file, save_file
from support.clip_folder import clip_folder

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.data.topics import make_topics
from lexlip_lucene.experiments.ladder.documents.clip_vectors import with_clip
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore
from lexlip_lucene.experiments.ladder.documents.prepare import Prepared
from lexlip_lucene.experiments.ladder.documents.queries import Asked, EncodingTimes, Queries
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.ladder_recipe import ClipSpec, TimingSpec


@pytest.fixture
def made(tmp_path: Path) -> Prepared:
    """Two photos and their topics, as a ladder has them before CLIP comes to it."""
    photos = []
    for number in range(2):
        path = tmp_path / f"{number}.png"
        Image.new("RGB", (40, 40), (90 * number, 20, 200)).save(path)
        photos.append(CaptionedImage(f"{number}", path, "test", ("a red dog", "two cats run"), f"x:{number}"))
    topics = make_topics(photos, held_out=1)
    texts = [topic.text for topic in topics.topics]
    queries = Queries([topic.qid for topic in topics.topics], texts, [{}] * len(texts), None)
    empty, numbers = np.zeros((2, 0), dtype=np.float32), np.zeros((2, 0), dtype=np.uint16)
    parents = np.zeros((2, 0), dtype=np.int32)
    store = DocumentStore(tmp_path, {}, ["0", "1"], ["", ""], numbers, empty, empty, None, parents, None, None)
    asked = Asked(topics, queries, [0], EncodingTimes(np.zeros((1, 1)), None), TimingSpec(repeats=1))
    return Prepared(store, asked, None, photos, photos, ["the photos"])


def test_a_clip_that_is_replaced_under_its_name_makes_another_index(made: Prepared, tmp_path: Path) -> None:
    model = clip_folder(tmp_path / "clip", "clip")

    def known_by() -> list[str]:
        return with_clip(ClipSpec(model=str(model)), made, tmp_path / "kept", "cpu", SILENT).fingerprint

    first = known_by()
    assert known_by() == first and first[:1] == made.fingerprint
    tensors = load_file(model / "model.safetensors")
    tensors["visual_projection.weight"] = tensors["visual_projection.weight"].flip(0).contiguous()
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    assert known_by() != first
