"""Pyserini's own modules and classes on our files: the same hits, and the same scores once rounded.

Stock Pyserini shifts tied scores apart by tiny amounts, hence the rounding. Every test reads what three Pyserini
processes left, which run at the same time: importing Pyserini takes some 10 seconds.
"""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from support.oracle import rank

from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.jvm.java import find_jar
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Document, Impacts, Run
from lexlip_lucene.vectors.collection import write_queries, write_shards

K = 50
ODD = ["##ing", "a.b", "|", "🙂", "non\u00a0breaking", "x" * 255]

# The steps of a notebook: our JVM first, then Pyserini; and once more its search module, without an encoder.
NOTEBOOK = """
import json, sys
from pathlib import Path
import lexlip_lucene.lucene.jvm.jvm
lexlip_lucene.lucene.jvm.jvm.start_jvm()
from pyserini.search.lucene import LuceneImpactSearcher

root, k = Path(sys.argv[1]), int(sys.argv[2])
queries = json.loads((root / "queries.json").read_text())

class Encoder:
    def encode(self, text):
        return queries[text]

searcher = LuceneImpactSearcher(str(root / "ours"), Encoder(), min_idf=-1)
hits = {qid: [(hit.docid, hit.score) for hit in searcher.search(qid, k)] for qid in queries}
(root / "notebook.json").write_text(json.dumps(hits))

from lexlip_lucene.pyserini import main
arguments = ["--impact", "--min-idf", "-1", "--index", str(root / "ours"), "--hits", str(k)]
arguments += ["--topics", str(root / "repeated.tsv"), "--output", str(root / "repeated.run")]
sys.exit(main(["pyserini.search.lucene", *arguments]))
"""


class Parity(NamedTuple):
    root: Path
    documents: list[Document]
    queries: dict[str, Impacts]

    def wanted(self) -> Run:
        return {qid: rank(query, self.documents, K) for qid, query in self.queries.items()}


@pytest.fixture(scope="module")
def parity(tmp_path_factory: pytest.TempPathFactory) -> Parity:
    if find_jar().source != "pyserini":
        pytest.skip("Pyserini's Python runs on the jar it carries, and on no later one")
    root = tmp_path_factory.mktemp("parity")
    chance = random.Random(2)
    words = [f"w{number}" for number in range(30)] + ODD
    vectors: list[Impacts] = [
        {"all": 1} | {word: chance.randint(1, 255) for word in chance.sample(words, 6)} for _ in range(250)
    ]
    vectors += [{"all": 1, "tie": 7}] * 80 + [{}] * 3
    documents = [Document(f"d{number}", "a picture", vector) for number, vector in enumerate(vectors)]
    queries = {f"q{number}": {word: chance.randint(1, 9) for word in chance.sample(words, 5)} for number in range(20)}
    queries |= {"ties": {"tie": 3, "all": 2}, "all": {"all": 4}}
    write_files(root, documents, queries)
    report = ImpactIndex.build(root / "collection", root / "ours")
    assert (report.documents, report.empty) == (333, 3)
    run_pyserini(root)
    return Parity(root, documents, queries)


def write_files(root: Path, documents: list[Document], queries: dict[str, Impacts]) -> None:
    (root / "collection").mkdir()
    write_shards(root / "collection", documents)
    write_queries(root / "queries.jsonl", [Document(qid, f"text of {qid}", query) for qid, query in queries.items()])
    (root / "queries.json").write_text(json.dumps(queries))
    (root / "topics.tsv").write_text("".join(f"{qid}\ttext of {qid}\n" for qid in queries))
    repeated = {qid: " ".join(" ".join([token] * n) for token, n in query.items()) for qid, query in queries.items()}
    # Without an encoder Pyserini splits at every white space, the no-break space too.
    spoken = {qid: text for qid, text in repeated.items() if "\u00a0" not in text}
    (root / "repeated.tsv").write_text("".join(f"{qid}\t{text}\n" for qid, text in spoken.items()))


def run_pyserini(root: Path) -> None:
    launcher = [sys.executable, "-m", "lexlip_lucene.pyserini"]
    vectors = ["--collection", "JsonVectorCollection", "--generator", "DefaultLuceneDocumentGenerator"]
    index = [
        "--impact",
        "--pretokenized",
        "--threads",
        "1",
        "--input",
        f"{root}/collection",
        "--index",
        f"{root}/theirs",
    ]
    search = ["--impact", "--min-idf", "-1", "--index", f"{root}/ours", "--hits", str(K)]
    files = ["--topics", f"{root}/topics.tsv", "--encoder", f"{root}/queries.jsonl", "--output", f"{root}/cached.run"]
    commands = [
        [*launcher, "pyserini.index.lucene", *vectors, *index],
        [*launcher, "pyserini.search.lucene", *search, *files],
        [sys.executable, "-c", NOTEBOOK, str(root), str(K)],
    ]
    set_by_us = ("OPENAI_API_KEY", "JAVA_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in set_by_us}
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
        for command in commands
    ]
    for process in processes:
        said, _ = process.communicate(timeout=300)
        assert process.returncode == 0, said


def rounded(path: Path) -> dict[str, list[tuple[str, int]]]:
    """Read a TREC run as qid → (docid, rounded score) in the order of the file."""
    run: dict[str, list[tuple[str, int]]] = {}
    for line in path.read_text().splitlines():
        qid, _, docid, _, score, _ = line.split()
        run.setdefault(qid, []).append((docid, round(float(score))))
    return run


def without_ranks(run: Run) -> dict[str, list[tuple[str, int]]]:
    return {qid: [(hit.docid, int(hit.score)) for hit in hits] for qid, hits in run.items()}


def test_an_index_of_pyserinis_own_module_gives_our_hits(parity: Parity) -> None:
    assert commit_facts(parity.root / "theirs") == {}
    for name in ("ours", "theirs"):
        with ImpactSearcher(parity.root / name) as searcher:
            assert searcher.search_batch(parity.queries, K) == parity.wanted()


def test_pyserinis_search_module_on_encoded_queries_gives_our_hits(parity: Parity) -> None:
    assert rounded(parity.root / "cached.run") == without_ranks(parity.wanted())


def test_pyserinis_search_module_on_repeated_tokens_gives_our_hits(parity: Parity) -> None:
    found = rounded(parity.root / "repeated.run")
    assert len(found) >= 15
    assert found == {qid: hits for qid, hits in without_ranks(parity.wanted()).items() if qid in found}


def test_pyserinis_searcher_with_an_encoder_object_gives_our_hits(parity: Parity) -> None:
    found = json.loads((parity.root / "notebook.json").read_text())
    assert {qid: [(docid, round(score)) for docid, score in hits] for qid, hits in found.items()} == without_ranks(
        parity.wanted()
    )


@pytest.mark.parametrize("arguments", [[], ["ir_measures"], ["pyserini"], ["pyserini.no.such.module"]])
def test_misuse_of_the_launcher_exits_with_2(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lexlip_lucene.pyserini", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and done.stdout == ""
    assert done.stderr.startswith("usage: python -m lexlip_lucene.pyserini MODULE") and done.stderr.count("\n") == 1


def test_without_the_jar_the_launcher_exits_with_1(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "lexlip_lucene.pyserini", "pyserini.index.lucene"],
        capture_output=True,
        text=True,
        env={**os.environ, "ANSERINI_CLASSPATH": str(tmp_path)},
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1) and done.stderr.startswith("error: no anserini-")
