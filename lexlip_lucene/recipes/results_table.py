"""The README's results table, made from the figures that the index recipes expect.

A figure stands in one place, its recipe; `lexlip bench` holds it to account there.
"""

from pathlib import Path

from lexlip_lucene.recipes.index_recipe import IndexRecipe
from lexlip_lucene.recipes.ladder_recipe import is_ladder
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
