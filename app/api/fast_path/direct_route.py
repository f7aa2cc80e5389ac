"""Three kinds of route besides FastAPI's own, documented in OpenAPI by the same declarations."""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import request_response

from app.api.uploads.form_request import FormRequest
from app.errors import UnsupportedMedia

_FORM = "multipart/form-data"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class BodyRoute(APIRoute):
    """Refuses with 415 a body of another media type than the operation declares. Reads forms by `FormRequest`."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle
        expected = getattr(self.body_field.field_info, "media_type", "application/json")

        async def checked(request: Request) -> Response:
            check_media_type(request, expected)
            return await handle(FormRequest(request.scope, request.receive) if expected == _FORM else request)

        return checked


class JsonRoute(APIRoute):
    """Reads a body as JSON, whatever media type is declared, as Ollama does."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def as_json(request: Request) -> Response:
            others = [item for item in request.scope["headers"] if item[0] != b"content-type"]
            scope = {**request.scope, "headers": [*others, (b"content-type", b"application/json")]}
            return await handle(Request(scope, request.receive))

        return as_json


class DirectRoute(APIRoute):
    """A route whose endpoint is called as `endpoint(request, body)` with a body validated by its model.

    FastAPI's resolution of dependencies costs more than validating such a body does (about half of the
    throughput of a cache hit), so it is left out; the declaration still documents the operation.
    """

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        self.app = request_response(self.get_route_handler())

    def get_route_handler(self) -> Handler:
        endpoint = self.endpoint
        model: type[BaseModel] = inspect.signature(endpoint).parameters["body"].annotation

        async def handle(request: Request) -> Response:
            check_media_type(request, "application/json")
            try:
                body = model.model_validate_json(await request.body())
            except ValidationError as error:
                found = error.errors(include_url=False, include_context=False, include_input=False)
                raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in found]) from None
            response: Response = await endpoint(request, body)
            return response

        return handle


def check_media_type(request: Request, expected: str) -> None:
    """
    Raises:
        UnsupportedMedia: the body has another declared media type.
    """
    declared = request.headers.get("content-type")
    if declared is None or declared == expected:
        return
    media_type = declared.partition(";")[0].strip().lower()
    if media_type != expected and not (expected == "application/json" and media_type.endswith("+json")):
        raise UnsupportedMedia(f"This operation takes {expected}.")
