"""`lexlip index --delete` and `--append` with `--patches`: an index and the patch store of its pictures in step."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support import tiny
from support.cli_run import done, lexlip
from support.noise_photos import noise_photos

from lexlip_lucene.errors import InputError
from lexlip_lucene.late import store_changes
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.recipes.model_spec import LateSpec

PICTURES, FIRST = 9, 6
ALL = [f"{number:02}.png" for number in range(PICTURES)]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Collections `old` and `new` of one model's pictures with their stores, and the index and store of `old`."""
    root = tmp_path_factory.mktemp("index and patches")
    tiny.lexlip(late=LateSpec(width=8)).save_pretrained(root / "model")
    tiny.lexlip(late=LateSpec(width=8), seed=1).save_pretrained(root / "other")
    photos = noise_photos(root / "photos", PICTURES)
    (root / "later").mkdir()
    for name in ALL[FIRST:]:
        (photos / name).rename(root / "later" / name)
    for pictures, name in (("photos", "old"), ("later", "new")):
        encode(root, pictures, name, "--patch-clusters", 2)
    done("index", root / "old", root / "index")
    return root


@pytest.fixture
def root(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "root")
    return tmp_path / "root"


def encode(root: Path, pictures: str, name: str, *options: object, model: str = "model") -> None:
    asked = ("encode", "images", root / pictures, root / name, "--model", root / model)
    done(*asked, "--patches", root / f"{name}-patches", *options)


def index_has(root: Path) -> list[str]:
    with ImpactSearcher(root / "index") as searcher:
        return [docid for docid in ALL if has(searcher, docid)]


def has(searcher: ImpactSearcher, docid: str) -> bool:
    try:
        return bool(searcher.stored(docid))
    except InputError:
        return False


def store_has(root: Path) -> list[str]:
    with PatchStore.open(root / "old-patches") as store:
        store.verify()
        return sorted(store.docids())


def bytes_of(root: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for name in ("index", "old-patches") for file in (root / name).iterdir()}


def deletion(root: Path, *ids: str) -> tuple[object, ...]:
    (root / "ids.txt").write_text("".join(f"{one}\n" for one in ids))
    return ("index", "--delete", root / "ids.txt", root / "index", "--patches", root / "old-patches")


def addition(root: Path, *options: object) -> tuple[object, ...]:
    stores = ("--patches", root / "old-patches", "--with-patches", root / "new-patches")
    return ("index", root / "new", root / "index", "--append", *stores, *options)


class Killed(BaseException):
    """In place of kill -9."""


def killing(*arguments: object, **options: object) -> Any:
    raise Killed


def test_documents_are_deleted_from_both(root: Path) -> None:
    kept = {docid: vectors(root, docid) for docid in ALL[:FIRST]}
    record = done(*deletion(root, ALL[1], ALL[4], ALL[1]))
    assert (record["documents"], record["deleted"], record["patches_deleted"]) == (4, 2, 2)
    assert index_has(root) == store_has(root) == ["00.png", "02.png", "03.png", "05.png"]
    assert {docid: vectors(root, docid) for docid in store_has(root)}.items() <= kept.items()
    assert "; 1 deleted; 1 patches deleted" in lexlip(*deletion(root, ALL[0])).out


def vectors(root: Path, docid: str) -> bytes:
    with PatchStore.open(root / "old-patches") as store:
        return store.vectors([docid])[0].tobytes()


def test_a_deletion_that_was_killed_before_the_store_s_turn_is_ended_by_the_same_command(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(store_changes, "without", killing)
        with pytest.raises(Killed):
            lexlip(*deletion(root, ALL[1], ALL[4]))
    assert len(index_has(root)) == 4 and len(store_has(root)) == FIRST
    found = lexlip(
        "search", root / "index", "--query", "a dog", "--model", root / "model", "--late", root / "old-patches"
    )
    assert found.status == 0, "no hit lacks its patches"
    record = done(*deletion(root, ALL[1], ALL[4], ALL[5]))
    assert (record["deleted"], record["patches_deleted"]) == (1, 3)
    assert index_has(root) == store_has(root) == ["00.png", "02.png", "03.png"]


def test_a_deletion_that_was_killed_before_the_index_s_commit_has_changed_nothing(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ImpactIndex, "_commit", killing)
        with pytest.raises(Killed):
            lexlip(*deletion(root, ALL[1]))
    assert index_has(root) == store_has(root) == ALL[:FIRST]
    done(*deletion(root, ALL[1]))
    assert index_has(root) == store_has(root) == [ALL[0], *ALL[2:FIRST]]


def lose_it_from_the_store(root: Path) -> None:
    store_changes.without(PatchStore.open(root / "old-patches"), [ALL[1]]).close()


def lose_it_from_both(root: Path) -> None:
    done(*deletion(root, ALL[1]))


@pytest.mark.parametrize("harm", [lose_it_from_the_store, lose_it_from_both])
def test_a_document_that_the_store_lacks_is_named_and_nothing_is_deleted(
    harm: Callable[[Path], None], root: Path
) -> None:
    harm(root)
    before = bytes_of(root)
    error = lexlip(*deletion(root, ALL[0], ALL[1])).error
    assert f"lacks '{ALL[1]}', so nothing is deleted: leave it out if it was deleted before" in error
    assert bytes_of(root) == before


def test_a_collection_and_its_patches_are_added_to_both(root: Path) -> None:
    record = done(*addition(root))
    assert (record["documents"], record["added"], record["patches_added"]) == (PICTURES, 3, 3)
    assert index_has(root) == store_has(root) == ALL
    with PatchStore.open(root / "new-patches") as new:
        assert all(vectors(root, docid) == new.vectors([docid])[0].tobytes() for docid in ALL[FIRST:])


@pytest.mark.parametrize("options", [[], ["--replace"]])
def test_an_addition_that_was_killed_before_the_index_s_commit_is_ended_by_the_same_command(
    options: list[str], root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(ImpactIndex, "_commit", killing)
        with pytest.raises(Killed):
            lexlip(*addition(root, *options))
    assert index_has(root) == ALL[:FIRST] and store_has(root) == ALL
    done(*addition(root, *options))
    assert index_has(root) == store_has(root) == ALL


def test_documents_are_replaced_in_both(root: Path) -> None:
    (root / "again").mkdir()
    shutil.copy(root / "later" / ALL[-1], root / "again" / ALL[0])
    encode(root, "again", "new", "--patch-clusters", 2, "--force")
    before = bytes_of(root)
    assert f"document id {ALL[0]} is in " in lexlip(*addition(root)).error
    assert bytes_of(root) == before, "what the index refuses does not come into the store either"
    record = done(*addition(root, "--replace"))
    assert (record["added"], record["replaced"], record["patches_added"]) == (1, 1, 1)
    assert index_has(root) == store_has(root) == ALL[:FIRST]
    with PatchStore.open(root / "new-patches") as new:
        assert vectors(root, ALL[0]) == new.vectors([ALL[0]])[0].tobytes()


def encode_with_other_clusters(root: Path) -> None:
    encode(root, "later", "new", "--patch-clusters", 3, "--force")


def encode_with_another_code(root: Path) -> None:
    encode(root, "later", "new", "--patch-clusters", 2, "--patch-code", "sign", "--force")


def encode_with_another_model(root: Path) -> None:
    encode(root, "later", "new", "--patch-clusters", 2, "--force", model="other")


def lose_a_document(root: Path) -> None:
    store_changes.without(PatchStore.open(root / "new-patches"), [ALL[-1]]).close()


def take_the_store_of_another_collection(root: Path) -> None:
    encode(root, "photos", "more", "--patch-clusters", 2)
    store_changes.joined(PatchStore.open(root / "new-patches"), [PatchStore.open(root / "more-patches")]).close()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (encode_with_other_clusters, "clusters 3, but"),
        (encode_with_another_code, "code sign, "),
        (encode_with_another_model, "patches of the model"),
        (lose_a_document, f"it lacks '{ALL[-1]}'"),
        (take_the_store_of_another_collection, "but it has 9"),
    ],
)
def test_a_store_that_can_not_be_added_is_refused_and_both_stay(
    harm: Callable[[Path], None], said: str, root: Path
) -> None:
    harm(root)
    before = bytes_of(root)
    assert said in lexlip(*addition(root)).error
    assert bytes_of(root) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["new", "index", "--append", "--patches", "old-patches"], "give both, or neither"),
        (["new", "index", "--append", "--with-patches", "old-patches"], "give both, or neither"),
        (["new", "fresh", "--patches", "old-patches"], "--patches does not go with a new index"),
        (["--delete", "ids.txt", "index", "--with-patches", "p"], "--with-patches does not go with --delete"),
        (["--delete", "ids.txt", "index", "--patches", "photos"], "photos is not a patch store"),
        (["--delete", "ids.txt", "index", "--patches", "nowhere"], "patch store: no such folder: "),
        (["--delete", "ids.txt", "old", "--patches", "old-patches"], "old is not a Lucene index"),
    ],
)
def test_options_that_do_not_belong_together_are_refused(arguments: list[str], said: str, root: Path) -> None:
    deletion(root, ALL[0])
    before = bytes_of(root)
    error = lexlip("index", *(one if one.startswith("-") else root / one for one in arguments)).error
    assert said in error
    assert bytes_of(root) == before and not (root / "fresh").exists()
