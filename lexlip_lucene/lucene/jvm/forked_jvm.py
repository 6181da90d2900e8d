"""A process that was forked after the JVM had started: its JVM has no threads, and any call may wait for ever.

What calls this package is refused at its entry (`java_entry.py`). What is left are calls of others (Pyserini) and
objects that Python drops, which pyjnius passes on to Java. It reaches Java by two tables of functions; in such a
process they are replaced by ones to which every object can be dropped, and every call ends in an exception of Java's
whose message is FORKED.
"""

import ctypes
from typing import Any

from lexlip_lucene.lucene.jvm.java_threads import ATTACH, JavaThreads

FORKED = (
    "this process was forked after its parent had started the JVM, so it can't use Java: start workers by the method "
    "`spawn`, or leave opening indexes to the workers and open none before they are forked"
)

_FUNCTIONS = 300
"""More than the tables have: `JNIInvokeInterface` 8, `JNINativeInterface` 235 in Java 21."""

# Places in JNINativeInterface.
_EXCEPTION_OCCURRED, _GET_METHOD, _CALL_OBJECT_METHOD, _STRING_LENGTH, _STRING_CHARS = 15, 33, 34, 164, 165

_SOMETHING = 1
"""The one object there is: the exception, its message, the name of its class."""

_NO_ANSWER = (b"getCause", b"getStackTrace")
"""Methods of the exception that return nothing."""

_Table = ctypes.c_void_p * _FUNCTIONS
_Attach = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_void_p)
_Function = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


def disarm(threads: JavaThreads) -> None:
    """Cut this process, which was forked just now, off from the JVM that `threads` were attached to."""
    text = FORKED.encode("utf-16")[2:]  # pyjnius reads it in the machine's order
    message = ctypes.create_string_buffer(text)

    def get_method(_: int, __: int, name: int) -> int:
        return 0 if ctypes.string_at(name) in _NO_ANSWER else _SOMETHING

    environment = _table(
        {
            _EXCEPTION_OCCURRED: lambda *_: _SOMETHING,
            _GET_METHOD: get_method,
            _CALL_OBJECT_METHOD: lambda _, __, method: _SOMETHING if method else 0,
            _STRING_LENGTH: lambda *_: len(text) // 2,
            _STRING_CHARS: lambda *_: ctypes.addressof(message),
        }
    )
    pointer = ctypes.pointer(environment)  # a JNIEnv
    address = ctypes.addressof(pointer)

    def attach(_: int, given: Any, __: int) -> int:
        given[0] = address  # no name of this module: objects are dropped when those are gone already
        return 0

    jvm, attached = _table({}), _Attach(attach)
    jvm[ATTACH] = ctypes.cast(attached, ctypes.c_void_p)
    _keep(message, environment, pointer, jvm, attached)
    ctypes.cast(threads.jvm, ctypes.POINTER(ctypes.c_void_p))[0] = ctypes.addressof(jvm)
    threads.leave_attached()


def _table(answers: dict[int, Any]) -> Any:
    """Return a table of functions: those of `answers` by their places, and for all others one that does nothing."""
    nothing = _Function(lambda *_: 0)
    functions = {place: _Function(answer) for place, answer in answers.items()}
    _keep(nothing, functions)
    return _Table(*[ctypes.cast(functions.get(place, nothing), ctypes.c_void_p) for place in range(_FUNCTIONS)])


def _keep(*objects: Any) -> None:
    """Keep what the tables point to until the process is gone: Python's end clears modules before it drops objects."""
    for kept in objects:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(kept))
