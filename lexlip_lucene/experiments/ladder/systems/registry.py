"""The kinds of systems that a ladder knows, in the order of its tables.

`register` adds a kind for as long as the process runs: `examples/add_a_system.py` shows how.
"""

from collections.abc import Sequence

from lexlip_lucene.errors import InputError, RecipeError
from lexlip_lucene.experiments.ladder.systems.bm25 import Bm25Kind
from lexlip_lucene.experiments.ladder.systems.clip import ClipKind
from lexlip_lucene.experiments.ladder.systems.dense import DenseKind
from lexlip_lucene.experiments.ladder.systems.fused import FusedKind
from lexlip_lucene.experiments.ladder.systems.kind import SystemKind
from lexlip_lucene.experiments.ladder.systems.late import LateKind
from lexlip_lucene.experiments.ladder.systems.lexlip import LexlipKind
from lexlip_lucene.experiments.ladder.systems.one_field import OneFieldKind
from lexlip_lucene.experiments.ladder.systems.rung import Rung, file_name
from lexlip_lucene.experiments.ladder.systems.seismic import SeismicKind
from lexlip_lucene.experiments.ladder.systems.shares import Shares
from lexlip_lucene.experiments.ladder.systems.system import System
from lexlip_lucene.experiments.ladder.systems.two_step import TwoStepKind
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe

_KINDS: list[SystemKind] = [
    Bm25Kind(),
    LexlipKind(),
    TwoStepKind(),
    LateKind(),
    DenseKind(),
    ClipKind(),
    SeismicKind(),
    FusedKind(),
    OneFieldKind(),
]


def kinds() -> Sequence[SystemKind]:
    """Return all kinds: the built-in ones, then those that were registered."""
    return tuple(_KINDS)


def register(kind: SystemKind) -> None:
    """Add a kind whose systems a recipe asks for by the kind's `key` in `systems`.

    Raises:
        InputError: the kind has no key, or another kind has its key or the name of one of its systems.
    """
    if kind.key is None:
        raise InputError(f"{type(kind).__name__}: a kind needs a key, by which a recipe's `systems` names it")
    known = {kind.key for kind in _KINDS if kind.key is not None} | {name for kind in _KINDS for name in kind.colours}
    taken = sorted(known & {kind.key, *kind.colours})
    if taken:
        raise InputError(f"{type(kind).__name__}: another kind of system has {', '.join(map(repr, taken))}: rename it")
    _KINDS.append(kind)


def systems_of(recipe: LadderRecipe, rung: Rung, shares: Shares | None) -> list[System]:
    """Return the systems that a recipe asks for at a rung, in the order of the tables.

    Raises:
        RecipeError: two systems have one name, or two different indexes would be in one folder.
    """
    asked = [system for kind in _KINDS for system in kind.systems(recipe, rung, shares)]
    _require_distinct(asked)
    return [system for system in asked if rung.documents <= recipe.up_to.get(system.name, rung.documents)]


def _require_distinct(systems: Sequence[System]) -> None:
    """Raise RecipeError if one would write over another: before anything is built, since it would be lost."""
    names: set[str] = set()
    folders: dict[str, str] = {}
    for system in systems:
        if system.name in names:
            raise RecipeError(f"two systems of the ladder are called {system.name!r}: rename one")
        names.add(system.name)
        for index in system.indexes:
            folder = file_name(index.name)
            if folders.setdefault(folder, repr(index)) != repr(index):
                raise RecipeError(f"two different indexes of the ladder would be in {folder}: rename one")
