"""Swagger UI from our own files: it works without the internet."""

from importlib import resources

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

router = APIRouter(include_in_schema=False)

_FILES = {
    "swagger-ui-bundle.js": "text/javascript",
    "swagger-ui.css": "text/css",
    "favicon-32x32.png": "image/png",
}


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    root_path = _root(request)
    return get_swagger_ui_html(
        openapi_url=f"{root_path}/openapi.json",
        title="LocalChat API",
        swagger_js_url=f"{root_path}/docs/swagger-ui-bundle.js",
        swagger_css_url=f"{root_path}/docs/swagger-ui.css",
        swagger_favicon_url=f"{root_path}/docs/favicon-32x32.png",
        swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True, "filter": True},
    )


def _asset(name: str, media_type: str) -> None:
    content = resources.files("fastapi_swagger.resources") / name

    @router.get(f"/docs/{name}")
    def asset() -> Response:
        return Response(content.read_bytes(), media_type=media_type, headers={"Cache-Control": "max-age=86400"})


for _name, _media_type in _FILES.items():
    _asset(_name, _media_type)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", "")).rstrip("/")
