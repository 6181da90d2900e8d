"""Out of memory in training, reported in one line that names the recipe keys which need less of it."""

from contextlib import AbstractContextManager

from lexlip_lucene.encode.memory import memory_errors_named
from lexlip_lucene.recipes.training_recipe import TrainingRecipe


def training_memory_errors_named(training: TrainingRecipe) -> AbstractContextManager[None]:
    """Turn running out of memory inside the block into one line.

    Args:
        training: the recipe's part; only keys that are not yet at their thriftiest are named.

    Raises:
        MemoryLimitError: memory ran out; any other error passes as it is.
    """
    return memory_errors_named(f"training at batch size {training.batch_size}", f"set {_thriftier(training)}")


def _thriftier(training: TrainingRecipe) -> str:
    """Name the keys with values that need less memory, those that change the result least first."""
    choices = []
    if training.precision == "float32":
        choices.append("training.precision=bfloat16")
    if not training.checkpointing:
        choices.append("training.checkpointing=true")
    parts = training.accumulate * 2
    if training.batch_size % parts == 0 and training.batch_size // parts >= 2:
        choices.append(f"training.accumulate={parts}")
    if training.momentum is not None and training.momentum.queue > training.batch_size:
        choices.append(f"training.momentum.queue={training.momentum.queue // 2}")
    choices.append(f"training.batch_size below {training.batch_size}, or image.size smaller")
    return ", or ".join(choices)
