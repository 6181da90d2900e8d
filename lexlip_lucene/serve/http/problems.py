"""The answer to a request that fails: one JSON object `{"error": …}`, and never a traceback.

400, 422   a value is out of range or not what is needed (400 under /v1, as Pyserini has it, and for what is not HTTP)
403        a page of another site asks (see `cross_site.py` and `host_check.py`)
404        no such document, keyword field, index or page
405        the address takes another method
408, 504   the head or the body came too slowly; the work took too long
413, 415   a body or picture that is too large; a file that is not a picture, or a broken one
421        a host name that is not this server's (see `host_check.py`)
431, 501, 505  too long or too many headers; another transfer coding; another version of HTTP
500, 503   a fault in here, which is logged; too busy, or ending, or the machine does not let the index be read
"""

import asyncio
import logging
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from lexlip_lucene.data.images import TooManyPixels, UnreadableImage
from lexlip_lucene.errors import ClusterError, InputError, LexlipError, SearchError
from lexlip_lucene.serve.http.environment import environment_reason
from lexlip_lucene.serve.http.limits import LONGEST_LINK

FAULT = "this is a fault of the server, and is in its log"
ENDING = "the server is ending"
TOO_LONG = f"a request has at most {LONGEST_LINK} bytes before its body"

logger = logging.getLogger("lexlip_lucene.serve")


class Problem(BaseModel):
    """The reason that a request was not answered."""

    error: str


class NotThere(InputError):
    """The document, field or index that a request names is not there."""


class Busy(LexlipError):
    """As many requests as may wait are waiting."""


class TooSlow(LexlipError):
    """The work of a request took longer than it may."""


Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""Status → its description in the OpenAPI."""

STATUS: dict[type[Exception], int] = {
    NotThere: 404,
    TooManyPixels: 413,
    UnreadableImage: 415,
    InputError: 422,
    TooSlow: 504,
    Busy: 503,
    SearchError: 503,
}
"""Kind of error → status; the first that fits."""

SAID = {413: "Too large.", 415: "No picture that can be read.", 422: "A value is out of range or not what is needed."}


def problems(*statuses: int) -> Responses:
    """Return these statuses as FastAPI's `responses` has them."""
    return {
        status: {"model": Problem, "description": SAID.get(status, HTTPStatus(status).phrase)} for status in statuses
    }


def add_problem_handlers(app: FastAPI) -> None:
    """Let every error of the app become a problem."""
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(LexlipError, _known)
    app.add_exception_handler(OSError, _refused_by_the_machine)


def status_of(error: Exception) -> int:
    """Return the status that is answered for `error`."""
    if environment_reason(error) is not None:
        return 503
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 500)


def said_of(error: RequestValidationError) -> str:
    """Return what the first value that was refused needs, on one line."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or "body"
    got = first.get("input")
    received = "" if isinstance(got, dict | list) or got is None else f", got {str(got)[:80]!r}"
    return f"{where}: {first['msg']}{received}"


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    return problem(400 if request.url.path.startswith("/v1/") else 422, said_of(error))


async def _http(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    allowed = headers.get("Allow", "").split(", ")
    if "GET" in allowed:
        headers["Allow"] = ", ".join([*allowed, "HEAD"])
    return problem(error.status_code, str(error.detail), headers=headers)


async def _refused_by_the_machine(request: Request, error: Exception) -> JSONResponse:
    if environment_reason(error) is None:
        raise error
    return problem(503, said_to_client(error), headers={"Retry-After": "1"})


async def _known(request: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    if status == 422 and request.url.path.startswith("/v1/"):
        status = 400
    return problem(status, said_to_client(error), headers={"Retry-After": "1"} if status == 503 else {})


def said_to_client(error: Exception) -> str:
    """Return the error's message, or where that tells of this machine, what a client needs of it; then it is logged."""
    reason = environment_reason(error)
    if reason is None and not isinstance(error, SearchError) and status_of(error) != 500:
        return str(error)
    # A cluster that is away says all in one line, and each request meets it.
    logger.error("%s", error, exc_info=None if isinstance(error, ClusterError) else error)
    if reason is not None:
        return f"the server's machine does not let this be read now: {reason}"
    return "the index can't be read now" if isinstance(error, SearchError) else FAULT


class Faults:
    """A layer that answers 500 to what nothing else answers, and logs it; inside of the layer that adds headers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on."""
        begun = False

        async def noting_send(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, receive, noting_send)
        except ClientDisconnect:  # the client is gone
            return
        except asyncio.CancelledError:  # the server ends, and its grace is over
            if begun or scope["type"] != "http":
                raise
            await problem(503, ENDING, headers={"Connection": "close", "Retry-After": "1"})(scope, receive, send)
        except Exception as error:  # the last before the client, which gets no traceback; the log does
            if begun or scope["type"] != "http":
                raise
            logger.error("%s %s: %s", scope["method"], scope["path"], error, exc_info=error)
            await problem(500, FAULT)(scope, receive, send)


def problem(status: int, said: str, *, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the answer of a request that can't be served."""
    return JSONResponse(Problem(error=said).model_dump(), status, headers)
