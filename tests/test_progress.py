"""Progress: the lines and bars that are written while work is under way."""

import re
import sys
import time
from collections.abc import Iterator

import pytest

from lexlip_lucene.progress import SILENT, Bars, Lines, Progress, for_terminal


@pytest.mark.parametrize("reporter", [SILENT, Lines(), Lines(0), Bars()])
def test_all_items_pass_and_stdout_stays_clean(reporter: Progress, capsys: pytest.CaptureFixture[str]) -> None:
    assert list(reporter.track("abc", "reading", 3)) == ["a", "b", "c"]
    assert list(reporter.track(iter("abc"), "reading")) == ["a", "b", "c"]
    assert list(reporter.track([], "reading", 0)) == []
    reporter.note("done")
    assert capsys.readouterr().out == ""


def test_the_library_is_silent_by_default(capsys: pytest.CaptureFixture[str]) -> None:
    list(SILENT.track("abc", "reading"))
    SILENT.note("done")
    assert capsys.readouterr().err == ""


def test_quick_work_says_one_line_and_slow_work_says_how_far_it_is(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: seconds)
    for _ in Lines(10).track(range(100), "encoding", 100):
        seconds += 0.25  # 100 items in 25 seconds: at 10 s 40 are done at 4/s, so 60 are left for 15 s
    assert capsys.readouterr().err.splitlines() == [
        "encoding: 40/100 (4.0/s, 15 s left)",
        "encoding: 80/100 (4.0/s, 5 s left)",
        "encoding: 100 in 25.0 s (4.0/s)",
    ]


def test_work_without_a_known_total_says_what_is_done(capsys: pytest.CaptureFixture[str]) -> None:
    list(Lines(0).track("ab", "reading"))
    lines = capsys.readouterr().err.splitlines()
    assert [re.sub(r"[0-9.]+ s \(.*", "…", line) for line in lines] == [
        "reading: 1 in …",
        "reading: 2 in …",
        "reading: 2 in …",
    ]


def test_work_that_fails_does_not_claim_to_be_done(capsys: pytest.CaptureFixture[str]) -> None:
    def broken() -> Iterator[int]:
        yield 1
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        list(Lines().track(broken(), "reading", 2))
    assert capsys.readouterr().err == ""


def test_bars_are_only_for_terminals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert isinstance(for_terminal(), Bars)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False, raising=False)
    assert isinstance(for_terminal(), Lines)


def test_a_bar_shows_the_label_the_count_and_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    list(Bars().track("abc", "encoding images", 3))
    assert re.search(r"encoding images .* 3/3 .*/s", capsys.readouterr().err)
