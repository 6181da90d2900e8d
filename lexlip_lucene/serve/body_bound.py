"""A request's body is bounded in bytes while it arrives, and in the time it may take.

Bytes are counted, whatever `Content-Length` says; a body that says that it is too large is not read at all.
"""

import asyncio

from fastapi import HTTPException  # the kind that FastAPI lets through while it reads a body
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lexlip_lucene.serve.problems import problem

CLOSE = {"Connection": "close"}
"""The rest of the body is not read."""


class BodyBound:
    """Answers 413 or 408 to a body of more than `most` bytes, or `seconds`."""

    def __init__(self, app: ASGIApp, *, most: int, seconds: float) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        stated = Headers(scope=scope).get("content-length", "0")
        if not stated.isdigit() or int(stated) > self._most:
            await problem(413, self._said(), headers=CLOSE)(scope, receive, send)
            return
        await self._app(scope, self._watched(receive), send)

    def _watched(self, receive: Receive) -> Receive:
        got = 0
        whole = False
        until = asyncio.get_running_loop().time() + self._seconds

        async def watched() -> Message:
            nonlocal got, whole
            if whole:  # what comes now is the client going away
                return await receive()
            try:
                async with asyncio.timeout_at(until):
                    message = await receive()
            except TimeoutError:
                raise HTTPException(408, f"the body must arrive within {self._seconds:g} s", CLOSE) from None
            got += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if got > self._most:
                raise HTTPException(413, self._said(), CLOSE)
            return message

        return watched

    def _said(self) -> str:
        return f"a body of at most {self._most} bytes is taken"
