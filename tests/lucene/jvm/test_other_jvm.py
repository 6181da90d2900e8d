"""Another JVM in the process, and the error that names it."""

import sys
from pathlib import Path

import pytest
from support.bridge_collections import create
from support.java_process import said

from lexlip_lucene.lucene.jvm.java import find_java

TRY = """
import lexlip_lucene
try:
    lexlip_lucene.start_jvm()
    print("started")
except lexlip_lucene.LexlipError as error:
    print(type(error).__name__, error)
"""
BY_CTYPES = """
import ctypes, os
library = ctypes.CDLL(f"{os.environ['JAVA_HOME']}/lib/server/libjvm.so")
class Arguments(ctypes.Structure):
    _fields_ = [
        ("version", ctypes.c_int), ("count", ctypes.c_int), ("options", ctypes.c_void_p), ("lenient", ctypes.c_ubyte)
    ]
jvm, environment = ctypes.c_void_p(), ctypes.c_void_p()
arguments = Arguments(0x00010006, 0, None, 0)
assert library.JNI_CreateJavaVM(ctypes.byref(jvm), ctypes.byref(environment), ctypes.byref(arguments)) == 0
"""


@pytest.mark.parametrize(
    ("begin", "starter"),
    [
        ("import jpype; jpype.startJVM()", "JPype"),
        ("import jpype; jpype.startJVM(convertStrings=False); jpype.java.lang.System.gc()", "JPype"),
        (BY_CTYPES, "something else"),
    ],
)
def test_a_jvm_that_was_not_started_by_pyjnius_is_named_with_what_to_do(begin: str, starter: str) -> None:
    (line,) = said(begin + TRY, JAVA_HOME=str(find_java().path))
    assert line.startswith("JavaError another JVM runs in this process already, started by " + starter)
    assert f"libjvm.so), and a process can have only one: use lexlip_lucene in a process that {starter} has not" in line


@pytest.mark.parametrize("begin", ["import jpype", "import jpype; assert not jpype.isJVMStarted()"])
def test_a_library_that_could_start_a_jvm_but_has_not_is_accepted(begin: str) -> None:
    assert said(begin + TRY) == ["started"]


def test_a_jvm_in_a_process_of_its_own_is_accepted(tmp_path: Path) -> None:
    """PySpark's gateway is such a JVM: it runs all along and speaks through pipes or sockets."""
    create(tmp_path / "index", [{"a": {"red": 1}}])
    script = """
import subprocess, sys
gateway = subprocess.Popen([sys.argv[2], "-XshowSettings:all", "-version"], stderr=subprocess.PIPE)
from lexlip_lucene import ImpactSearcher
print(len(ImpactSearcher(sys.argv[1]).search({"red": 1})))
gateway.communicate()
"""
    assert said(script, tmp_path / "index", find_java().command) == ["1"]


def test_pyjnius_without_the_jars_is_named_with_the_line_that_started_it(tmp_path: Path) -> None:
    (tmp_path / "theirs.py").write_text("x = 1\nimport jnius\n")
    script = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); import theirs\n{TRY}"
    (line,) = said(script, JAVA_HOME=str(find_java().path))
    assert line.startswith("JavaError a JVM runs already in this process, but can't load Anserini")
    assert f"pyjnius started it at {tmp_path / 'theirs.py'}:2: call lexlip_lucene.start_jvm() before" in line
    assert sys.executable not in line
