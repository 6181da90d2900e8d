"""The kind of an encode run's output, by its name."""

from pathlib import Path


def is_query_file(output: Path) -> bool:
    """Return True if `output` names a file of encoded queries, not a collection folder (docs/formats.md)."""
    return output.suffix.lower() == ".jsonl"
