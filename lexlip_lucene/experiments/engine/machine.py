"""The machine that figures were measured on: processor, memory, and the versions of all that takes part."""

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from lexlip_lucene.experiments.engine.systems.registry import SYSTEMS
from lexlip_lucene.lucene.jvm.java import find_jar, find_java

PACKAGES = (
    *("lexlip-lucene", "pyserini", "faiss-cpu", "numpy", "torch"),
    *(system.package for system in SYSTEMS.values() if system.package is not None),
)


def machine() -> dict[str, Any]:
    """Return the machine's facts; a package that is missing has None.

    Raises:
        JavaError: no Java or no Anserini jar.
    """
    java, jar = find_java(), find_jar()
    return {
        "cpu": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        "load_average": os.getloadavg()[0],
        "system": platform.platform(),
        "python": sys.version.split()[0],
        "java": java.version,
        "anserini": jar.version,
        "lucene": jar.lucene,
        "packages": {name: package_version(name) for name in PACKAGES},
    }


def _processor() -> str:
    described = Path("/proc/cpuinfo")
    if described.is_file():
        for line in described.read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def package_version(package: str) -> str | None:
    """Return the version of an installed package; None: it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None
