"""Searching from several threads while the index changes, is closed, or goes away."""

import random
import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from support.bridge_collections import create, documents_of, rows
from support.oracle import rank

from lexlip_lucene.errors import InputError, SearchError
from lexlip_lucene.lucene.index.impact_index import ImpactIndex
from lexlip_lucene.lucene.search.approximation import EVERYTHING, Approximation
from lexlip_lucene.lucene.search.bm25_searcher import Bm25Searcher
from lexlip_lucene.lucene.search.impact_searcher import ImpactSearcher
from lexlip_lucene.records import Hit, Impacts

QUERIES: dict[str, Impacts] = {
    "all": {"all": 2},
    "version": {"version": 3, "w1": 1},
    "rare": {"w1": 5, "w2": 7},
    "many": {f"w{number}": 1 + number for number in range(20)} | {"all": 1},
}
K = 7
PATIENCE = 60
"""Seconds after which a thread that has not ended is stuck."""


def vector(number: int, version: int) -> Impacts:
    return {"all": 1 + number % 3, "version": 1 + version, f"w{number % 20}": 1 + (number * version) % 200}


class History:
    """The states of an index that is written to, and their answers. A state is listed before it is committed."""

    def __init__(self, first: dict[str, Impacts]) -> None:
        self.states = [first]
        self.committed = 0
        self._hits: dict[tuple[int, str], list[Hit]] = {}

    def begin(self, state: dict[str, Impacts]) -> None:
        self.states.append(state)

    def end(self) -> None:
        self.committed = len(self.states) - 1

    def hits(self, state: int, qid: str) -> list[Hit]:
        if (state, qid) not in self._hits:
            self._hits[state, qid] = rank(QUERIES[qid], documents_of(self.states[state]), K)
        return self._hits[state, qid]


class Threads:
    """Several threads that repeat the same work until the block ends, which raises their errors."""

    def __init__(self, *works: Callable[[], None]) -> None:
        self._stop = threading.Event()
        self._errors: list[BaseException] = []
        self.rounds = [0] * len(works)
        self._threads = [threading.Thread(target=self._run, args=(n, work)) for n, work in enumerate(works)]

    def _run(self, number: int, work: Callable[[], None]) -> None:
        try:
            while not self._stop.is_set():
                work()
                self.rounds[number] += 1
        except BaseException as error:
            self._errors.append(error)
            self._stop.set()

    def __enter__(self) -> "Threads":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()
        if self._errors:
            raise self._errors[0]


def check_once(searcher: ImpactSearcher, history: History, chance: random.Random) -> None:
    """Ask everything once: every answer is that of one state which the searcher could see."""
    oldest = history.committed
    searcher.refresh()
    qid, number = chance.choice(list(QUERIES)), chance.randrange(60)
    everything = Approximation(EVERYTHING, EVERYTHING, 1000) if chance.random() < 0.3 else None
    found = searcher.search(QUERIES[qid], K, approximate=everything)
    batch = searcher.search_batch(QUERIES, K, threads=chance.choice([1, 3]))
    try:
        explained = searcher.explain(QUERIES["version"], f"d{number}").score
        assert searcher.stored(f"d{number}") == {"id": f"d{number}"}
    except InputError:
        explained = 0
    states = range(oldest, len(history.states))
    assert any(found == history.hits(state, qid) for state in states)
    assert any(all(batch[q] == history.hits(state, q) for q in QUERIES) for state in states)  # one state for a batch
    scores = {0} | {
        sum(w * history.states[s].get(f"d{number}", {}).get(t, 0) for t, w in QUERIES["version"].items())
        for s in states
    }
    assert explained in scores


@pytest.mark.parametrize("cache_mb", [None, 0])
def test_every_answer_beside_a_writer_is_that_of_a_committed_state(cache_mb: int | None, tmp_path: Path) -> None:
    first = {f"d{number}": vector(number, 0) for number in range(30)}
    create(tmp_path / "index", [first])
    history, chance = History(first), random.Random(7)
    with ImpactSearcher(tmp_path / "index", cache_mb=cache_mb) as searcher:
        works = [partial(check_once, searcher, history, random.Random(number)) for number in range(4)]
        with Threads(*works) as threads:
            for version in range(1, 11):
                state = dict(history.states[-1])
                gone = chance.sample(sorted(state), 5)
                new = {f"d{number}": vector(number, version) for number in chance.sample(range(60), 12)}
                state = {docid: vector for docid, vector in state.items() if docid not in gone} | new
                history.begin(state)
                with ImpactIndex.open(tmp_path / "index") as index:
                    index.delete(gone)
                    index.add(*rows(new), replace=True)
                    if version % 3 == 0:
                        index.merge()
                history.end()
        assert min(threads.rounds) > 0
        searcher.refresh()
        assert searcher.documents == len(history.states[-1]) == int(searcher.facts["documents"])


def handles(index: Path) -> tuple[int, int]:
    """Count the open files of this process in `index`, and its mapped files there."""
    own = Path("/proc/self")
    if not own.exists():
        pytest.skip("no /proc on this machine: open files can't be counted")
    opened = 0
    for link in (own / "fd").iterdir():
        try:
            opened += str(index) in str(link.readlink())
        except FileNotFoundError:  # the one that lists this folder
            continue
    return opened, sum(str(index) in line for line in (own / "maps").read_text().splitlines())


def test_nothing_stays_open(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [{f"d{number}": vector(number, 0)} for number in range(5)])
    everything = len(list(Path("/proc/self/fd").iterdir())) if Path("/proc").exists() else 0
    for round_ in range(10):
        with ImpactSearcher(index) as searcher:
            assert len(searcher.search({"all": 1})) == 5
            with ImpactIndex.open(index) as writing:
                writing.add(*rows({"d0": vector(0, round_)}), replace=True)
            assert searcher.refresh() and len(searcher.search({"all": 1}, approximate=Approximation())) == 5
        with pytest.raises(InputError), ImpactIndex.open(index) as writing:
            writing.delete(["nobody"])
        with pytest.raises(SearchError, match="an index of kind bm25 is needed"):
            Bm25Searcher(index)
    assert handles(index) == (0, 0)
    assert len(list(Path("/proc/self/fd").iterdir())) <= everything + 5


def test_closing_while_threads_search_is_a_clear_error_and_lets_go_of_the_files(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [{f"d{part * 1000 + number}": vector(number, part) for number in range(1000)} for part in range(3)])
    many = {f"q{number}": QUERIES["many"] for number in range(50)}
    for _ in range(10):
        searcher = ImpactSearcher(index, cache_mb=random.Random(_).choice([0, 10]))
        ended: list[str] = []

        def work(searcher: ImpactSearcher = searcher, ended: list[str] = ended) -> None:
            try:
                while True:
                    assert all(len(hits) == K for hits in searcher.search_batch(many, K, threads=2).values())
                    searcher.refresh()
                    searcher.stored("d1")
            except SearchError as error:
                ended.append(str(error))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        threading.Event().wait(0.01)
        searcher.close()
        searcher.close()
        for thread in threads:
            thread.join(PATIENCE)
        assert len(ended) == 4 and all(str(index) in said and "closed" in said for said in ended), ended
    assert handles(index) == (0, 0)


def test_an_index_rebuilt_in_its_place_is_seen_by_refresh(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [{"a": {"x": 1}}])
    with ImpactSearcher(index) as searcher:
        for version in range(2, 6):
            with ImpactIndex.create(index, force=True) as writing:
                writing.add(*rows({"a": {"x": version}} | {f"more{n}": {"y": 1} for n in range(version % 3)}))
            assert searcher.search({"x": 1})[0].score == version - 1
            assert searcher.refresh() and not searcher.refresh()
            assert searcher.search({"x": 1})[0].score == version
            assert searcher.documents == 1 + version % 3 == int(searcher.facts["documents"])
    assert handles(index) == (0, 0)


def test_an_index_that_is_removed_is_searched_to_the_end_and_refresh_says_so(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [{"a": {"x": 1}}, {"b": {"x": 2}}])
    with ImpactSearcher(index) as searcher:
        shutil.rmtree(index)
        for _ in range(2):
            assert list(searcher.search({"x": 1})) == [("b", 2, 1), ("a", 1, 2)]
            assert searcher.stored("a") == {"id": "a"} and searcher.explain({"x": 3}, "b").score == 6
            with pytest.raises(InputError, match=f"index: no such folder: {index}"):
                searcher.refresh()
    with pytest.raises(InputError, match=f"no such folder: {index}"):
        ImpactSearcher(index)


def test_many_searchers_of_one_index_do_not_disturb_each_other(tmp_path: Path) -> None:
    index = tmp_path / "index"
    create(index, [{"a": {"x": 1}}])
    searchers = []
    for version in range(2, 12):
        searchers.append(ImpactSearcher(index))
        with ImpactIndex.open(index) as writing:
            writing.add(*rows({"a": {"x": version}}), replace=True)
            writing.merge()
    for version, searcher in enumerate(searchers, start=1):
        assert [hit.score for hit in searcher.search({"x": 1})] == [version]
        searcher.close()
    assert handles(index) == (0, 0)
