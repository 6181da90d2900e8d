"""A process that was forked after the JVM had started: its copy of the JVM has no threads, and any call may wait for ever.

What calls this package is refused at its entry (`java_entry.py`). What is left are calls of others (Pyserini) and
objects that Python drops, which pyjnius passes on to Java. It finds Java's functions in two tables; in such a process
they are replaced by ones that do nothing, and that raise ForkedError unless they only let go of something.
"""

import ctypes
import threading
from typing import Any

from lexlip_lucene.errors import JavaError
from lexlip_lucene.lucene.java_threads import ATTACH, JavaThreads

_FUNCTIONS = 300
"""More than the tables have: `JNIInvokeInterface` 8, `JNINativeInterface` 235 in Java 21."""

_DELETE_GLOBAL_REF, _DELETE_LOCAL_REF, _RELEASE_BYTE_ARRAY_ELEMENTS = 22, 23, 192
"""Places in `JNINativeInterface` of what pyjnius calls when an object is dropped."""

_Table = ctypes.c_void_p * _FUNCTIONS
_Attach = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)
_Nothing = ctypes.CFUNCTYPE(ctypes.c_void_p)

_KEPT: list[Any] = []
"""What the replaced tables point to."""


class ForkedError(JavaError):
    """A call into Java from a process that was forked after the JVM had started."""

    def __init__(self, message: str = "") -> None:
        super().__init__(
            message
            or "this process was forked after its parent had started the JVM, so it can't use Java: start workers by "
            "the method `spawn`, or leave opening indexes to the workers and open none before they are forked"
        )


def disarm(threads: JavaThreads) -> None:
    """Cut this process, which was forked just now, off from the JVM that `threads` were attached to."""
    quiet, loud = _Nothing(lambda: 0), _Nothing(_raise_after_call)
    own = _Table(*[ctypes.cast(loud, ctypes.c_void_p)] * _FUNCTIONS)
    for place in (_DELETE_GLOBAL_REF, _DELETE_LOCAL_REF, _RELEASE_BYTE_ARRAY_ELEMENTS):
        own[place] = ctypes.cast(quiet, ctypes.c_void_p)
    environment = ctypes.pointer(own)  # a JNIEnv: it points to its functions

    def attach(_: int, given: Any, __: int) -> int:
        given[0] = ctypes.addressof(environment)
        return 0

    attached = _Attach(attach)
    jvm = _Table(*[ctypes.cast(quiet, ctypes.c_void_p)] * _FUNCTIONS)
    jvm[ATTACH] = ctypes.cast(attached, ctypes.c_void_p)
    _KEPT.extend((quiet, loud, own, environment, attached, jvm))
    ctypes.cast(threads.jvm, ctypes.POINTER(ctypes.c_void_p))[0] = ctypes.addressof(jvm)
    threads.leave_attached()


def _raise_after_call() -> int:
    """Have ForkedError raised as soon as the call that is under way returns to Python: C code in between can't."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(threading.get_ident()), ctypes.py_object(ForkedError))
    return 0
