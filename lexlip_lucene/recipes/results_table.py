"""The tables of docs/results.md, made from the figures that the index recipes expect.

A figure has one place, its recipe, where `lexlip bench` holds it to account.
"""

from pathlib import Path

from lexlip_lucene.recipes.index_recipe import IndexRecipe
from lexlip_lucene.recipes.ladder_expect import MIXES
from lexlip_lucene.recipes.ladder_recipe import LadderRecipe, is_ladder
from lexlip_lucene.recipes.reading import read_recipe

MEASURES = ("R@1", "R@5", "R@10", "MRR@10", "nDCG@10")


def results_table(folder: Path) -> str:
    """Return a Markdown table, one row for each recipe of `folder` that expects figures, in percent."""
    rows = [
        "| recipe | what | " + " | ".join(MEASURES) + " |",
        "| --- | --- | " + " | ".join("---:" for _ in MEASURES) + " |",
    ]
    for path in sorted(folder.glob("*.yaml")):
        if is_ladder(path):
            continue
        recipe = read_recipe(path, IndexRecipe)
        if not recipe.expect:
            continue
        figures = [f"{100 * recipe.expect[name].value:.1f}" if name in recipe.expect else "" for name in MEASURES]
        rows.append(f"| `{folder.name}/{path.name}` | {recipe.about} | {' | '.join(figures)} |")
    return "\n".join(rows) + "\n"


def ladder_table(path: Path) -> str:
    """Return a Markdown table of the ladder at `path`: a row a system, R@10 at each rung in percent, and its bytes.

    Figures that the recipe does not expect are left blank.
    """
    recipe = read_recipe(path, LadderRecipe)
    top = recipe.rungs[-1]
    systems: dict[str, dict[tuple[str, str], float]] = {}
    for name, expected in recipe.expect.items():
        if name.rung.isdecimal() and name.system != MIXES:
            systems.setdefault(name.system, {})[name.rung, name.measure] = expected.value
    head = [f"R@10, {rung:,}" for rung in recipe.rungs] + [f"index at {top:,}, MB"]
    rows = [f"| system | {' | '.join(head)} |", "| --- |" + " ---: |" * len(head)]
    for system, figures in systems.items():
        recalls = [figures.get((str(rung), "R@10")) for rung in recipe.rungs]
        size = figures.get((str(top), "bytes"))
        cells = ["" if value is None else f"{100 * value:.1f}" for value in recalls]
        rows.append(f"| {system} | {' | '.join(cells)} | {'' if size is None else f'{size / 1e6:.0f}'} |")
    return "\n".join(rows) + "\n"
