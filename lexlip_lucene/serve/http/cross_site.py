"""Pages of other sites may link to the page here, and nothing else: they can't make this server work.

A browser says in `Sec-Fetch-Site` whether a page of another site asks, in `Sec-Fetch-Mode` whether somebody follows a
link, and in `Sec-Fetch-Dest` for what. Browsers before 2023 and other clients say nothing and are let through.
"""

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from lexlip_lucene.serve.http.problems import problem

PAGE = "/"


class CrossSite:
    """A check that answers 403 to what a page of another site asks for, but for somebody who follows a link to PAGE."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on if it is not from another site, or opens the page."""
        if scope["type"] == "http" and _is_refused(scope):
            said = "a page of another site may link to the page here, but not ask this server for anything else"
            await problem(403, f"{said}: see --allow-cross-site")(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_refused(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    if headers.get("sec-fetch-site", "").strip().lower() != "cross-site":
        return False
    follows_a_link = (
        headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest", "document") == "document"
    )
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    return not (follows_a_link and scope["method"] == "GET" and path == PAGE)
