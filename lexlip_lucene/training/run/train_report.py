"""The report of a training, as `lexlip train --json` and the model card give it."""

from typing import NamedTuple


class TrainReport(NamedTuple):
    """The outcome of a training. `dev`: recall on the images kept aside at the chosen step, as fractions.

    `dense_dev`: that of the dense twin at the same step, if the model has one. `late_dev`: that of hits re-ranked by
    the late head with its mix, `late_mix`, if the model has one.
    """

    steps: int
    best_step: int
    seconds: float
    loss: float
    dev: dict[str, float]
    tokens_per_image: float
    images: int
    rejected: int
    dense_dev: dict[str, float] | None = None
    late_dev: dict[str, float] | None = None
    late_mix: float | None = None
