"""A request's body is bounded in bytes while it arrives, and in the time it may take.

Bytes are counted, whatever `Content-Length` says; a body that says that it is too large is not kept at all. What is
answered before the body is whole is sent at once, but the connection stays open a little while the rest is dropped: a
client that is still sending would otherwise lose the answer with the connection.
"""

import asyncio
from contextlib import suppress

from fastapi import HTTPException  # the kind that FastAPI lets through while it reads a body
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lexlip_lucene.serve.http.limits import LINGER_SECONDS
from lexlip_lucene.serve.http.problems import problem

CLOSE = {"Connection": "close"}
"""The rest of the body is not read."""


class BodyBound:
    """A bound that answers 413 or 408 to a body of more than `most` bytes, or `seconds`."""

    def __init__(self, app: ASGIApp, *, most: int, seconds: float) -> None:
        self._app = app
        self._most = most
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with its body watched."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        stated = headers.get("content-length", "0")
        if stated == "0" and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        body = _Body(receive, send, self._most, self._seconds)
        app: ASGIApp = self._app
        if not stated.isdigit() or int(stated) > self._most:
            app = problem(413, body.said, headers=CLOSE)
        await app(scope, body.receive, body.send)


class _Body:
    """The body of one request, and the answer to it."""

    def __init__(self, receive: Receive, send: Send, most: int, seconds: float) -> None:
        self.said = f"a body of at most {most} bytes is taken; lexlip serve --upload-megabytes N allows more"
        self._receive = receive
        self._send = send
        self._most = most
        self._seconds = seconds
        self._until = asyncio.get_running_loop().time() + seconds
        self._got = 0
        self._whole = False

    async def receive(self) -> Message:
        """Receive the next part, or that the client went away."""
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._part()
        except TimeoutError:
            raise HTTPException(408, f"the body must arrive within {self._seconds:g} s", CLOSE) from None
        if self._got > self._most:
            raise HTTPException(413, self.said, CLOSE)
        return message

    async def send(self, message: Message) -> None:
        """Send a part of the answer; the last one ends it when the body is whole or was waited for."""
        if message["type"] != "http.response.body" or message.get("more_body", False) or self._whole:
            await self._send(message)
            return
        await self._send({**message, "more_body": True})
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._whole:
                    await self._part()
        await self._send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _part(self) -> Message:
        message = await self._receive()
        self._got += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message
