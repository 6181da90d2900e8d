"""The names that `import lexlip_lucene` gives, and the little that it loads."""

import inspect
import json
import subprocess
import sys

import pytest

import lexlip_lucene

NAMES = {
    "Approximation",
    "Bm25Searcher",
    "Hit",
    "ImpactIndex",
    "ImpactSearcher",
    "IndexOptions",
    "LexLip",
    "LexLipQueryEncoder",
    "LexlipError",
    "build_bm25",
    "classify_images",
    "compare",
    "encode_images",
    "encode_texts",
    "patch_maps",
    "start_jvm",
    "train",
}
"""The public names, as docs/python.md lists them."""


def in_a_fresh_process(code: str) -> set[str]:
    """Return the names in sys.modules after `code`, less those of an idle interpreter."""
    script = f"import sys\n{code}\nimport json; print(json.dumps(list(sys.modules)))"
    idle, after = (
        set(json.loads(subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=True).stdout))
        for text in (script.replace(code, ""), script)
    )
    return after - idle


def test_the_exported_names_are_the_contract_s() -> None:
    assert set(lexlip_lucene.__all__) == NAMES
    assert lexlip_lucene.__all__ == sorted(lexlip_lucene.__all__)
    assert set(dir(lexlip_lucene)) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_an_exported_name_is_there_with_a_docstring(name: str) -> None:
    found = getattr(lexlip_lucene, name)
    assert found.__name__ == name
    assert inspect.getdoc(found)


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("LexLip", ["from_pretrained", "save_pretrained", "encode_images", "encode_texts"]),
        ("ImpactIndex", ["build"]),
        ("ImpactSearcher", ["search", "search_batch", "explain"]),
        ("Bm25Searcher", ["search", "search_batch"]),
        ("LexLipQueryEncoder", ["encode"]),
    ],
)
def test_the_members_of_the_contract_are_there_with_docstrings(name: str, members: list[str]) -> None:
    for member in members:
        assert inspect.getdoc(getattr(getattr(lexlip_lucene, name), member)), f"{name}.{member}"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'lexlip_lucene' has no attribute 'Searcher'"):
        lexlip_lucene.Searcher  # noqa: B018  # the access is the test


def test_importing_the_package_loads_two_small_modules_of_ours_and_none_of_others() -> None:
    loaded = in_a_fresh_process("import lexlip_lucene")
    ours = {module for module in loaded if module.startswith("lexlip_lucene")}
    assert ours == {"lexlip_lucene", "lexlip_lucene.errors", "lexlip_lucene.records"}
    others = {module.split(".")[0] for module in loaded - ours}
    assert others <= set(sys.stdlib_module_names)
    assert len(loaded) < 60


def test_a_light_name_stays_light() -> None:
    loaded = in_a_fresh_process(
        "from lexlip_lucene import Hit, LexlipError, start_jvm, ImpactSearcher, IndexOptions, compare"
    )
    assert not {"torch", "jnius", "transformers", "timm", "pyserini"} & loaded
