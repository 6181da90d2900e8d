"""The patch store that `lexlip encode images --patches` writes beside a collection."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import orjson
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from support import tiny
from support.noise_photos import noise_photos

from lexlip_lucene.data.captions import CaptionedImage, read_captions
from lexlip_lucene.encode import shard_plan
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encode.patch_output import PatchForm, PatchOutput
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.encoders.model.pixels import normalise, to_square
from lexlip_lucene.errors import InputError, ModelError, OutputError
from lexlip_lucene.files.checksum import with_checksum, without_checksum
from lexlip_lucene.late.clusters import clustered
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.late.store_changes import Patches, without
from lexlip_lucene.recipes.model_spec import LateSpec
from lexlip_lucene.vectors.collection import read_collection

IMAGES = 11
ALL = PatchForm("float16", None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Models with and without a late head, and 11 pictures of which number 7 is broken."""
    root = tmp_path_factory.mktemp("patches")
    tiny.lexlip(late=LateSpec(width=8)).save_pretrained(root / "model")
    tiny.lexlip(late=LateSpec(width=8), seed=1).save_pretrained(root / "other")
    tiny.lexlip().save_pretrained(root / "plain")
    noise_photos(root / "photos", IMAGES)
    (root / "photos" / "07.png").write_text("no picture")
    return root


@pytest.fixture
def model(folder: Path) -> LexLip:
    return LexLip.from_pretrained(folder / "model")


@pytest.fixture
def images(folder: Path) -> list[CaptionedImage]:
    return read_captions(folder / "photos")


@pytest.fixture(autouse=True)
def four_inputs_a_shard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard_plan, "SHARD_INPUTS", 4)


def patches_of(model: LexLip, image: CaptionedImage) -> NDArray[np.float32]:
    with Image.open(image.path) as opened, torch.inference_mode():
        pixels = to_square(opened.convert("RGB"), tiny.SIZE).unsqueeze(0)
        states = model.image.tower(normalise(pixels, model.config.image))
        found: NDArray[np.float32] = model.patches_of_states(states)[0].numpy()
    return found


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir()}


class Killed(BaseException):
    """In place of kill -9."""


def test_the_store_has_the_patches_of_every_document_and_no_other(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", patch_form=ALL, precision="float32")
    ids = [document.id for document in read_collection(tmp_path / "c")]
    with PatchStore.open(tmp_path / "p", model_sha256=model.sha256) as store:
        store.verify()
        assert list(store.docids()) == ids and len(ids) == IMAGES - 1
        by_id = {image.id: image for image in images}
        for docid, vectors in zip(ids, store.vectors(ids), strict=True):
            assert vectors == pytest.approx(patches_of(model, by_id[docid]), abs=2e-3)


def test_patches_are_clustered_and_coded_as_wanted(model: LexLip, images: list[CaptionedImage], tmp_path: Path) -> None:
    form = PatchForm("int8", 2)
    encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", patch_form=form, precision="float32")
    with PatchStore.open(tmp_path / "p") as store:
        assert store.manifest.code == "int8"
        (vectors,) = store.vectors([images[0].id])
        assert vectors == pytest.approx(clustered(patches_of(model, images[0]), 2), abs=2e-2)


def test_the_vectors_of_the_collection_are_the_same_with_patches(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images, tmp_path / "with", patches=tmp_path / "p")
    encode_images(model, images, tmp_path / "without")
    assert bytes_of(tmp_path / "with") == bytes_of(tmp_path / "without")


@pytest.mark.parametrize("killed_at", range(4))
def test_a_run_that_was_killed_resumes_to_the_bytes_of_an_unbroken_one(
    killed_at: int, model: LexLip, images: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode_images(model, images, tmp_path / "whole", patches=tmp_path / "whole-p")
    keep, calls = PatchOutput.keep, iter(range(99))

    def killing(self: PatchOutput, part: Path, patches: Sequence[Patches]) -> None:
        if next(calls) == killed_at:
            raise Killed
        keep(self, part, patches)

    monkeypatch.setattr(PatchOutput, "keep", killing)
    if killed_at < 3:
        with pytest.raises(Killed):
            encode_images(model, images, tmp_path / "c", patches=tmp_path / "p")
        assert not (tmp_path / "p").exists()
    encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", resume=True)
    assert bytes_of(tmp_path / "c") == bytes_of(tmp_path / "whole")
    assert bytes_of(tmp_path / "p") == bytes_of(tmp_path / "whole-p")
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_kill_between_store_and_collection_is_mended(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    finish = PatchOutput.finish

    def killing(self: PatchOutput, parts: Sequence[Path]) -> None:
        finish(self, parts)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(PatchOutput, "finish", killing)
        with pytest.raises(Killed):
            encode_images(model, images, tmp_path / "c", patches=tmp_path / "p")
    assert (tmp_path / "p").exists() and not (tmp_path / "c").exists()
    encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", resume=True)
    assert len(list(read_collection(tmp_path / "c"))) == PatchStore.open(tmp_path / "p").documents


def test_an_update_adds_the_patches_of_new_pictures(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images, tmp_path / "whole", patches=tmp_path / "whole-p")
    encode_images(model, images[:5], tmp_path / "c", patches=tmp_path / "p")
    report = encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", update=True)
    assert report.present == 5
    with PatchStore.open(tmp_path / "p") as store, PatchStore.open(tmp_path / "whole-p") as whole:
        assert sorted(store.docids()) == sorted(whole.docids())
        for docid in whole.docids():
            assert store.vectors([docid])[0].tolist() == whole.vectors([docid])[0].tolist()


def test_an_update_of_another_kind_or_model_is_refused(
    folder: Path, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images[:5], tmp_path / "c", patches=tmp_path / "p")
    with pytest.raises(InputError, match="8 numbers in int4, but this run makes 8 in sign"):
        encode_images(
            model, images, tmp_path / "c", patches=tmp_path / "p", patch_form=PatchForm("sign", 12), update=True
        )
    encode_images(LexLip.from_pretrained(folder / "other"), images[:5], tmp_path / "c2", patches=tmp_path / "p2")
    with pytest.raises(InputError, match="patches of the model"):
        encode_images(model, images, tmp_path / "c", patches=tmp_path / "p2", update=True)


@pytest.mark.parametrize("clusters", [3, None])
@pytest.mark.parametrize("new", [True, False])
def test_an_update_with_other_clusters_is_refused_before_anything_is_encoded(
    clusters: int | None, new: bool, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    encode_images(model, images[:5], tmp_path / "c", patches=tmp_path / "p", patch_form=PatchForm("int4", 2))
    before = [bytes_of(tmp_path / name) for name in ("c", "p")]
    made = "all patches" if clusters is None else f"at most {clusters} vectors"
    said = f"has at most 2 vectors of a picture, but this run makes {made}: give the same --patch-clusters"
    form = PatchForm("int4", clusters)
    with pytest.raises(InputError, match=said):
        encode_images(
            model, images if new else images[:5], tmp_path / "c", patches=tmp_path / "p", patch_form=form, update=True
        )
    assert [bytes_of(tmp_path / name) for name in ("c", "p")] == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["c", "c.manifest.json", "p"]


def test_a_store_that_does_not_say_its_clusters_is_added_to(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    """Stores of earlier versions do not have the key; what is added to one can't say it for the others."""
    encode_images(model, images[:5], tmp_path / "c", patches=tmp_path / "p")
    rewritten(tmp_path / "p" / "store.json", clusters=None)
    for count in (8, 8, IMAGES):
        encode_images(model, images[:count], tmp_path / "c", patches=tmp_path / "p", update=True)
        manifest = orjson.loads((tmp_path / "p" / "store.json").read_bytes())
        assert "clusters" not in manifest
    with PatchStore.open(tmp_path / "p") as store:
        assert store.documents == IMAGES - 1


def rewritten(manifest: Path, **values: object) -> None:
    """Change a store's manifest, whose checksum fits again; None takes a key out."""
    record = {**without_checksum(orjson.loads(manifest.read_bytes())), **values}
    kept = {key: value for key, value in record.items() if value is not None}
    manifest.write_bytes(orjson.dumps(with_checksum(kept)))


def lose_the_store(store: Path, other: Path) -> None:
    shutil.rmtree(store)


def take_another_models(store: Path, other: Path) -> None:
    shutil.rmtree(store)
    shutil.copytree(other, store)


def delete_a_document(store: Path, other: Path) -> None:
    without(PatchStore.open(store), ["02.png"]).close()


def cut_it_short(store: Path, other: Path) -> None:
    (store / "vectors.bin").write_bytes((store / "vectors.bin").read_bytes()[:-1])


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lose_the_store, "no such folder"),
        (take_another_models, "patches of the model"),
        (delete_a_document, r"lacks 1 of the collection's 5 documents, the first of them '02.png'"),
        (cut_it_short, "vectors.bin is cut short"),
    ],
)
@pytest.mark.parametrize("new", [True, False])
def test_an_update_needs_the_store_of_the_whole_collection_with_and_without_new_pictures(
    harm: Callable[[Path, Path], None],
    said: str,
    new: bool,
    folder: Path,
    model: LexLip,
    images: list[CaptionedImage],
    tmp_path: Path,
) -> None:
    encode_images(model, images[:5], tmp_path / "c", patches=tmp_path / "p")
    encode_images(LexLip.from_pretrained(folder / "other"), images[:5], tmp_path / "c2", patches=tmp_path / "p2")
    harm(tmp_path / "p", tmp_path / "p2")
    before = bytes_of(tmp_path / "c")
    with pytest.raises(InputError, match=said):
        encode_images(model, images if new else images[:5], tmp_path / "c", patches=tmp_path / "p", update=True)
    assert bytes_of(tmp_path / "c") == before and not (tmp_path / ".c.partial").exists()


def test_a_store_that_exists_is_replaced_only_by_force(
    model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine.txt").write_text("mine")
    with pytest.raises(OutputError, match="exists"):
        encode_images(model, images, tmp_path / "c", patches=tmp_path / "p")
    with pytest.raises(OutputError, match="not a patch store"):
        encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", force=True)
    assert (tmp_path / "p" / "mine.txt").read_text() == "mine"


def test_what_has_no_patches_is_refused_before_anything_is_written(
    folder: Path, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no patch vectors"):
        encode_images(LexLip.from_pretrained(folder / "plain"), images, tmp_path / "c", patches=tmp_path / "p")
    with pytest.raises(InputError, match="name a collection"):
        encode_images(model, images, tmp_path / "q.jsonl", patches=tmp_path / "p")
    with pytest.raises(InputError, match=r"a patch code is one of float16, int8, int4, .*got 'int3'"):
        encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", patch_form=PatchForm("int3"))
    with pytest.raises(InputError, match="number of patch clusters"):
        encode_images(model, images, tmp_path / "c", patches=tmp_path / "p", patch_form=PatchForm("int8", 0))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("collection", "store"), [("c", "c"), ("c", "c/p"), ("p/c", "p"), ("c", "x/../c/p")])
def test_a_store_and_a_collection_in_each_other_s_place_are_refused_before_anything_is_written(
    collection: str, store: str, model: LexLip, images: list[CaptionedImage], tmp_path: Path
) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(OutputError, match="must be folders beside each other"):
        encode_images(model, images, tmp_path / collection, patches=tmp_path / store, force=True)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
