"""One connection: uvicorn's, with a time limit for whatever its client does, and with problems as its only errors.

The client has `patience` seconds for the head of a request, counted from when it connected or had its last answer; as
long between two parts of an answer that it takes; and a little for the rest of a request that was refused, since an
answer is lost on a connection that is closed over unread bytes. The time of a request's body, and of the work for it,
is bounded in the application.
"""

import asyncio
import sys
from http import HTTPStatus
from typing import Any

import h11
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from lexlip_lucene.serve.http.crowd import Crowd, Waits
from lexlip_lucene.serve.http.headers import HEADERS, SecurityHeaders
from lexlip_lucene.serve.http.limits import LINGER_SECONDS
from lexlip_lucene.serve.http.problems import ENDING, TOO_LONG, problem


class Connection(H11Protocol):
    """A connection of `crowd` whose client is waited for `patience` seconds at a time."""

    def __init__(self, *args: Any, crowd: Crowd, patience: float, **named: Any) -> None:
        super().__init__(*args, **named)
        self._application, self.app = self.app, self._answer
        self._crowd = crowd
        self._patience = patience
        self._timer: asyncio.TimerHandle | None = None
        self._unwritten = 0
        self._receiving = False
        self._refused = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._crowd.enter(self)
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget the connection."""
        super().connection_lost(exc)
        self._stop_timer()
        self._crowd.leave(self)

    def data_received(self, data: bytes) -> None:
        """Read on, but for what was refused."""
        if not self._refused:
            super().data_received(data)
            self._look()

    def eof_received(self) -> bool:  # type: ignore[override]
        """Answer a client that sends no more, if its request is whole."""
        if self._under_way and not self.cycle.more_body:
            self.cycle.keep_alive = False
            return True
        if self._half_a_head:
            self._refuse(400, "the request ended before its head did")
        return False

    def pause_writing(self) -> None:
        """Wait for the client to take what was written."""
        super().pause_writing()
        self._look()

    def resume_writing(self) -> None:
        """Write on."""
        super().resume_writing()
        self._look(afresh=True)

    def on_response_complete(self) -> None:
        """Wait for the next request, unless it is here already."""
        super().on_response_complete()
        self._look(afresh=not self.flow.write_paused)

    def send_400_response(self, msg: str) -> None:
        """Answer what is not HTTP; uvicorn calls this while it handles h11's error, which says what is wrong."""
        error = sys.exception()
        status = getattr(error, "error_status_hint", 400)
        said = TOO_LONG if status == 431 else f"this is not HTTP as it is read here: {error or msg}"
        if self._under_way:
            self.cycle.disconnected = True  # what the application makes of half a body is not sent
            self.cycle.message_event.set()
        self._refuse(status, said)

    def shutdown(self) -> None:
        """Close, or when a request is under way close after its answer."""
        if self._under_way:
            super().shutdown()
        else:
            self.transport.abort()

    def turn_away(self) -> None:
        """Close, because others need the room."""
        if self._half_a_head or (self._under_way and not self.cycle.response_started):
            self._write_problem(503, "more connections are open than can be waited for: ask again")
        if self._under_way:
            self.cycle.disconnected = (
                True  # so that the application's answer is dropped, and not written behind this one
            )
        self.transport.abort()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the application answer, and watch what the client has to do for it."""
        if self._crowd.ending:
            refusal = problem(503, ENDING, headers={"Connection": "close", "Retry-After": "1"})
            await SecurityHeaders(refusal)(scope, receive, send)
            return

        cycle = self.cycle

        async def received() -> Message:
            if not cycle.more_body:
                return await receive()
            self._receiving = True
            self._look()
            try:
                return await receive()
            finally:
                self._receiving = False
                self._look()

        try:
            await self._application(scope, received, send)
        finally:
            if self._under_way and not cycle.disconnected:
                self._start_timer(
                    self._patience
                )  # uvicorn closes what has no whole answer: for what is not written yet

    @property
    def _under_way(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    @property
    def _half_a_head(self) -> bool:
        return self.conn.their_state is h11.IDLE and bool(self.conn.trailing_data[0])

    def _look(self, *, afresh: bool = False) -> None:
        """Note whether the client is waited for, and for how long; `afresh`: it did what it was waited for."""
        if self._refused:
            return
        asked, stuck = self._under_way, self.flow.write_paused
        ahead = self.flow.read_paused  # more was sent than what is worked for
        if asked and not (stuck or ahead or self._receiving):
            self._crowd.work(self)
        else:
            self._crowd.wait(self, Waits.REST if asked else Waits.NEXT if self.cycle else Waits.FIRST)
        if asked and not stuck:
            self._stop_timer()  # the application has one for the body and for its work
        elif afresh or self._timer is None:
            self._start_timer(self._patience)

    def _start_timer(self, seconds: float) -> None:
        self._stop_timer()
        self._unwritten = self.transport.get_write_buffer_size()
        self._timer = self.loop.call_later(seconds, self._time_is_up)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _time_is_up(self) -> None:
        if self.transport.get_write_buffer_size() < self._unwritten and not self._refused:
            self._start_timer(self._patience)  # it takes its answer, if slowly
            return
        if self._half_a_head and not self._refused and not self.transport.is_closing():
            self._refuse(408, f"the head of a request must arrive within {self._patience:g} s")
        else:
            self.transport.abort()

    def _refuse(self, status: int, said: str) -> None:
        """Answer a problem, and close when the client has had time to read it."""
        if not self._write_problem(status, said):
            self.transport.abort()
            return
        self._refused = True
        self._unset_keepalive_if_required()
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._start_timer(LINGER_SECONDS)

    def _write_problem(self, status: int, said: str) -> bool:
        """Write a problem if no answer was begun; return whether one was written."""
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE) or self.transport.is_closing():
            return False
        answer = problem(status, said, headers={**HEADERS, "Cache-Control": "no-store", "Connection": "close"})
        reason = HTTPStatus(status).phrase.encode()
        head = h11.Response(status_code=status, headers=answer.raw_headers, reason=reason)
        events = (head, h11.Data(data=bytes(answer.body)), h11.EndOfMessage())
        self.transport.write(b"".join(self.conn.send(event) or b"" for event in events))
        return True
