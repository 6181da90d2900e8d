"""Another JVM in this process, which can have only one, or pyjnius's JVM in the process that this was forked from."""

import ctypes
import sys
from pathlib import Path

from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.jvm.forked_jvm import FORKED

_STARTERS = {"jpype": "JPype", "javabridge": "python-javabridge", "jep": "JEP", "_jpype": "JPype"}
"""Modules that bring a JVM into the process → their names. PySpark's is a separate process."""


def require_no_other_jvm() -> None:
    """Look for a JVM in this process.

    Raises:
        JavaError: the process has another JVM.
    """
    for library in _libraries():
        count = ctypes.c_int()
        try:
            ctypes.CDLL(library).JNI_GetCreatedJavaVMs(None, 0, ctypes.byref(count))
        except (OSError, AttributeError):  # the file is gone, or no JVM is visible to the whole process
            continue
        if count.value:
            starter = next((name for module, name in _STARTERS.items() if module in sys.modules), "something else")
            raise JavaError(
                f"another JVM runs in this process already, started by {starter} (from {library or 'a library'}), and "
                f"a process can have only one: use lexlip_lucene in a process that {starter} has not started Java in"
            )


def had_another_jvm() -> str:
    """Return what to say of a library that may have had a JVM here, which no process can have twice; else ""."""
    starter = next((name for module, name in _STARTERS.items() if module in sys.modules), "")
    if not starter:
        return ""
    return f"; {starter} is loaded in this process, and if it had a JVM there can be no other: use another process"


def require_own_jvm() -> None:
    """Look whether the JVM that pyjnius has runs in this process, and not in the one that it was forked from.

    Raises:
        JavaError: it runs elsewhere.
    """
    names = [path.read_text().strip() for path in Path("/proc/self/task").glob("*/comm")]
    if names and "VM Thread" not in names:
        raise JavaError(FORKED)


def _libraries() -> list[str | None]:
    """Return the libraries of JVMs that are loaded; None for all that are visible to the whole process."""
    maps = Path("/proc/self/maps")
    lines = maps.read_text(errors="surrogateescape").splitlines() if maps.exists() else []
    loaded = {line.split(maxsplit=5)[5] for line in lines if line.endswith("/libjvm.so")}
    return [*sorted(loaded), None]
