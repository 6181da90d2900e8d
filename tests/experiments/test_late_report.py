"""The table of re-ranking by patches: forms, controls, and what each row re-ranks."""

from pathlib import Path

import numpy as np
import orjson
import pytest
from support import tiny
from support.noise_photos import noise_photos
from support.patches import pictures, store_of

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encode.patch_output import PatchForm
from lexlip_lucene.encoders.model.lexlip import LexLip
from lexlip_lucene.experiments.late.cost import main as cost_of
from lexlip_lucene.experiments.late.cost import repeated
from lexlip_lucene.experiments.late.forms import Patches, averaged, in_form, shuffled
from lexlip_lucene.experiments.late.report import main
from lexlip_lucene.late.clusters import clustered
from lexlip_lucene.late.patch_store import PatchStore
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.recipes.model_spec import LateSpec

PICTURES = 14


def test_forms_give_back_what_a_store_would_and_count_its_bytes() -> None:
    whole = Patches(pictures({"a": 5, "b": 3}))
    width = whole.documents["a"].shape[1]
    same = in_form(whole, "float16", None)
    assert same.bytes == 4 * 2 * width
    assert same.vectors(["a"])[0] == pytest.approx(whole.documents["a"], abs=1e-3)
    few = in_form(whole, "int8", 2)
    assert few.vectors(["b"])[0] == pytest.approx(clustered(whole.documents["b"], 2), abs=1e-2)


def test_controls_have_lost_what_late_interaction_needs() -> None:
    whole = Patches(pictures({f"d{n}": 4 for n in range(6)}))
    mixed = shuffled(whole)
    assert sorted(map(repr, mixed.documents.values())) == sorted(map(repr, whole.documents.values()))
    assert any(not np.array_equal(mixed.documents[docid], whole.documents[docid]) for docid in whole.documents)
    [mean] = averaged(whole).vectors(["d0"])[0]
    assert np.linalg.norm(mean) == pytest.approx(1)
    assert mean == pytest.approx(whole.documents["d0"].mean(0) / np.linalg.norm(whole.documents["d0"].mean(0)))


def test_the_report_has_every_row_and_its_first_is_the_first_stage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.lexlip(late=LateSpec(width=8, mix=0.3)).save_pretrained(tmp_path / "model")
    noise_photos(tmp_path / "photos", PICTURES)
    images = read_captions(tmp_path / "photos")
    whole = PatchForm("float16", None)
    model = LexLip.from_pretrained(tmp_path / "model")
    encode_images(model, images, tmp_path / "collection", patches=tmp_path / "patches", patch_form=whole)
    ImpactIndex.build(tmp_path / "collection", tmp_path / "index")
    (tmp_path / "topics.tsv").write_text("q0\ta red dog\nq1\ttwo cats over a square\n")
    (tmp_path / "qrels.txt").write_text("q0 0 00.png 1\nq1 0 03.png 1\n")
    named = [f"--{name}={tmp_path / file}" for name, file in (("topics", "topics.tsv"), ("qrels", "qrels.txt"))]
    named += [f"--model={tmp_path / 'model'}", f"--late={tmp_path / 'patches'}", f"--output={tmp_path / 'report'}"]
    main([str(tmp_path / "index"), *named])
    rows = orjson.loads((tmp_path / "report" / "late.json").read_bytes())
    assert [row["name"] for row in rows if row["group"] == "hits"] == ["1", "10", "all 14", "all 14, late score only"]
    assert rows[0]["group"] == "first stage" and len([row for row in rows if row["group"] == "form"]) == 12
    one_hit = next(row for row in rows if row["name"] == "1")
    assert one_hit["recall"] == rows[0]["recall"], "one hit has no other order"
    assert (tmp_path / "report" / "late-hits.svg").exists() and (tmp_path / "report" / "late-bytes.svg").exists()
    assert capsys.readouterr().out.count("\n| ") == len(rows) + 1
    costly = [f"--model={tmp_path / 'model'}", f"--late={tmp_path / 'patches'}", f"--topics={tmp_path / 'topics.tsv'}"]
    cost_of([*costly, "--documents=100", "--hits=20"])
    record = orjson.loads(capsys.readouterr().out)
    assert (record["documents"], record["queries"], record["hits"]) == (100, 2, 20)
    assert 0 < record["median_milliseconds"] <= record["p95_milliseconds"] and record["open_milliseconds"] > 0
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir() and path.name.startswith("tmp")) == []


def test_the_large_store_repeats_the_pictures_of_the_small_one(tmp_path: Path) -> None:
    small = pictures({"a": 2, "b": 3})
    store_of(tmp_path / "small", small)
    repeated(tmp_path / "small", tmp_path / "large", 5)
    with PatchStore.open(tmp_path / "small") as few, PatchStore.open(tmp_path / "large") as many:
        assert many.documents == 5
        for place, docid in enumerate(["a", "b", "a", "b", "a"]):
            assert np.array_equal(many.vectors([f"{place:08d}"])[0], few.vectors([docid])[0])
