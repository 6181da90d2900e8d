"""The threads of this process in its JVM: attached when they first call Java, detached when they end.

pyjnius attaches a thread and never detaches it, and Java keeps an attached thread for ever, with all that is its own:
0.4 MB after a search. The system calls the destructor of a thread's key (`pthread_key_create`) as the last thing in a
thread that ends, and here that destructor is JNI's own DetachCurrentThread. Python's objects of that thread are gone by
then and no Java frame is on its stack; a thread that is detached already stays so; the main thread never gets there.
"""

import ctypes
import threading

from lexlip_lucene.errors import MemoryLimitError

ATTACH, DETACH = 4, 5
"""Places in JNI's table of a JVM's functions, `JNIInvokeInterface`."""

_Attach = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class JavaThreads:
    """The attached threads. `jvm` is the address of the JVM in this process."""

    def __init__(self) -> None:
        library = ctypes.CDLL(None)  # pyjnius loads the JVM for all to see
        self.jvm, count = ctypes.c_void_p(), ctypes.c_int()
        library.JNI_GetCreatedJavaVMs(ctypes.byref(self.jvm), 1, ctypes.byref(count))
        functions = ctypes.cast(self.jvm, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
        self._attach = _Attach(functions[ATTACH] or 0)
        self._key = ctypes.c_ulong()
        library.pthread_key_create(ctypes.byref(self._key), ctypes.c_void_p(functions[DETACH]))
        self._set_own = library.pthread_setspecific
        self._here = threading.local()

    def enter(self) -> None:
        """Attach the calling thread if this is its first call, and have it detached when it ends.

        Raises:
            MemoryLimitError: Java's heap has no room for one more thread.
        """
        try:
            _ = self._here.attached
        except AttributeError:
            self.attach()
            self._here.attached = True

    def attach(self) -> None:
        """Attach the calling thread, also one that Python is about to end; errors as in `enter`."""
        if status := self._attach(self.jvm, ctypes.byref(ctypes.c_void_p()), None):
            raise MemoryLimitError(
                f"Java has no room for one more thread (JNI status {status}): give it more by start_jvm(heap=…)"
            )
        self._set_own(self._key, self.jvm)

    def leave_attached(self) -> None:
        """Have the calling thread end without a call to Java."""
        self._set_own(self._key, None)
