"""The application: its routes, its error answers and its middleware."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version
from pathlib import Path

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.staticfiles import StaticFiles

from lexlip_lucene.serve.api import api
from lexlip_lucene.serve.http.body_bound import BodyBound
from lexlip_lucene.serve.http.cross_site import CrossSite
from lexlip_lucene.serve.http.forwarded import Forwarded
from lexlip_lucene.serve.http.head_requests import HeadRequests
from lexlip_lucene.serve.http.headers import SecurityHeaders
from lexlip_lucene.serve.http.host_check import HostCheck
from lexlip_lucene.serve.http.limits import BODY_OVERHEAD
from lexlip_lucene.serve.http.problems import Faults, add_problem_handlers
from lexlip_lucene.serve.http.reach import LOCAL, Reach
from lexlip_lucene.serve.http.request_head import RequestHead
from lexlip_lucene.serve.pages import pages
from lexlip_lucene.serve.picture_routes import pictures
from lexlip_lucene.serve.pyserini_api import v1
from lexlip_lucene.serve.served import Served
from lexlip_lucene.serve.similar_page import similar

STATIC = Path(__file__).with_name("static")

logger = logging.getLogger("lexlip_lucene.serve")


def create_app(served: Served, *, reach: Reach = LOCAL) -> FastAPI:
    """Return the application.

    Args:
        served: what it serves; it is closed when the application ends.
        reach: from where it is reached; by default, by this machine's own names only.
    """
    app = FastAPI(
        title="lexlip serve",
        description="Searches images by their words, and says why.",
        version=version("lexlip-lucene"),
        docs_url=None,  # its page fetches its parts from elsewhere
        redoc_url=None,
        redirect_slashes=False,  # an address is exact, and no redirect has to be right behind a proxy
        middleware=_around(served, reach),
        lifespan=_lifespan,
    )
    app.state.served = served
    for routes in (api, v1, pictures, pages, similar):
        app.include_router(routes)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")
    add_problem_handlers(app)
    return app


def _around(served: Served, reach: Reach) -> list[Middleware]:
    """Return what a request passes through, in this order."""
    limits = served.limits
    return [
        Middleware(SecurityHeaders, others_may_show=reach.cross_site),
        Middleware(HeadRequests),
        Middleware(Faults),
        Middleware(BodyBound, most=limits.upload_bytes + BODY_OVERHEAD, seconds=limits.seconds),
        Middleware(RequestHead, root_path=served.root_path),
        Middleware(Forwarded, proxies=reach.proxies),
        Middleware(HostCheck, names=reach.names, any_origin=reach.cross_site),
        *([] if reach.cross_site else [Middleware(CrossSite)]),
    ]


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    served: Served = app.state.served
    refreshing = asyncio.create_task(_refresh(served))
    if served.check is not None:
        served.check.start()
    yield
    refreshing.cancel()
    with suppress(asyncio.CancelledError):
        await refreshing
    await asyncio.to_thread(served.close)


async def _refresh(served: Served) -> None:
    """Look for a newer commit of the index every few seconds."""
    while True:
        await asyncio.sleep(served.limits.refresh_seconds)
        before = served.problem
        try:
            await served.searches.run(served.refresh)
        except Exception as error:  # whatever it is, the next look must come; a busy server looks then
            if served.problem != before:
                logger.warning("the index could not be refreshed: %s", error)
