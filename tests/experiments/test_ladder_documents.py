"""The documents of a ladder: photos as `lexlip encode` has them at every operating point, then mixes; their texts."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
import torch
from PIL import Image
from support.tiny import VIT, VOCABULARY, lexlip

from lexlip_lucene.data.captioned_image import CaptionedImage
from lexlip_lucene.encode.arithmetic import Arithmetic
from lexlip_lucene.encoders.model.banks import DenseBank, LexiconBank
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.experiments.ladder.documents import document_batches
from lexlip_lucene.experiments.ladder.documents.distractor_texts import DistractorTexts, read_distractor_texts
from lexlip_lucene.experiments.ladder.documents.document_store import DocumentStore, read_store
from lexlip_lucene.experiments.ladder.documents.fill import fill_store
from lexlip_lucene.experiments.ladder.documents.plan import DocumentPlan
from lexlip_lucene.experiments.ladder.store_shape import shapes_of
from lexlip_lucene.progress import SILENT
from lexlip_lucene.recipes.ladder_recipe import DistractorSpec
from lexlip_lucene.recipes.model_spec import BankSpec

TARGETS, PHOTOS, DOCUMENTS, CUTS = 3, 5, 40, (6, 4, 2)
TOKENS = [word for word in VOCABULARY[7:]]


@pytest.fixture(scope="module")
def model() -> LexLip:
    """With a dense twin and banks, so that a cut changes more than the number of tokens."""
    bank = BankSpec(size=8, tokens=6, nearest=2, power=0.5, make_up=1.0)
    made = lexlip(VIT.model_copy(update={"bank": bank}), dense_width=8)
    chance = torch.Generator().manual_seed(1)
    queries, documents = (torch.rand(9, len(made.lexicon), generator=chance) for _ in range(2))
    lexicon, dense = made.banks["image"], made.dense_banks["image"]
    assert isinstance(lexicon, LexiconBank) and isinstance(dense, DenseBank)
    lexicon.fill(queries, documents)
    dense.fill(torch.randn(9, 8, generator=chance), torch.randn(9, 8, generator=chance))
    return made


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[CaptionedImage]:
    """Eight pictures of noise, the last of which is broken."""
    folder = tmp_path_factory.mktemp("pictures")
    chance = np.random.default_rng(0)
    made = []
    for number in range(TARGETS + PHOTOS):
        path = folder / f"{number}.png"
        Image.fromarray(chance.integers(256, size=(40, 32, 3), dtype=np.uint8)).save(path)
        made.append(CaptionedImage(f"é {number}", path, "test", (f"a red dog {number}", "two cats run"), f"x:{number}"))
    made[-1].path.write_bytes(b"no picture")
    return made


def planned(images: list[CaptionedImage], **changes: Any) -> DocumentPlan:
    values = {
        "targets": images[:TARGETS],
        "kept": [],
        "distractors": images[TARGETS:],
        "documents": DOCUMENTS,
        "held_out": 1,
        "cuts": CUTS,
        "mix": DistractorSpec(photos=2, noise=0.1),
        "texts": DistractorTexts(["a blue star", "a green circle over a cat"]),
        "encode_texts": True,
        "dense": True,
    }
    return DocumentPlan(**{**values, **changes})


@pytest.fixture(scope="module")
def store(model: LexLip, images: list[CaptionedImage], tmp_path_factory: pytest.TempPathFactory) -> DocumentStore:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(document_batches, "choose_arithmetic", lambda *_, **__: Arithmetic())
        return filled(tmp_path_factory.mktemp("ladder") / "store", model, planned(images))


def filled(place: Path, model: LexLip, plan: DocumentPlan) -> DocumentStore:
    fill_store(place, model, plan, states=None, progress=SILENT)
    return read_store(place)


def vectors(store: DocumentStore, documents: int, top_k: int, bits: int) -> list[dict[str, int]]:
    matrix, tokens = store.matrix(np.arange(documents), top_k=top_k, bits=bits), store.tokens
    assert matrix.shape == (documents, len(tokens)) and matrix.has_sorted_indices
    rows = [matrix[[row]].tocoo() for row in range(documents)]
    return [{tokens[c]: int(v) for c, v in zip(row.coords[1], row.data, strict=True)} for row in rows]


@pytest.mark.parametrize("top_k", CUTS)
@pytest.mark.parametrize("bits", [4, 8])
def test_a_photo_has_the_vector_that_encoding_gives_at_each_operating_point(
    top_k: int, bits: int, model: LexLip, images: list[CaptionedImage], store: DocumentStore
) -> None:
    expected = model.encode_images([image.path for image in images[:TARGETS]], top_k=top_k, bits=bits)
    assert vectors(store, TARGETS, top_k, bits) == expected


def test_a_photo_has_the_dense_vector_that_embedding_gives(
    model: LexLip, images: list[CaptionedImage], store: DocumentStore
) -> None:
    from lexlip_lucene.encode.embedding import embed_images

    assert store.dense is not None
    expected = embed_images(model, images[:TARGETS], documents=True).vectors
    assert np.allclose(store.dense[:TARGETS], expected, atol=0.05)  # the backbone may run in bfloat16 there


def test_documents_are_the_photos_asked_for_then_the_others_then_mixes(store: DocumentStore) -> None:
    photos = TARGETS + PHOTOS - 1
    assert len(store.ids) == len(set(store.ids)) == DOCUMENTS
    assert store.ids[:photos] == [f"é {number}" for number in range(photos)]
    assert all(docid.startswith("mix") for docid in store.ids[photos:])
    assert (store.facts["targets"], store.facts["photos"], store.facts["mixes"]) == (
        TARGETS,
        photos,
        DOCUMENTS - photos,
    )


def test_photos_that_shares_are_chosen_on_stand_between_and_are_mixed_into_nothing(
    model: LexLip, images: list[CaptionedImage], store: DocumentStore, tmp_path: Path
) -> None:
    changed = {"kept": images[TARGETS : TARGETS + 2], "distractors": images[TARGETS + 2 :]}
    between = filled(tmp_path / "between", model, planned(images, **changed))
    photos = TARGETS + PHOTOS - 1
    assert between.ids == store.ids
    assert (between.facts["targets"], between.facts["kept"], between.facts["photos"]) == (TARGETS, 2, photos)
    assert set(np.unique(between.parents[photos:])) <= set(range(PHOTOS - 3))
    few = filled(tmp_path / "few", model, planned(images, **changed, documents=TARGETS + 1))
    assert few.ids == store.ids[: TARGETS + 1] and few.facts["kept"] == 1


def test_without_the_twin_there_are_no_dense_vectors_and_the_others_are_the_same(
    model: LexLip,
    images: list[CaptionedImage],
    store: DocumentStore,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(document_batches, "choose_arithmetic", lambda *_, **__: Arithmetic())  # as for `store`
    sparse = filled(tmp_path / "sparse", model, planned(images, dense=False))
    assert sparse.dense is None
    assert vectors(sparse, DOCUMENTS, CUTS[0], 8) == vectors(store, DOCUMENTS, CUTS[0], 8)


def test_a_photo_that_cannot_be_read_is_named_and_nothing_else_is_lost(store: DocumentStore) -> None:
    (rejected,) = store.facts["rejected"]
    assert rejected["id"] == f"é {TARGETS + PHOTOS - 1}" and rejected["reason"]
    assert store.facts["photos"] + len(store.facts["rejected"]) == TARGETS + PHOTOS


def test_a_mix_names_the_photos_that_it_is_made_of(store: DocumentStore) -> None:
    photos = store.facts["photos"]
    assert (store.parents[:photos] == -1).all()
    assert store.parents.shape == (DOCUMENTS, 2)
    assert (store.parents[photos:] >= 0).all() and (store.parents[photos:] < PHOTOS - 1).all()


def test_mixes_follow_from_the_seed_and_a_smaller_ladder_begins_a_larger_one(
    model: LexLip, images: list[CaptionedImage], store: DocumentStore, tmp_path: Path
) -> None:
    small = filled(tmp_path / "small", model, planned(images, documents=20))
    other = filled(tmp_path / "other", model, planned(images, documents=20, mix=DistractorSpec(photos=2, seed=8)))
    photos = store.facts["photos"]
    assert (small.parents == store.parents[:20]).all()
    assert (small.positions[photos:] == store.positions[photos:20]).all()
    assert (other.parents[photos:] != store.parents[photos:20]).any()


def test_texts_are_first_captions_and_for_mixes_real_captions_in_turn(store: DocumentStore) -> None:
    photos = store.facts["photos"]
    assert store.texts[:photos] == [f"a red dog {number}" for number in range(photos)]
    assert store.texts[photos : photos + 3] == ["a blue star", "a green circle over a cat", "a blue star"]


def test_text_vectors_are_those_of_queries(model: LexLip, store: DocumentStore) -> None:
    matrix = store.text_matrix(np.arange(DOCUMENTS))
    for row in (0, DOCUMENTS - 1):
        [expected] = model.encode_texts([store.texts[row]], bits=8)
        found = matrix[[row]].tocoo()
        assert {store.tokens[c]: int(v) for c, v in zip(found.coords[1], found.data, strict=True)} == expected


def test_fewer_documents_than_photos_leave_the_last_photos_out(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    store = filled(tmp_path / "few", model, planned(images, documents=TARGETS + 2, encode_texts=False))
    assert store.ids == [f"é {number}" for number in range(TARGETS + 2)]
    assert store.text_positions is None and len(store.weights) == TARGETS + 2


@pytest.mark.parametrize("held", [0, 2])
def test_distractors_that_do_not_fit_in_memory_are_read_one_batch_after_the_other(
    held: int, model: LexLip, images: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_batches, "HELD_BYTES", held * 3 * 32 * 32)
    store = filled(tmp_path / "read", model, planned(images, documents=TARGETS + PHOTOS))
    assert store.ids == [f"é {number}" for number in range(TARGETS + PHOTOS - 1)]
    assert len(store.positions) == len(store.texts) == TARGETS + PHOTOS - 1


def test_mixes_are_of_the_photos_that_fit_in_memory_and_the_others_stand_before_them(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_batches, "HELD_BYTES", 2 * 3 * 32 * 32)
    store = filled(tmp_path / "mixed", model, planned(images))
    photos = TARGETS + PHOTOS - 1
    assert store.ids[:photos] == [f"é {number}" for number in range(photos)] and len(store.ids) == DOCUMENTS
    assert set(np.unique(store.parents[photos:])) == {0, 1}


def test_a_photo_without_captions_gets_a_real_one_as_mixes_do(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    silent = [replace(image, captions=()) for image in images]
    store = filled(tmp_path / "silent", model, planned(images, distractors=silent[TARGETS:]))
    assert store.texts[TARGETS : TARGETS + 2] == ["a blue star", "a green circle over a cat"]
    assert store.facts["given_texts"] == DOCUMENTS - TARGETS


@pytest.mark.parametrize("held", [0, PHOTOS])
def test_a_photo_that_finds_no_room_takes_no_text(
    held: int, model: LexLip, images: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(document_batches, "HELD_BYTES", held * 3 * 32 * 32)
    silent = [replace(image, captions=()) for image in images]
    aside = {"kept": silent[TARGETS : TARGETS + 1], "distractors": silent[TARGETS + 1 :]}
    store = filled(tmp_path / "full", model, planned(images, **aside, documents=TARGETS + 3))
    assert store.texts[TARGETS:] == ["a blue star", "a green circle over a cat", "a blue star"]
    assert store.facts["given_texts"] == 3
    few = filled(tmp_path / "few", model, planned(images, kept=silent[TARGETS:], documents=TARGETS + 2))
    assert few.facts["given_texts"] == few.facts["kept"] == 2


def test_without_a_photo_to_search_or_to_mix_the_error_says_so(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    broken = [images[-1]]
    with pytest.raises(InputError, match="not one of 1 photos"):
        filled(tmp_path / "a", model, planned(images, targets=broken))
    with pytest.raises(InputError, match="not one of 1 distractor photos"):
        filled(tmp_path / "b", model, planned(images, distractors=broken))
    with pytest.raises(InputError, match="ids must differ"):
        filled(tmp_path / "c", model, planned(images, distractors=images[:TARGETS]))
    assert not list(tmp_path.glob("[abc]"))


def test_a_cut_that_was_not_asked_for_is_refused(store: DocumentStore) -> None:
    with pytest.raises(InputError, match=r"cuts at \[6, 4, 2\], not at 5"):
        store.matrix(np.arange(3), top_k=5, bits=8)


def test_a_store_whose_files_disagree_is_refused(model: LexLip, images: list[CaptionedImage], tmp_path: Path) -> None:
    place = tmp_path / "store"
    filled(place, model, planned(images, documents=4))
    (place / "ids.json").write_bytes(orjson.dumps(["only one"]))
    with pytest.raises(InputError, match="not all 4"):
        read_store(place)
    (place / "ids.json").unlink()
    with pytest.raises(InputError, match="not the documents of a ladder"):
        read_store(place)


def test_shapes_add_up_to_all_postings(store: DocumentStore) -> None:
    shapes = shapes_of(store, CUTS[0])
    assert [shape["documents"] for shape in shapes.values()] == [TARGETS, PHOTOS - 1, DOCUMENTS - TARGETS - PHOTOS + 1]
    postings = sum(shape["documents"] * shape["postings_per_document"] for shape in shapes.values())
    assert postings == pytest.approx(store.matrix(np.arange(DOCUMENTS), top_k=CUTS[0], bits=8).nnz)


def test_captions_of_known_images_are_left_out_and_none_is_given_twice(tmp_path: Path) -> None:
    lines = [
        {"id": "123", "captions": ["known"]},
        {"id": "5", "captions": ["a", "b", " "]},
        {"id": "6", "captions": ["b"]},
    ]
    file = tmp_path / "sets.jsonl"
    file.write_bytes(b"".join(orjson.dumps(line) + b"\n" for line in lines))
    found = read_distractor_texts([file], ["123_abc"], seed=0)
    assert sorted(found.captions) == ["a", "b"]
    assert found == read_distractor_texts([file], ["123_abc"], seed=0)
