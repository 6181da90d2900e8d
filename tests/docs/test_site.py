"""The site's pages: what is generated is what the code gives, and what they name exists."""

import re
from pathlib import Path

import pytest
from typer.main import get_command

import lexlip_lucene
from lexlip_lucene.cli.main import app
from lexlip_lucene.recipes.key_tables import key_tables

ROOT = Path(__file__).resolve().parents[2]
PAGES = {
    str(path.relative_to(ROOT)): path.read_text(encoding="utf-8")
    for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("encode/*.md"))
}


def test_the_readme_is_short() -> None:
    assert PAGES["README.md"].count("\n") <= 150


def test_the_page_of_recipe_keys_is_the_one_that_the_specs_give() -> None:
    stale = "stale: python -m lexlip_lucene.recipes.key_tables > docs/recipes.md"
    assert PAGES["docs/recipes.md"] == key_tables(), stale


def test_every_recipe_key_has_a_meaning() -> None:
    rows = re.findall(r"^\| (`\w+`) \| .* \|$", key_tables(), re.MULTILINE)
    assert len(rows) > 100
    assert re.findall(r"^\| (`\w+`) \|.*\|  \|$", key_tables(), re.MULTILINE) == []


def test_every_verb_is_in_the_guide() -> None:
    verbs = getattr(get_command(app), "commands")  # noqa: B009  # Typer's own copy of click has no public type
    assert verbs
    for name in verbs:
        assert f"lexlip {name}" in PAGES["docs/guide.md"], f"docs/guide.md does not speak of `lexlip {name}`"


def test_every_public_name_is_on_the_page_of_python() -> None:
    shown = re.findall(r"^::: lexlip_lucene\.(\w+)$", PAGES["docs/python.md"], re.MULTILINE)
    assert sorted(shown) == lexlip_lucene.__all__


@pytest.mark.parametrize("page", PAGES)
def test_links_and_pictures_of_a_page_exist(page: str) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", PAGES[page])
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (ROOT / page).parent.joinpath(target).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_files_and_modules_that_a_page_names_exist(page: str) -> None:
    files = set(re.findall(r"`((?:encode|indexes|examples|tests|lexlip_lucene)/[\w./-]+\.\w+)", PAGES[page]))
    modules = {name.replace(".", "/") for name in re.findall(r"-m (lexlip_lucene(?:\.\w+)+)", PAGES[page])}
    named = sorted({*files, *(f"{module}.py" for module in modules)})
    places = [ROOT, ROOT / "lexlip_lucene"]  # `encode/` is a folder of recipes, and a room of the package
    exists = {
        name
        for name in named
        for place in places
        if (place / name).exists() or (place / name.removesuffix(".py")).is_dir()
    }
    assert sorted(set(named) - exists) == []
