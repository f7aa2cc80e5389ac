"""The page that people open: built files, compressed when they were built, under a strict policy."""

import re
from pathlib import Path

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

# Content codings by preference, with the endings of the files that hold them.
_CODINGS = {"br": ".br", "gzip": ".gz"}
_REFUSED = re.compile(r";\s*q=0(\.0*)?\s*$")

# Nothing inline, nothing from elsewhere. Passages of PDFs are drawn from blobs and data that the page itself makes.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; font-src 'self' data:; "
    "connect-src 'self'; worker-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
_SECURITY = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# The index names the assets of its build, so it is asked for anew; an asset's name changes with its content.
_INDEX = {"Cache-Control": "no-cache", **_SECURITY}
_ASSET = {"Cache-Control": "public, max-age=31536000, immutable", "X-Content-Type-Options": "nosniff"}

_NOT_BUILT = """<!doctype html><html lang="en"><meta charset="utf-8"><title>LocalChat</title>
<h1>The page is not built</h1>
<p>Build it with <code>make page</code>, which needs npm's registry the first time, and load this again.
<p>The API works without it: <a href="docs">its documentation</a>."""


def add_page(app: FastAPI, folder: Path) -> None:
    """Serve the page that was built into `folder`, or say that there is none."""
    files = _CompressedFiles(directory=folder, check_dir=False)
    assets = _CompressedFiles(directory=folder / "assets", check_dir=False)

    async def index(request: Request) -> Response:
        try:
            return await files.respond("index.html", request.scope, _INDEX)
        except HTTPException:
            return HTMLResponse(_NOT_BUILT, 503, {"Cache-Control": "no-store"})

    async def asset(request: Request) -> Response:
        return await assets.respond(request.path_params["name"], request.scope, _ASSET)

    app.add_route("/", index, methods=["GET"], include_in_schema=False)
    app.add_route("/assets/{name:path}", asset, methods=["GET"], include_in_schema=False)


class _CompressedFiles(StaticFiles):
    """Files of which a compressed copy may lie beside them, under their name with `.br` or `.gz` added."""

    async def respond(self, path: str, scope: Scope, headers: dict[str, str]) -> Response:
        """
        Raises:
            HTTPException: there is no such file.
        """
        response = await self._best(path, scope)
        response.headers.update({**headers, "Vary": "Accept-Encoding"})
        return response

    async def _best(self, path: str, scope: Scope) -> Response:
        for coding in _accepted(Headers(scope=scope).get("accept-encoding", "")):
            try:
                response = await self.get_response(path + _CODINGS[coding], scope)
            except HTTPException:
                continue
            response.headers["Content-Encoding"] = coding
            return response
        return await self.get_response(path, scope)


def _accepted(header: str) -> list[str]:
    offered = {
        item.partition(";")[0].strip().lower() for item in header.split(",") if not _REFUSED.search(item.lower())
    }
    return [coding for coding in _CODINGS if coding in offered or "*" in offered]
