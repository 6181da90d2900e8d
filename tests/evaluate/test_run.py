import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexlip_lucene.data.trec_id import columns_of, encode_id
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.evaluate.run import rank_hits, read_run, run_remarks, write_run
from lexlip_lucene.records import Hit, Run

ANY_TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
AWKWARD = st.text("% \t\n\x1c\x85\u2028\u3000\ufeff25a", min_size=1)
# The written form is its own written form, so no two of these are written alike.
ID = (ANY_TEXT | AWKWARD).map(encode_id)
SCORE = st.integers(-(2**70), 2**70) | st.floats(allow_nan=False, allow_infinity=False)
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


def test_run_is_written_in_six_columns_with_ascii_white_space_encoded_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "run.txt"
    write_run(path, {"a b#0": [Hit("100%.jpg", 12345, 1), Hit("c\u3000d/é%20\v", 0.1, 2)]}, tag="me")
    assert path.read_text() == "a%20b#0 Q0 100%.jpg 1 12345 me\na%20b#0 Q0 c\u3000d/é%20%0B 2 0.1 me\n"


@given(ANY_TEXT | AWKWARD)
def test_the_written_form_of_an_id_is_one_column_and_its_own_written_form(name: str) -> None:
    assert columns_of(encode_id(name)) == [encode_id(name)]
    assert encode_id(encode_id(name)) == encode_id(name)


def test_ids_of_other_tools_are_kept_unchanged(tmp_path: Path) -> None:
    run = read(tmp_path, "q%20 Q0 Caf%C3%A9.jpg 1 3 x\nq%20 Q0 50%off 2 2 x\nq%20\tQ0 a%FF\u3000\x1cb 3 1 x\n")
    assert [hit.docid for hit in run["q%20"]] == ["Caf%C3%A9.jpg", "50%off", "a%FF\u3000\x1cb"]


@pytest.mark.parametrize(
    ("run", "said"),
    [
        (
            {"q": [Hit("a b", 2, 1), Hit("a%20b", 1, 2)]},
            "the document ids 'a b' and 'a%20b' are both written as 'a%20b'",
        ),
        ({"q": [Hit("a b", 2, 1)], "p": [Hit("a%20b", 1, 1)]}, "the document ids 'a b' and 'a%20b'"),
        (
            {"q\t": [Hit("a", 2, 1)], "q%09": [Hit("a", 1, 1)]},
            "the topic ids 'q\\t' and 'q%09' are both written as 'q%09'",
        ),
    ],
)
def test_ids_that_would_be_written_alike_are_refused(tmp_path: Path, run: Run, said: str) -> None:
    with pytest.raises(InputError, match=re.escape(said)):
        write_run(tmp_path / "run.txt", run)
    assert not (tmp_path / "run.txt").exists()


def test_integer_scores_stay_integers(tmp_path: Path) -> None:
    hits = read(tmp_path, "q Q0 a 1 16777217 x\nq Q0 b 2 16777216.0 x\nq Q0 c 3 1e3 x\n")["q"]
    assert [(hit.score, type(hit.score)) for hit in hits] == [(16777217, int), (16777216.0, float), (1000.0, float)]


def test_hits_are_sorted_by_score_then_rank_then_docid_bytes(tmp_path: Path) -> None:
    lines = (
        "q Q0 \U0001f436 2 1 x\nq Q0 \uffee 2 1 x\nq\tQ0\tz  1 1 x\nq Q0 last 0 0.5 x\nq Q0 first 9 2 x\np Q0 a 1 1 x\n"
    )
    run = read(tmp_path, lines)
    # UTF-16 would put U+1F436 (D83D …) before U+FFEE
    assert [hit.docid for hit in run["q"]] == ["first", "z", "\uffee", "\U0001f436", "last"]
    assert list(run) == ["q", "p"]


@pytest.mark.parametrize(
    ("lines", "remarks"),
    [
        (["a 0 9", "b 0 5"], []),
        (["a 1 9", "b 1 5", "c 1 5"], []),
        (["a 1 9"], []),
        (["a 2 9", "b 1 5"], ["ranks contradict the scores in 1 of 2 topics; the scores decide"]),
        (["a 2 5", "b 1 5"], ["all scores are equal in 1 of 2 topics, so the ranks decide there"]),
        (["a 0 5", "b 0 5.0"], ["all scores are equal in 1 of 2 topics, so the ranks decide there"]),
    ],
    ids=["rank 0", "rank 1", "one hit", "contradicting", "equal scores", "equal scores and ranks"],
)
def test_scores_and_ranks_that_dont_go_together_are_remarked_on(
    tmp_path: Path, lines: list[str], remarks: list[str]
) -> None:
    text = "".join(f"q Q0 {line} x\n" for line in lines)
    assert run_remarks(read(tmp_path, f"p Q0 a 1 2 x\np Q0 b 2 1 x\n{text}")) == remarks


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
    ],
)
def test_broken_line_is_named_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        read(tmp_path, f"p Q0 ok 1 5 x\n{line}\n")
    assert str(caught.value) == f"{tmp_path}/run.txt:2: {said}"


def test_missing_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="run: no such file"):
        read_run(tmp_path / "none")


def test_run_that_exists_is_overwritten_only_by_force(tmp_path: Path) -> None:
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
