"""Swagger UI from files of our own: it works without the internet, and behind a path prefix, by relative addresses.

`fastapi_swagger.patch_fastapi` serves the same files, but by absolute addresses made of the `Host` header and the
scheme of the connection: behind a proxy that ends TLS a browser would refuse to load them.
"""

from fastapi import APIRouter, FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import HTMLResponse
from starlette.staticfiles import StaticFiles

_ASSETS = "/docs/assets"

router = APIRouter(include_in_schema=False)


def add_docs(app: FastAPI) -> None:
    app.include_router(router)
    app.mount(_ASSETS, StaticFiles(packages=[("fastapi_swagger", "resources")]))


@router.get("/docs")
async def docs() -> HTMLResponse:
    assets = _ASSETS.removeprefix("/")
    return get_swagger_ui_html(
        openapi_url="openapi.json",
        title="LocalChat API",
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon-32x32.png",
        swagger_ui_parameters={
            "tryItOutEnabled": True,
            "displayRequestDuration": True,
            "filter": True,
            # Open, every schema below the operations is drawn again with each key that is pressed.
            "defaultModelsExpandDepth": 0,
        },
    )
