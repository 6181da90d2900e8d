"""The timing of a ladder's systems."""

import numpy as np
import pytest

from lexlip_lucene.experiments.ladder.latency import latency_of, timed


def test_latency_is_the_median_of_the_repeats_percentiles() -> None:
    times = np.array([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0], [2.0, 3.0, 10.0]]) / 1000
    found = latency_of(times)
    assert found.p50 == pytest.approx((3.0, 2.0, 4.0))
    assert found.one == pytest.approx((250.0, 200.0, 500.0))


def test_every_system_answers_every_topic_in_every_repeat_and_once_before() -> None:
    asked: list[tuple[str, int]] = []
    answers = {name: lambda topic, name=name: asked.append((name, topic)) for name in ("a", "b")}
    times = timed(answers, topics=3, repeats=2)
    assert sorted(asked) == sorted([(name, topic) for name in ("a", "b") for topic in range(3)] * 3)
    assert [name for name, topic in asked if topic == 0] == ["a", "b", "a", "b", "b", "a"]
    assert all(found.shape == (2, 3) and (found > 0).all() for found in times.values())
