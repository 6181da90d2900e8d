"""The places of tokens on a collection's lines: kept by encoding, stored by an index, read again."""

from pathlib import Path

import numpy as np
import orjson
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from support import tiny

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.explain.patch_maps import patch_maps
from lexlip_lucene.encoders.model.class_path import ClassPath
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.errors import InputError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.recipes.model_spec import ClassPathSpec, ViewSpec
from lexlip_lucene.vectors.collection import read_collection
from lexlip_lucene.vectors.manifest import read_manifest
from lexlip_lucene.vectors.patch_map import Box, Cell, Grid
from lexlip_lucene.vectors.positions import Positions, format_positions, parse_positions

VIEWS = tiny.VIT.model_copy(update={"views": (ViewSpec(), ViewSpec(mirrored=True))})
VECTOR = {"red": 210, "circle": 94, "on": 5, "a": 5}


def test_the_text_of_places_is_short_and_says_its_grid() -> None:
    """By falling impact, equal ones by token: red, circle, a, on."""
    text = format_positions(Grid(8, 8), VECTOR, {"red": 27, "circle": 0, "on": 63})
    assert text == "8x8 27 0 - 63"
    found = parse_positions(text, VECTOR, "here")
    assert found == Positions(Grid(8, 8), {"red": Cell(3, 3), "circle": Cell(0, 0), "on": Cell(7, 7)})
    assert found.box("circle") == Box(0, 0, 0.125, 0.125) and found.box("a") is found.box("blue") is None
    assert format_positions(Grid(4, 5, -0.44), {}, {}) == "4x5-0.44"
    assert format_positions(Grid(4, 5, 0.5), {}, {}) == "4x5+0.5"


@given(
    rows=st.integers(1, 30),
    columns=st.integers(1, 30),
    hundredths=st.integers(-99, 99),
    named=st.dictionaries(st.text(min_size=1, max_size=9), st.tuples(st.integers(1, 3), st.integers(-1, 10**6))),
)
def test_what_is_written_is_read_again(
    rows: int, columns: int, hundredths: int, named: dict[str, tuple[int, int]]
) -> None:
    grid = Grid(rows, columns, hundredths / 100)
    vector = {token: impact for token, (impact, _) in named.items()}
    numbers = {token: number % (rows * columns) for token, (_, number) in named.items() if number >= 0}
    found = parse_positions(format_positions(grid, vector, numbers), vector, "here")
    assert found == Positions(grid, {token: grid.cell(number) for token, number in numbers.items()})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must begin with a grid like 8x8, got ''"),
        ("8×8 1", "must begin with a grid like 8x8, got '8×8'"),
        ("0x4", "must begin with a grid"),
        ("8x8-", "must begin with a grid"),
        ("2x2 1 2 3", "4 tokens need as many positions, but there are 3"),
        ("2x2 1 2 3 0 1", "4 tokens need as many positions, but there are 5"),
        ("2x2 1 2 3 4", "must be a number below 4, or -, got '4'"),
        ("2x2 1 2 3 -1", "must be a number below 4, or -, got '-1'"),
        ("2x2 1 2 3 ", "must be a number below 4, or -, got ''"),
    ],
)
def test_a_text_that_holds_no_positions_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=f"^here: .*{message}"):
        parse_positions(text, VECTOR, "here")


@pytest.fixture(scope="module", params=["places alone", "views"])
def model(request: pytest.FixtureRequest) -> LexLip:
    made = tiny.lexlip(VIEWS if request.param == "views" else tiny.VIT)
    with torch.no_grad():
        made.image.head.tokens.weight.mul_(20)
    return made


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw eight pictures of noise, and write one file that is not a picture."""
    folder = tmp_path_factory.mktemp("photos")
    chance = np.random.default_rng(5)
    for number in range(8):
        noise = Image.fromarray(chance.integers(0, 256, (4, 4, 3), dtype=np.uint8))
        noise.resize((32, 32), Image.Resampling.NEAREST).save(folder / f"{number}.png")
    (folder / "broken.png").write_text("no picture")
    return folder


def lines(collection: Path) -> dict[str, dict[str, object]]:
    records = [orjson.loads(line) for shard in collection.iterdir() for line in shard.read_bytes().splitlines()]
    return {record["id"]: record for record in records}


def test_encoding_keeps_the_places_of_the_maps_and_nothing_else_changes(
    model: LexLip, photos: Path, tmp_path: Path
) -> None:
    images = read_captions(photos)
    plain = encode_images(model, images, tmp_path / "plain", precision="float32", top_k=6)
    report = encode_images(model, images, tmp_path / "placed", precision="float32", top_k=6, positions=True)
    assert report[:4] == plain[:4] and report.rejected == 1
    assert list(read_collection(tmp_path / "placed")) == list(read_collection(tmp_path / "plain"))
    assert all("positions" not in line for line in lines(tmp_path / "plain").values())
    without = 0
    for docid, line in lines(tmp_path / "placed").items():
        vector = line["vector"]
        assert isinstance(vector, dict)
        kept = parse_positions(str(line["positions"]), vector, docid)
        assert kept.grid == Grid(2, 2) and kept.cells.keys() <= vector.keys()
        for found in patch_maps(model, Image.open(photos / docid), list(vector)):
            if found.token in kept.cells:
                assert found.weights[kept.cells[found.token]] == pytest.approx(found.weight, rel=1e-5)
            else:
                without += 1
                assert found.placeless == pytest.approx(1)
    assert (without > 0) == bool(model.image.spec.views)


def test_a_word_that_only_the_classes_gave_has_no_place(photos: Path, tmp_path: Path) -> None:
    """No position has it: the collection names no place, and neither does the map."""
    model = tiny.lexlip()
    star = model.lexicon.position_of_token["star"]
    with torch.no_grad():
        model.image.head.tokens.bias.fill_(1)
        model.image.head.tokens.bias[star] = -1e3
    classes = ClassPath(ClassPathSpec(words=1), model.image.tower.width, len(model.lexicon))
    classes.fill(torch.eye(len(model.lexicon))[star].expand(1000, -1))
    model.image.class_path = classes
    encode_images(model, read_captions(photos), tmp_path / "placed", precision="float32", positions=True)
    for docid, line in lines(tmp_path / "placed").items():
        vector = line["vector"]
        assert isinstance(vector, dict) and vector["star"] > 0
        kept = parse_positions(str(line["positions"]), vector, docid)
        assert kept.cells.keys() == vector.keys() - {"star"}
        of_classes, of_places = patch_maps(model, Image.open(photos / docid), ["star", "red"])
        assert of_classes.is_of_no_place and of_classes.placeless == pytest.approx(1)
        assert not of_places.is_of_no_place


def test_the_manifest_says_the_grid(model: LexLip, photos: Path, tmp_path: Path) -> None:
    images = read_captions(photos)
    for positions, grid in ((False, None), (True, "2x2")):
        encode_images(model, images, tmp_path / "c", positions=positions, force=True)
        manifest = read_manifest(tmp_path / "c")
        assert manifest is not None and manifest.grid == grid


def test_an_index_that_stores_them_gives_them_back(model: LexLip, photos: Path, tmp_path: Path) -> None:
    encode_images(model, read_captions(photos), tmp_path / "c", positions=True)
    ImpactIndex.build(tmp_path / "c", tmp_path / "index", store=["positions"])
    with ImpactSearcher(tmp_path / "index") as searcher:
        for docid, line in lines(tmp_path / "c").items():
            assert searcher.stored(docid) == {"id": docid, "positions": line["positions"]}
            assert searcher.vector(docid) == line["vector"]
