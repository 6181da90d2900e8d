"""What a training came to, as `lexlip train --json` and the model card say it."""

from typing import NamedTuple


class TrainReport(NamedTuple):
    """What a training came to. `dev`: recall on the images kept aside at the chosen step, as fractions.

    `dense_dev`: that of the dense twin at the same step, where there is one.
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
