"""What is answered when a request can't be: one JSON object `{"error": …}`, and never a traceback.

400, 422   a value is out of range or not what is needed (400 under /v1, as Pyserini has it)
404        no such document, keyword field, index or page
405        the address takes another method
408, 504   the body came too slowly; the work took too long
413, 415   a body or picture that is too large; a file that is no picture, or a broken one
421        a host name that is not this machine's (see `host_check.py`)
500, 503   a fault in here, which is logged; too busy, or the index can't be read
"""

import logging
from http import HTTPStatus
from typing import Any, TypeAlias

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from lexlip_lucene.data.images import TooManyPixels, UnreadableImage
from lexlip_lucene.errors import InputError, LexlipError, SearchError

logger = logging.getLogger("lexlip_lucene.serve")


class Problem(BaseModel):
    """Why a request was not answered."""

    error: str


class NotThere(InputError):
    """The document, field or index that a request names is not there."""


class Busy(LexlipError):
    """As many requests as may wait are waiting."""


class TooSlow(LexlipError):
    """The work of a request took longer than it may."""


Responses: TypeAlias = dict[int | str, dict[str, Any]]
"""Status → what stands in the OpenAPI about it."""

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
    app.add_exception_handler(Exception, _unknown)


def status_of(error: Exception) -> int:
    """Return the status that is answered for `error`."""
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
    return problem(error.status_code, str(error.detail), headers=dict(error.headers or {}))


async def _known(request: Request, error: Exception) -> JSONResponse:
    status = status_of(error)
    if status == 500:
        return await _unknown(request, error)
    if status == 422 and request.url.path.startswith("/v1/"):
        status = 400
    return problem(status, str(error), headers={"Retry-After": "1"} if status == 503 else {})


async def _unknown(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return problem(500, "this is a fault of the server, and is in its log")


def problem(status: int, said: str, *, headers: dict[str, str] | None = None) -> JSONResponse:
    """Return the answer of a request that can't be served."""
    return JSONResponse(Problem(error=said).model_dump(), status, headers)
