"""The one JVM of this process. It starts here, on the Java and the jar that `java.py` finds, and nowhere else.

A process has one JVM for life, and pyjnius starts it at `import jnius` with whatever options are in
`jnius_config` then. So nothing outside this package imports jnius, and Pyserini is imported after `start_jvm`.
"""

import os
import re
from collections.abc import Callable, Sequence
from functools import cache
from types import TracebackType
from typing import Any, TypeAlias

from lexlip_lucene.errors import InputError, JavaError, LexlipError
from lexlip_lucene.lucene.jvm.class_archive import archive_options
from lexlip_lucene.lucene.jvm.java import BRIDGE, find_jar, find_java
from lexlip_lucene.lucene.jvm.java_entry import ENTRY
from lexlip_lucene.lucene.jvm.java_locale import java_locale
from lexlip_lucene.lucene.jvm.other_jvm import had_another_jvm, require_no_other_jvm, require_own_jvm
from lexlip_lucene.lucene.jvm.unreadable import said

JavaObject: TypeAlias = Any
"""A Java class or object behind pyjnius, which carries no Python types."""

ONE_AT_A_TIME = ENTRY
"""Hold it around calls of pyjnius: see `JavaEntry`."""

_OPTIONS = (
    "-Xrs",  # Ctrl-C stays Python's
    "-XX:+DisplayVMOutputToStderr",  # the JVM prints its own warnings on stdout otherwise
    "--enable-native-access=ALL-UNNAMED",  # Lucene 10 calls madvise; Java warns of it otherwise
)

_BRIEF = ("-XX:TieredStopAtLevel=1",)
"""Options for a process that ends after one query: compiling well would take longer than the query."""

# Java's own default, but for two packages of Lucene: one says on every start which memory mapping it uses, the other
# that the vector module is missing, which serves dense vectors only.
_LOGGING = b"""
handlers = java.util.logging.ConsoleHandler
.level = INFO
org.apache.lucene.store.level = SEVERE
org.apache.lucene.internal.vectorization.level = SEVERE
"""


def jvm_runs() -> bool:
    """Return True if this process has its JVM already, so that no option of it can be set any more."""
    import jnius_config

    return bool(jnius_config.vm_running)


def start_jvm(*, heap: str | None = None, brief: bool = False) -> None:
    """Start the JVM, or use the one that runs. Afterwards Pyserini can be imported, too.

    Sets `JAVA_HOME` for this process, and `OPENAI_API_KEY` to a placeholder when it is unset: Pyserini creates an
    OpenAI client when it is imported, and that client refuses to be created without a key.

    Args:
        heap: the JVM's largest heap, as `512m` or `4g`; without it Java takes a quarter of the memory.
        brief: the process ends after one query: the JVM starts with less work, and would do many more slowly. One
            that runs stays as it is.

    Raises:
        JavaError: no Java 21, no Anserini jar, a JVM that can't start, or one that somebody else started without
            the jar or with another heap.
    """
    if heap is not None and not re.fullmatch(r"[1-9][0-9]*[mgMG]", heap):
        raise JavaError(f"heap must be a number with m or g, such as 4g, got {heap!r}")
    with ONE_AT_A_TIME:
        import jnius_config

        if heap is not None and jnius_config.vm_running and f"-Xmx{heap}" not in jnius_config.get_options():
            raise JavaError(f"a JVM runs already and its heap can't become {heap}: call start_jvm(heap=…) before it")
        if not ENTRY.opened:
            with ENTRY.opening():
                _open(heap, brief=brief)
    os.environ.setdefault("OPENAI_API_KEY", "unset")


def java_class(name: str) -> JavaObject:
    """Return the Java class of that full name (`java.util.ArrayList`); starts the JVM when none runs."""
    with ONE_AT_A_TIME:
        return _class(name)


class StaticMethods:
    """The static methods of a Java class, for any thread at any time: attribute `name` is the method of that name."""

    def __init__(self, name: str) -> None:
        self._class = java_class(name)

    def __getattr__(self, name: str) -> Callable[..., JavaObject]:
        method = getattr(self._class, name)

        def call(*arguments: object) -> JavaObject:
            ENTRY.enter()
            return as_python(method(*arguments))

        setattr(self, name, call)  # where Python finds it the next time
        return call


def as_python(result: JavaObject) -> JavaObject:
    """Return Java's bytes as Python's, and anything else as it is.

    pyjnius's array of bytes must not be left in a frame: if an error's traceback keeps the frame, and the garbage
    collector clears both, the array releases itself by an object that is gone, and the process dies (pyjnius 1.9).
    """
    return bytes(result.tostring()) if type(result).__name__ == "ByteArray" else result


class java_errors_as:
    """A block whose Java exceptions become a `kind` that begins with `what` and gives Java's reason.

    Every search passes it, and a class takes a tenth of the time that a generator takes.

    Raises:
        InputError: a text that goes to Java is not valid Unicode (a command line can bring in half a character).
    """

    def __init__(self, kind: type[LexlipError], what: str) -> None:
        self._kind = kind
        self._what = what

    def __enter__(self) -> None:
        if not ENTRY.opened:
            start_jvm()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            return
        from jnius import JavaException

        if isinstance(error, JavaException):
            raise self._kind(f"{self._what}: {reason_of(error)}") from error
        if isinstance(error, UnicodeEncodeError):
            raise InputError(
                f"{self._what}: {error.object!r} is not valid Unicode ({error.reason}): leave it out"
            ) from error


def reason_of(error: Exception) -> str:
    """Return the message of an exception of pyjnius on one line, without Java's stack trace."""
    java = getattr(error, "classname", None)
    return said(java, getattr(error, "innermessage", None)) if java else " ".join(str(error).split())


@cache
def _class(name: str) -> JavaObject:
    start_jvm()
    from jnius import autoclass

    return autoclass(name)


def _open(heap: str | None, *, brief: bool) -> None:
    """Start the JVM, or take up the one that somebody else started by pyjnius."""
    import jnius_config

    if not jnius_config.vm_running:
        require_no_other_jvm()
        _boot([*_OPTIONS, *([f"-Xmx{heap}"] if heap else []), *(_BRIEF if brief else [])])
    require_own_jvm()
    _check_class_path()


def _boot(options: Sequence[str]) -> None:
    import jnius_config

    java, jar = find_java(), find_jar()
    os.environ["JAVA_HOME"] = str(java.path)
    jnius_config.add_classpath(str(jar.path), str(BRIDGE))
    jnius_config.add_options(*options, *archive_options(java, [jar.path, BRIDGE]))
    try:
        with java_locale():
            import jnius
    except Exception as error:  # pyjnius raises SystemError, RuntimeError and bare Exception here
        raise JavaError(
            f"the JVM of {java.path} (Java {java.version}) does not start: {reason_of(error)}{had_another_jvm()}"
        ) from error
    logging = jnius.autoclass("java.util.logging.LogManager").getLogManager()
    logging.readConfiguration(jnius.autoclass("java.io.ByteArrayInputStream")(_LOGGING))


def _check_class_path() -> None:
    from jnius import JavaException, autoclass

    for name, what in (
        ("io.anserini.search.similarity.ImpactSimilarity", "Anserini"),
        ("lexlip.search.Searches", "this package's own jar"),
    ):
        try:
            autoclass(name)
        except JavaException as error:
            raise JavaError(
                f"a JVM runs already in this process, but can't load {what} ({reason_of(error)}); pyjnius started it "
                f"{_started_where()}: call lexlip_lucene.start_jvm() before anything else imports jnius"
            ) from None


def _started_where() -> str:
    """Return the place where Python code first imported jnius, from the stack that pyjnius keeps."""
    import jnius_config

    lines = re.findall(r'File "([^"]*)", line (\d+)', jnius_config.vm_started_at or "")
    theirs = [f"at {file}:{line}" for file, line in lines if "/jnius/" not in file and not file.startswith("<frozen")]
    return theirs[-1] if theirs else "elsewhere"
