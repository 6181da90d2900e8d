from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lexlip_lucene.data.qrels import read_qrels, write_qrels
from lexlip_lucene.data.trec_id import encode_id
from lexlip_lucene.errors import InputError, OutputError
from lexlip_lucene.records import Qrel

# The written form is its own written form, so no two of these are written alike.
ID = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).map(encode_id)
QRELS = st.lists(st.builds(Qrel, ID, ID, st.integers(-2, 4)), min_size=1, unique_by=lambda qrel: (qrel.qid, qrel.docid))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(qrels=QRELS)
def test_written_qrels_are_read_back(tmp_path: Path, qrels: list[Qrel]) -> None:
    write_qrels(tmp_path / "qrels.txt", qrels, force=True)
    assert read_qrels(tmp_path / "qrels.txt") == qrels


def test_qrels_are_written_in_four_columns_with_ascii_white_space_encoded_and_nothing_else(tmp_path: Path) -> None:
    write_qrels(tmp_path / "qrels.txt", [Qrel("a b#0", "100%.jpg", 1)])
    assert (tmp_path / "qrels.txt").read_text() == "a%20b#0 0 100%.jpg 1\n"


def test_ids_of_other_tools_are_kept_unchanged(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").write_text("50%off 0 Caf%C3%A9\u3000.jpg 2\n")
    assert read_qrels(tmp_path / "qrels.txt") == [Qrel("50%off", "Caf%C3%A9\u3000.jpg", 2)]


def test_ids_that_would_be_written_alike_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the document ids 'a b' and 'a%20b' are both written as 'a%20b'"):
        write_qrels(tmp_path / "qrels.txt", [Qrel("q", "a b", 1), Qrel("p", "a%20b", 1)])
    assert not (tmp_path / "qrels.txt").exists()


def test_qrels_of_others_may_have_tabs_and_other_second_columns(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").write_text("q\tQ0\td\t2\r\n\r\n")
    assert read_qrels(tmp_path / "qrels.txt") == [Qrel("q", "d", 2)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("q 0 a", "qrels have 4 columns (qid 0 docid grade), here are 3"),
        ("q Q0 a 1 5 lexlip", "qrels have 4 columns (qid 0 docid grade), here are 6"),
        ("q 0 a high", "the grade must be an integer, but it is 'high'"),
        ("q 0 a 1.0", "the grade must be an integer, but it is '1.0'"),
    ],
)
def test_broken_line_is_named_with_file_and_line(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "qrels.txt"
    path.write_text(f"p 0 ok 1\n{line}\n")
    with pytest.raises(InputError) as caught:
        read_qrels(path)
    assert str(caught.value) == f"{path}:2: {said}"


def test_pair_that_is_judged_twice_names_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "qrels.txt"
    path.write_text("q 0 a 1\nq 0 b 1\nq 0 a 1\n")
    with pytest.raises(InputError, match=f"{path}:3: 'a' is judged for 'q' already at {path}:1"):
        read_qrels(path)


def test_empty_qrels_are_refused(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").touch()
    with pytest.raises(InputError, match="qrels: no judgement in"):
        read_qrels(tmp_path / "qrels.txt")


def test_missing_qrels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="qrels: no such file"):
        read_qrels(tmp_path / "none")


def test_qrels_that_exist_are_overwritten_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "qrels.txt").touch()
    with pytest.raises(OutputError, match="exists already"):
        write_qrels(tmp_path / "qrels.txt", [])
