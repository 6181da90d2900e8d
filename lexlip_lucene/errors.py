"""The exceptions a caller can meet; the command turns each into one line `error: …` and exit status 1.

    LexlipError
    ├── InputError        a file, line, record or value handed in is not what is needed
    │   ├── RecipeError   a recipe has an unknown key or a value out of range
    │   └── ModelError    a folder is not a model, or not one this version reads
    ├── TrainingError     the loss of a run is not a finite number any more
    ├── MemoryLimitError  the machine lacks the memory for what was asked
    ├── OutputError       a result can't be written (exists already, disk full, no permission)
    ├── JavaError         no Java ≥ 21, no Anserini jar, or a JVM that can't start
    ├── IndexingError     an index can't be built, or what was built does not add up
    ├── SearchError       an index can't be opened or a query can't be answered exactly
    │   └── ClusterError  a cluster can't be reached, or refuses what it is asked
    └── RegressionError   a measured figure differs from what its recipe expects

A message says what was required, what was received, where (file:line, docid, token) and what to do.
"""


class LexlipError(Exception):
    """Base of all errors of this library: catch it to catch them all."""


class InputError(LexlipError):
    """A file, line, record or value handed in is not what is needed."""


class RecipeError(InputError):
    """A recipe has an unknown key or a value out of range."""


class ModelError(InputError):
    """A folder is not a model, or not one that this version reads."""


class TrainingError(LexlipError):
    """The loss of a run is not a finite number any more."""


class MemoryLimitError(LexlipError):
    """The machine, or its GPU, lacks the memory for what was asked."""


class OutputError(LexlipError):
    """A result can't be written: it exists already, the disk is full, or permission is missing."""


class JavaError(LexlipError):
    """No Java of version 21 or later, no Anserini jar, or a JVM that can't start."""


class IndexingError(LexlipError):
    """An index can't be built, or what was built does not add up."""


class SearchError(LexlipError):
    """An index can't be opened, or a query can't be answered exactly."""


class ClusterError(SearchError):
    """A cluster can't be reached, or refuses what it is asked.

    Attributes:
        status: the HTTP status of the refusal; None when there was no answer.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class RegressionError(LexlipError):
    """A measured figure differs from what its recipe expects."""
