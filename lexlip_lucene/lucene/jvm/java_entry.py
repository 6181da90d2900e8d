"""The one way into Java: open in the process that started the JVM, closed in a process that was forked from it.

A fork copies memory and the calling thread, but none of the JVM's own threads: Java waits for them for ever there.
"""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.jvm.forked_jvm import FORKED, disarm
from lexlip_lucene.lucene.jvm.java_threads import JavaThreads


class JavaEntry:
    """The entry that every call into Java passes. As a context manager it lets in one thread at a time.

    Hold it around calls of pyjnius: `object.method` leaves its object in a method object that all threads share
    (kivy/pyjnius#563), so a second thread that gets in before the call is made would swap the objects.
    """

    def __init__(self) -> None:
        self._process = os.getpid()
        self._lock = threading.RLock()
        self._starting = False
        self._threads: JavaThreads | None = None

    @property
    def opened(self) -> bool:
        """Return True if the JVM runs, perhaps in the process that this one was forked from."""
        return self._threads is not None

    @contextmanager
    def opening(self) -> Iterator[None]:
        """Open the entry when the block, which starts the JVM, ends well. A process forked meanwhile has no JVM."""
        self._starting = True
        try:
            yield
            self._threads = threads = JavaThreads()
        except BaseException:
            self._starting = False
            raise
        os.register_at_fork(after_in_child=lambda: disarm(threads))
        self.enter()

    def enter(self) -> None:
        """Make the calling thread ready for a call into Java.

        Raises:
            JavaError: this process was forked after the JVM had started.
            MemoryLimitError: Java's heap has no room for one more thread.
        """
        if os.getpid() != self._process:
            self._after_fork()
        if self._threads is not None:
            self._threads.enter()

    def forked(self) -> bool:
        """Return True if this process was forked after the JVM had started, so that it has nothing to close."""
        return self._starting and os.getpid() != self._process

    def let_go(self) -> None:
        """Make the calling thread ready to drop a Java object, which attaches it; for `__del__`."""
        if self._threads is not None and not self.forked():
            self._threads.attach()

    def __enter__(self) -> None:
        self.enter()
        self._lock.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.release()

    def _after_fork(self) -> None:
        if self._starting:
            raise JavaError(FORKED)
        self._process = os.getpid()
        self._lock = threading.RLock()  # another thread may have held it, and it was not copied


ENTRY = JavaEntry()
