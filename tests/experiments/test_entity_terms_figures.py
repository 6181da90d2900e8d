"""Queries with a name, with entity terms and without, on a few posts with a model that has learned nothing."""

from pathlib import Path

import orjson
import pytest
from support import tiny

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.demo.posts import write_posts
from lexlip_lucene.experiments.entities import terms
from lexlip_lucene.experiments.entities.terms import queries_with_a_name
from lexlip_lucene.progress import SILENT


@pytest.fixture(scope="module")
def posts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("posts") / "posts"
    write_posts(folder, train=0, valid=0, test=40, seed=0, progress=SILENT)
    return folder


def test_a_query_s_posts_have_its_name_and_its_thing(posts: Path) -> None:
    images = {image.id: image.captions[0] for image in read_captions(posts / "captions.jsonl", split="test")}
    relevant = queries_with_a_name(read_captions(posts / "captions.jsonl", split="test")).relevant
    assert relevant
    for query, docids in relevant.items():
        name, thing = query.split(" next to a ")
        assert docids and all(name in images[docid] and thing in images[docid] for docid in docids)


def test_names_are_found_by_their_terms_and_other_queries_have_the_same_hits(
    posts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny.lexlip().save_pretrained(tmp_path / "model")
    lines = []
    for image in read_captions(posts / "captions.jsonl", split="test"):
        names = [name for name in terms.NAMES if f" {name} " in f" {image.captions[0]} "]
        entities = [{"text": name, "type": "PER", "p": 1.0} for name in names]
        lines.append(orjson.dumps({"id": f"{image.id}#0", "entities": entities}))
    (tmp_path / "tags.jsonl").write_bytes(b"\n".join(lines))
    arguments = ["--model", tmp_path / "model", "--tags", tmp_path / "tags.jsonl", "--output", tmp_path / "out"]
    terms.main([str(posts), *map(str, arguments)])
    rows = [line.split(" | ") for line in capsys.readouterr().out.splitlines()[2:] if line]
    pictures, named, _ = rows
    assert float(named[1]) > 2 * float(pictures[1])
    assert pictures[-1] == named[-1] == "0 |"
