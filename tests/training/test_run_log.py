"""The log of a run: whole after a kill, the same after a resume, and drawn."""

import math
import os
import signal
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lexlip_lucene.errors import InputError
from lexlip_lucene.training.run.run_log import FILE, Figure, RunLog, draw_curves, read_log


def write(folder: Path, steps: range, *, resumed_at: int = 0) -> None:
    with RunLog(folder, resumed_at=resumed_at) as log:
        for step in steps:
            log.write(step, {"loss/contrast": 1 / (step + 1)})
            if step % 3 == 0:
                log.write(step, {"active/images": 100.5 - step})


def test_every_figure_is_a_line_as_exact_as_it_was(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        log.write(0, {"loss": 0.1, "dead": 0})
        log.write(5, {"loss": math.inf, "active tokens": 1e-12})
    assert (tmp_path / FILE).read_text() == (
        "step,name,value\n0,loss,0.1\n0,dead,0.0\n5,loss,inf\n5,active tokens,1e-12\n"
    )
    assert read_log(tmp_path / FILE)[2] == Figure(5, "loss", math.inf)


@pytest.mark.parametrize("resumed_at", [0, 1, 6, 9, 20])
def test_the_log_of_a_resumed_run_equals_an_unbroken_one(tmp_path: Path, resumed_at: int) -> None:
    write(tmp_path / "whole", range(20))
    write(tmp_path / "broken", range(min(resumed_at + 7, 20)))
    write(tmp_path / "broken", range(resumed_at, 20), resumed_at=resumed_at)
    assert (tmp_path / "broken" / FILE).read_bytes() == (tmp_path / "whole" / FILE).read_bytes()


def test_a_run_that_starts_again_forgets_the_old_one(tmp_path: Path) -> None:
    write(tmp_path, range(20))
    write(tmp_path, range(2))
    assert {figure.step for figure in read_log(tmp_path / FILE)} == {0, 1}
    (tmp_path / FILE).write_text("whatever it was\n")
    write(tmp_path, range(1))
    assert {figure.step for figure in read_log(tmp_path / FILE)} == {0}


def test_tensorboard_shows_each_step_once_after_a_resume(tmp_path: Path) -> None:
    write(tmp_path, range(10))
    write(tmp_path, range(6, 12), resumed_at=6)
    events = EventAccumulator(str(tmp_path)).Reload().Scalars("loss/contrast")
    assert [event.step for event in events] == list(range(12))
    assert events[3].value == pytest.approx(0.25)


def test_a_killed_run_keeps_what_it_wrote(tmp_path: Path) -> None:
    script = (
        "import sys, time; from pathlib import Path; from lexlip_lucene.training.run.run_log import RunLog\n"
        "log = RunLog(Path(sys.argv[1])); log.write(0, {'loss': 0.5}); print('written', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", script, str(tmp_path)], stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None and run.stdout.readline() == "written\n"
        os.kill(run.pid, signal.SIGKILL)
    assert read_log(tmp_path / FILE) == [Figure(0, "loss", 0.5)]


@pytest.mark.parametrize("cut", range(len("17,loss,0.25\n")))
def test_a_line_that_a_kill_cut_short_is_left_out(tmp_path: Path, cut: int) -> None:
    (tmp_path / FILE).write_text("step,name,value\n0,loss,0.5\n" + "17,loss,0.25\n"[:cut])
    assert read_log(tmp_path / FILE) == [Figure(0, "loss", 0.5)]


def test_a_file_that_is_no_log_is_not_taken_for_one(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("epoch,loss\n1,2\n")
    with pytest.raises(InputError, match="a log begins with the line 'step,name,value'"):
        RunLog(tmp_path, resumed_at=3)
    (tmp_path / FILE).write_text("step,name,value\n0,loss,0.5\n1,loss,low\n")
    with pytest.raises(InputError, match=rf"{FILE}:3: a line of a log is step,name,value, got '1,loss,low'"):
        read_log(tmp_path / FILE)


def test_the_name_of_a_figure_must_fit_the_file(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log, pytest.raises(InputError, match="no comma"):
        log.write(0, {"a,b": 1})


# --- the picture -------------------------------------------------------------------------------------------------


def test_the_curves_are_a_picture_with_a_panel_for_each_name(tmp_path: Path) -> None:
    with RunLog(tmp_path) as log:
        for step in range(300):
            log.write(step, {"loss/contrast": math.exp(-step / 50), "loss/flops": math.nan if step == 7 else step})
    for name in ("one", "two"):
        draw_curves(tmp_path / FILE, tmp_path / f"{name}.svg", ["loss/contrast", "loss/flops"])
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()
    root = ElementTree.parse(tmp_path / "one.svg").getroot()
    assert root.tag.endswith("svg")
    groups = [group.get("id") or "" for group in root.iter("{http://www.w3.org/2000/svg}g")]
    assert sum(name.startswith("axes_") for name in groups) == 2


@pytest.mark.parametrize(("names", "message"), [(["loss/lunch"], "got 'loss/lunch'"), ([], "got 'no name'")])
def test_a_figure_that_the_log_lacks_is_named(tmp_path: Path, names: list[str], message: str) -> None:
    write(tmp_path, range(4))
    with pytest.raises(InputError, match=rf"{message}; it has active/images, loss/contrast"):
        draw_curves(tmp_path / FILE, tmp_path / "curves.svg", names)
    assert not (tmp_path / "curves.svg").exists()
