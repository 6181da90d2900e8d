from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.evaluate.run import rank_hits, read_run, write_run
from lexlip_lucene.records import Hit, Run

ID = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8) | st.text(
    "% \t\n\u3000\ufeff25a", min_size=1
)
SCORE = st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
SCORED = st.dictionaries(ID, SCORE, min_size=1, max_size=6).map(lambda scores: list(scores.items()))
RUNS = st.dictionaries(ID, SCORED.map(lambda scored: rank_hits(scored, 100)), max_size=4)


def read(tmp_path: Path, content: str) -> Run:
    path = tmp_path / "run.txt"
    path.write_text(content)
    return read_run(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(run=RUNS)
def test_written_run_is_read_back(tmp_path: Path, run: Run) -> None:
    path = tmp_path / "run.txt"
    write_run(path, run, force=True)
    back = read_run(path)
    assert back == run
    assert list(back) == list(run)
    assert [type(hit.score) for hits in back.values() for hit in hits] == [
        type(hit.score) for hits in run.values() for hit in hits
    ]


def test_run_is_written_in_six_columns_with_white_space_and_percent_encoded(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    write_run(path, {"a b#0": [Hit("100%.jpg", 12345, 1), Hit("c\u3000d/é", 0.1, 2)]}, tag="me")
    assert path.read_text() == "a%20b#0 Q0 100%25.jpg 1 12345 me\na%20b#0 Q0 c%E3%80%80d/é 2 0.1 me\n"


def test_integer_scores_stay_integers(tmp_path: Path) -> None:
    hits = read(tmp_path, "q Q0 a 1 16777217 x\nq Q0 b 2 16777216.0 x\nq Q0 c 3 1e3 x\n")["q"]
    assert [(hit.score, type(hit.score)) for hit in hits] == [(16777217, int), (16777216.0, float), (1000.0, float)]


def test_hits_are_sorted_by_rank_and_equal_ranks_by_docid_bytes(tmp_path: Path) -> None:
    lines = "q Q0 \U0001f436 2 1 x\nq Q0 \uffee 2 9 x\nq\tQ0\tz  1 0 x\np Q0 a 1 1 x\n"
    run = read(tmp_path, lines)
    # UTF-16 would put U+1F436 (D83D …) before U+FFEE
    assert [hit.docid for hit in run["q"]] == ["z", "\uffee", "\U0001f436"]
    assert list(run) == ["q", "p"]


def test_empty_run_is_read_as_no_topic(tmp_path: Path) -> None:
    assert read(tmp_path, "") == {}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("q Q0 a 1 5", "a run has 6 columns (qid Q0 docid rank score tag), here are 5"),
        ("q Q0 a 1 5 x y", "a run has 6 columns (qid Q0 docid rank score tag), here are 7"),
        ("q Q0 a first 5 x", "the rank must be an integer, but it is 'first'"),
        ("q Q0 a 1.5 5 x", "the rank must be an integer, but it is '1.5'"),
        ("q Q0 a 1 five x", "the score must be a finite number, but it is 'five'"),
        ("q Q0 a 1 nan x", "the score must be a finite number, but it is 'nan'"),
        ("q Q0 a 1 1e999 x", "the score must be a finite number, but it is '1e999'"),
        ("q Q0 a 1 1_000 x", "the score must be a finite number, but it is '1_000'"),
        ("p Q0 ok 1 5 x", "a document may be once in a topic, but 'ok' is twice in 'p'"),
        ("q Q0 50%off 1 5 x", "'%' in an id must be written as %25, but there is '50%off'"),
        ("q Q0 a%FF 1 5 x", "percent-encoded bytes in an id must be UTF-8, but there is 'a%FF'"),
    ],
)
def test_broken_line_is_named_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"p Q0 ok 1 5 x\n{line}\n")
    assert str(caught.value) == f"{tmp_path}/run.txt:2: {said}"


def test_missing_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run: no such file"):
        read_run(tmp_path / "none")


def test_run_that_exists_is_overwritten_by_force_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    path.write_text("mine")
    with pytest.raises(OutputError, match="exists already"):
        write_run(path, {})
    assert path.read_text() == "mine"


@pytest.mark.parametrize("tag", ["", "two words", "line\n"])
def test_tag_that_is_not_one_word_is_refused(tmp_path: Path, tag: str) -> None:
    with pytest.raises(InputError, match="must be one word"):
        write_run(tmp_path / "run.txt", {}, tag=tag)


def test_empty_id_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="must not be empty"):
        write_run(tmp_path / "run.txt", {"q": [Hit("", 1, 1)]})
    assert not (tmp_path / "run.txt").exists()


def test_best_hits_come_first_and_ties_go_to_the_smaller_docid() -> None:
    scored = [("b", 5), ("c", 7), ("a", 5), ("B", 5), ("d", 1)]
    assert rank_hits(scored, 4) == [Hit("c", 7, 1), Hit("B", 5, 2), Hit("a", 5, 3), Hit("b", 5, 4)]


@given(st.dictionaries(ID, st.integers(0, 3)), st.integers(1, 9))
def test_order_of_the_input_does_not_matter_and_bytes_break_ties(scores: dict[str, int], k: int) -> None:
    hits = rank_hits(scores.items(), k)
    assert hits == rank_hits(reversed(scores.items()), k)
    by_bytes = sorted(scores, key=lambda docid: (-scores[docid], docid.encode()))
    assert [hit.docid for hit in hits] == by_bytes[:k]
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))


@pytest.mark.parametrize("k", [0, -1])
def test_number_of_hits_below_one_is_refused(k: int) -> None:
    with pytest.raises(InputError, match=f"at least 1, but it is {k}"):
        rank_hits([("a", 1)], k)
