"""A check of the index in the background, once, that its files are as they were written."""

import logging
from collections.abc import Callable
from threading import Thread
from typing import Literal

from lexlip_lucene.check.kind import DamageError
from lexlip_lucene.serve.http.environment import environment_reason

Check = Callable[[], bool | None]
"""Returns True for an index as it was written, None if nothing can be compared; raises DamageError for a
damaged one, and another error where it can't be checked."""

State = Literal["running", "ok", "failed", "nothing to compare", "could not run"]

logger = logging.getLogger("lexlip_lucene.serve")


class IndexCheck:
    """The check, and what it found so far; search continues whatever that is.

    Attributes:
        state: `could not run` says nothing of the index.
        error: why it failed or could not run, without what tells of this machine.
    """

    def __init__(self, check: Check) -> None:
        self.state: State = "running"
        self.error: str | None = None
        self._check = check

    def start(self) -> None:
        """Check in a thread that does not keep the process from ending."""
        Thread(target=self._run, name="index check", daemon=True).start()

    def _run(self) -> None:
        try:
            self.state = "nothing to compare" if self._check() is None else "ok"
        except Exception as error:  # of whatever kind: nobody else would tell of it
            logger.error("the check of the index: %s", error, exc_info=error)
            reason = environment_reason(error)
            if isinstance(error, DamageError):
                self.error = "the index is not as it was written: see the server's log"
                self.state = "failed"
            else:
                self.error = f"the index could not be checked: {reason or 'see the log of the server'}"
                self.state = "could not run"
