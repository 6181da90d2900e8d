"""Pyserini's own `LuceneImpactSearcher` with our `LexLipQueryEncoder`, as a notebook would use them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image
from support import tiny

from lexlip_lucene.data.captions import read_captions
from lexlip_lucene.encode.encode import encode_images
from lexlip_lucene.encoders.query.query_encoder import LexLipQueryEncoder
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.java import find_jar
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher

QUERIES = ["a red circle", "two green squares over a dog", "cat", "zebra", "runs"]

NOTEBOOK = """
import json, sys
import lexlip_lucene
lexlip_lucene.start_jvm()
from pyserini.search.lucene import LuceneImpactSearcher

model, index, output, *queries = sys.argv[1:]
searcher = LuceneImpactSearcher(index, lexlip_lucene.LexLipQueryEncoder(model), min_idf=-1)
hits = {query: [(hit.docid, round(hit.score)) for hit in searcher.search(query, 10)] for query in queries}
open(output, "w").write(json.dumps(hits))
"""


@pytest.mark.skipif(find_jar().source != "pyserini", reason="Pyserini's Python runs on the jar it carries alone")
def test_pyserinis_searcher_with_our_query_encoder_gives_our_hits(tmp_path: Path) -> None:
    model = tiny.lexlip()
    model.save_pretrained(tmp_path / "model")
    (tmp_path / "photos").mkdir()
    for number in range(20):
        colour = (number * 12, 255 - number * 12, number * 5 % 256)
        Image.new("RGB", (40, 30), colour).save(tmp_path / "photos" / f"{number}.png")
    encode_images(model, read_captions(tmp_path / "photos"), tmp_path / "collection")
    ImpactIndex.build(tmp_path / "collection", tmp_path / "index")
    arguments = [str(tmp_path / name) for name in ("model", "index", "hits.json")]
    done = subprocess.run(
        [sys.executable, "-c", NOTEBOOK, *arguments, *QUERIES],
        capture_output=True,
        text=True,
        env={name: value for name, value in os.environ.items() if name != "OPENAI_API_KEY"},
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    encoder = LexLipQueryEncoder(tmp_path / "model")
    with ImpactSearcher(tmp_path / "index") as searcher:
        wanted = {
            query: [[hit.docid, hit.score] for hit in searcher.search(encoder.encode(query), 10)] for query in QUERIES
        }
    assert len(wanted["a red circle"]) == 10, "the comparison must have something to compare"
    assert wanted["zebra"] == []
    assert json.loads((tmp_path / "hits.json").read_text()) == wanted
