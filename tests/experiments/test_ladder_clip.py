"""CLIP's vectors in a ladder: the fingerprint of an index of them."""

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
from lexlip_lucene.experiments.ladder.documents.prepare import EncodedLadder
from lexlip_lucene.experiments.ladder.documents.queries import EncodingTimes, LadderTopics, Queries
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.ladder_recipe import ClipSpec, TimingSpec


@pytest.fixture
def made(tmp_path: Path) -> EncodedLadder:
    """Two photos and their topics, as a ladder has them before CLIP is added."""
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
    store = DocumentStore(
        folder=tmp_path,
        facts={},
        ids=["0", "1"],
        texts=["", ""],
        positions=numbers,
        weights=empty,
        lengths=empty,
        dense=None,
        parents=parents,
        text_positions=None,
        text_impacts=None,
    )
    encoded = LadderTopics(topics, queries, [0], EncodingTimes(np.zeros((1, 1)), None), TimingSpec(repeats=1))
    return EncodedLadder(
        store=store, topics=encoded, tuning=None, targets=photos, photos=photos, fingerprint=["the photos"]
    )


def test_a_clip_that_is_replaced_under_its_name_makes_another_index(made: EncodedLadder, tmp_path: Path) -> None:
    model = clip_folder(tmp_path / "clip", "clip")

    def known_by() -> list[str]:
        return with_clip(ClipSpec(model=str(model)), made, tmp_path / "kept", "cpu", SILENT).fingerprint

    first = known_by()
    assert known_by() == first and first[:1] == made.fingerprint
    tensors = load_file(model / "model.safetensors")
    tensors["visual_projection.weight"] = tensors["visual_projection.weight"].flip(0).contiguous()
    save_file(tensors, model / "model.safetensors", metadata={"format": "pt"})
    assert known_by() != first
