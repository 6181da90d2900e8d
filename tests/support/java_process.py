"""Python processes for work that a test can't do in its own: start a JVM in some way, fork, run out of heap."""

import os
import subprocess
import sys
from pathlib import Path

PATIENCE = 120
"""Seconds after which a process hangs."""


def run(script: str, *arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `script` with `environment` beside this process's; one that hangs is killed and fails the test."""
    ascii_only = script.encode("ascii", "backslashreplace").decode()  # letters in its texts come whole under any locale
    command = [sys.executable, "-c", ascii_only, *map(str, arguments)]
    settings = {**os.environ, **environment}
    return subprocess.run(command, capture_output=True, text=True, env=settings, check=False, timeout=PATIENCE)


def said(script: str, *arguments: str | Path, **environment: str) -> list[str]:
    """Run `script`, which must end well; return its lines of output."""
    done = run(script, *arguments, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()
