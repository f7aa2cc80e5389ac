"""Every error as RFC 9457 `application/problem+json`. The text of an unexpected exception never leaves."""

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from app.domain.answers import Failed
from app.errors import InvalidInput, LocalChatError, NotFound, Stopping, TooLarge, TooManyUploads, UnsupportedMedia
from app.telemetry import correlation
from app.telemetry.access import annotate

MEDIA_TYPE = "application/problem+json"
_RETRY = {"Retry-After": "1"}

# Our names for errors that the framework raises, by status.
_BY_STATUS = {kind.status: kind for kind in (NotFound, TooLarge, TooManyUploads, UnsupportedMedia)}


class FieldError(BaseModel):
    """An error in one field of a request."""

    location: str = Field(description="body, query, path or header")
    field: str = Field(description="Dotted path to the field; empty for the whole", examples=["top_k"])
    detail: str


class Problem(BaseModel):
    """An error (RFC 9457)."""

    type: str = Field(examples=["urn:localchat:problem:not-found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str
    instance: str = Field(description="The path that was asked for")
    request_id: str
    trace_id: str
    errors: list[FieldError] | None = Field(default=None, description="The fields that were refused")


def problem(scope: Scope, status: int, code: str, title: str, detail: str, **extensions: Any) -> dict[str, Any]:
    """Build a problem: the members that all have, and any `extensions`."""
    ids = correlation.current()
    return {
        "type": f"urn:localchat:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": quote(scope["path"]),
        "request_id": ids.request_id if ids else "",
        "trace_id": ids.trace_id if ids else "",
        **extensions,
    }


def problem_of(scope: Scope, error: Exception) -> dict[str, Any]:
    """Turn an error of ours into a problem; any other becomes a plain 500."""
    known = error if isinstance(error, LocalChatError) else LocalChatError("Something went wrong on our side.")
    return problem(scope, known.status, known.code, known.title, known.detail)


def stopping_problem(scope: Scope) -> dict[str, Any]:
    """Build the problem that ends a request which the stopping server cannot finish."""
    stopping = Stopping("Ask again: another replica, or this one in a moment.")
    return problem_of(scope, stopping) | {"code": stopping.code}


def problem_response(body: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    if body["instance"].startswith("/v1/"):
        body = {**body, "error": openai_error(body)}
    elif body["instance"].startswith("/ollama/"):
        body = {**body, "error": body["detail"]}
    # The input of a client may hold lone surrogates, which UTF-8 cannot encode.
    content = json.dumps(body, ensure_ascii=False, default=str).encode("utf-8", "replace")
    return Response(content, status_code=body["status"], media_type=MEDIA_TYPE, headers=headers)


def openai_error(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what OpenAI's clients read from a problem: whose fault it is, our code for it, and the field."""
    code = body["type"].rpartition(":")[2].replace("-", "_")
    fields = [error["field"] for error in body.get("errors") or ()]
    return {
        "message": body["detail"],
        "type": _openai_type(body["status"]),
        "param": fields[0] if fields and fields[0] else None,
        "code": "invalid_api_key" if body["status"] == HTTPStatus.UNAUTHORIZED else code,
    }


def _openai_type(status: int) -> str:
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "server_error"
    return "rate_limit_error" if status == HTTPStatus.TOO_MANY_REQUESTS else "invalid_request_error"


def error_response(scope: Scope, error: Exception) -> Response:
    headers = {}
    if isinstance(error, LocalChatError) and error.retryable:
        headers["Retry-After"] = str(error.retry_after)
    body = problem_of(scope, error)
    if body["status"] == HTTPStatus.UNAUTHORIZED:
        headers["WWW-Authenticate"] = "Bearer"
    return problem_response(body, headers)


def failed_response(scope: Scope, failure: Failed) -> Response:
    """Build the response for an answer that ended in a failure."""
    headers = _RETRY if failure.retryable else None
    return problem_response(completed(scope, failure.problem), headers)


def completed(scope: Scope, reason: Mapping[str, Any]) -> dict[str, Any]:
    """Return `reason` with the members that it lacks."""
    return problem_of(scope, LocalChatError("")) | dict(reason)


def add_problem_handlers(app: FastAPI) -> None:
    app.add_exception_handler(LocalChatError, _on_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_http_error)


async def _on_error(request: Request, error: Exception) -> Response:
    if isinstance(error, LocalChatError) and error.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        annotate(error=error.detail, **({"cause": type(error.__cause__).__name__} if error.__cause__ else {}))
    return error_response(request.scope, error)


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    errors = field_errors(error.errors())
    detail = "; ".join(f"{item['field'] or item['location']}: {item['detail']}" for item in errors[:3])
    return problem_response(
        problem(request.scope, InvalidInput.status, InvalidInput.code, InvalidInput.title, detail, errors=errors)
    )


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = HTTPStatus(error.status_code)
    known = _BY_STATUS.get(status)
    code = known.code if known else status.phrase.lower().replace(" ", "-")
    title = known.title if known else status.phrase
    body = problem(request.scope, status, code, title, str(error.detail))
    return problem_response(body, error.headers)


def field_errors(errors: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Convert Pydantic's errors, without the input, which may be large or private."""
    found = []
    for error in errors:
        location, *path = (*map(str, error["loc"]), "body")[: max(1, len(error["loc"]))]
        found.append({"location": location, "field": ".".join(path), "detail": _said(error)})
    return found


def _said(error: Mapping[str, Any]) -> str:
    """Return Pydantic's message in words for a caller, with "characters" where it counts "items" of a text."""
    message = error["msg"].removeprefix("Value error, ")
    return re.sub(r"^(Value .*) item(s?) after validation", r"\1 character\2", message)
