"""The benchmark of the first hit: its commands find something, and its costs are those of the commands."""

from collections.abc import Callable
from pathlib import Path

import pytest
from support import tiny
from support.cli_run import done
from support.photo_folder import photo

from lexlip_lucene.experiments.encoding.startup import Cost, report, search_cost, serve_cost

QUERY = " ".join(tiny.WORDS)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """An index of one photo, and its model."""
    root = tmp_path_factory.mktemp("startup")
    tiny.lexlip().save_pretrained(root / "model")
    photo(root / "album/1.png", 1)
    return Path(done("photos", root / "album", "--no-serve", "--model", root / "model")["index"]), root / "model"


@pytest.mark.parametrize("cost_of", [search_cost, serve_cost])
def test_a_command_is_measured_until_its_hit(
    made: tuple[Path, Path], cost_of: Callable[[Path, Path, str], Cost]
) -> None:
    cost = cost_of(*made, QUERY)
    assert cost.wall > 0 and cost.cpu > 0
    assert 20 < cost.memory < 4000, "MB of a Python process with a JVM"


def test_a_query_that_finds_nothing_is_no_measurement(made: tuple[Path, Path]) -> None:
    for cost_of in (search_cost, serve_cost):
        with pytest.raises(RuntimeError, match="the query finds nothing"):
            cost_of(*made, "unheard-of")


def test_the_report_has_the_median_and_the_range() -> None:
    found = report([Cost(3, 1, 5), Cost(1, 2, 5), Cost(2, 9, 5)])
    assert found["wall"] == {"median": 2, "least": 1, "most": 3}
    assert found["cpu"] == {"median": 2, "least": 1, "most": 9}
