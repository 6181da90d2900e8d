"""Threads that search and end without a trace in Java, and a full heap, an error that passes."""

from pathlib import Path

import pytest
from support.bridge_collections import create
from support.java_process import said

BEGIN = """
import gc, sys, threading
import lexlip_lucene
lexlip_lucene.start_jvm(heap="128m")
import jnius
from lexlip_lucene import ImpactIndex, ImpactSearcher, LexlipError
from lexlip_lucene.lucene.search.frequencies import document_frequencies
from lexlip_lucene.lucene.jvm.jvm import java_class
searcher = ImpactSearcher(sys.argv[1])
failed = []

def threads(count, work):
    def one():
        try:
            work()
        except BaseException as error:
            failed.append(repr(error))
    for _ in range(count):
        thread = threading.Thread(target=one)
        thread.start()
        thread.join()
    assert not failed, failed[0]

def search():
    assert len(searcher.search({"red": 1, "cat": 2}, k=5)) == 5

def left():
    runtime = java_class("java.lang.Runtime").getRuntime()
    runtime.gc()
    used = runtime.totalMemory() - runtime.freeMemory()
    print(java_class("java.lang.Thread").activeCount() <= 3, used < 30 << 20)
"""
NOTHING_LEFT = ["True True"]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("threads") / "index"
    create(path, [{f"d{number}": {"red": 1 + number % 9, "cat": 3, f"w{number}": 2} for number in range(300)}])
    return path


def test_three_thousand_threads_that_search_and_end_need_no_more_heap_than_one(index: Path) -> None:
    assert said(f"{BEGIN}\nthreads(3000, search)\nleft()", index) == NOTHING_LEFT


@pytest.mark.parametrize(
    "work",
    [
        "lambda: searcher.search_batch({'a': {'red': 1}, 'b': {'cat': 1}}, threads=2)",
        "lambda: (searcher.explain({'red': 1}, 'd1'), searcher.stored('d1'), searcher.refresh(), searcher.documents)",
        "lambda: searcher.frequencies(['red'])",
        "lambda: document_frequencies(__import__('pathlib').Path(sys.argv[1]), ['red'])",
        "lambda: ImpactSearcher(sys.argv[1]).close()",
        "lambda: ImpactSearcher(sys.argv[1])",
        "lambda: java_class('java.util.ArrayList')",
        "lambda: lexlip_lucene.start_jvm()",
        "lambda: (search(), jnius.detach())",
        "lambda: (search(), jnius.detach(), search())",
    ],
)
def test_every_way_into_java_lets_its_thread_end(work: str, index: Path) -> None:
    """400 threads, a third of which filled this heap once."""
    assert said(f"{BEGIN}\nthreads(400, {work})\ngc.collect()\nleft()", index) == NOTHING_LEFT


def test_a_searcher_that_another_thread_drops_keeps_no_thread(index: Path) -> None:
    script = """
kept = [ImpactSearcher(sys.argv[1]) for _ in range(200)]
threads(200, kept.pop)
local = threading.local()
def own():
    local.searcher = ImpactSearcher(sys.argv[1])
    local.searcher.search({"red": 1})
threads(200, own)
cycles = [[ImpactSearcher(sys.argv[1])] for _ in range(200)]
for cycle in cycles:
    cycle.append(cycle)
def collect():
    cycles.pop()
    gc.collect()
gc.disable()
threads(200, collect)
left()
"""
    assert said(BEGIN + script, index) == NOTHING_LEFT


def test_a_writer_in_each_of_many_threads_keeps_none_of_them(index: Path, tmp_path: Path) -> None:
    script = """
from scipy.sparse import csr_array
def write():
    with ImpactIndex.create(sys.argv[2], force=True) as index:
        index.add(["a"], csr_array([[7]]), ["red"])
threads(40, write)
left()
"""
    assert said(BEGIN + script, index, tmp_path / "written") == NOTHING_LEFT


def test_a_jvm_that_starts_in_a_thread_outlives_it(index: Path) -> None:
    script = """
import sys, threading
from lexlip_lucene import ImpactSearcher
found = []
def first():
    with ImpactSearcher(sys.argv[1]) as searcher:
        found.append(len(searcher.search({"red": 1}, k=5)))
for _ in range(3):
    thread = threading.Thread(target=first)
    thread.start()
    thread.join()
first()
print(found)
"""
    assert said(script, index) == ["[5, 5, 5, 5]"]


def test_a_thousand_threads_that_stay_alive_share_the_memory_of_their_searches(index: Path) -> None:
    script = """
stop, done = threading.Event(), []
def stay():
    try:
        search()
        done.append(1)
    except BaseException as error:
        failed.append(repr(error))
    stop.wait()
alive = [threading.Thread(target=stay) for _ in range(1000)]
for thread in alive:
    thread.start()
while len(done) + len(failed) < len(alive):
    stop.wait(0.01)
print(len(done), failed[:1])
search()
stop.set()
for thread in alive:
    thread.join()
left()
"""
    assert said(BEGIN + script, index) == ["1000 []", *NOTHING_LEFT]


def test_a_full_heap_raises_and_passes(index: Path) -> None:
    script = """
from lexlip_lucene.lucene.search.approximation import Approximation
from scipy.sparse import csr_array
large = sys.argv[2]
with ImpactIndex.create(large) as index:
    documents = 20_000
    ids, tokens = [f"d{number}" for number in range(documents)], [f"w{number}" for number in range(40)]
    index.add(ids, csr_array([[1 + (row + column) % 200 for column in range(40)] for row in range(documents)]), tokens)
many = {token: 1 for token in tokens}
opened, errors = [], []
for _ in range(200):
    try:
        opened.append(ImpactSearcher(large, cache_mb=1000))
        opened[-1].search(many, approximate=Approximation())
        opened[-1].search(many)
    except LexlipError as error:
        errors.append(str(error))
        if len(errors) == 20:
            break
print(len(errors), all("heap" in error.lower() for error in errors))
while opened:
    opened.pop().close()
search()
left()
"""
    assert said(BEGIN + script, index, index.parent / "large") == ["20 True", *NOTHING_LEFT]
