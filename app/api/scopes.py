"""The scope that each operation needs: the first rule that fits decides."""

import re

from app.domain.access.caller import AccessScope

_PROTECTED = ("/api", "/v1", "/mcp", "/ollama")

# The whole service's, or counted over all tenants.
_OPERATOR = (
    "/api/analytics/hit-rates",
    "/api/analytics/savings",
    "/api/analytics/slow-queries",
    "/api/cache/clear-expired",
    "/api/cache/stats",
    "/api/models/pull",
)
# A tenant's, whatever the collection.
_ADMIN = (
    "/api/analytics",
    "/api/audit",
    "/api/cache",
    "/api/evaluations",
    "/api/experiments",
    "/api/keys",
    "/api/subjects",
)
# Questions, whatever their method.
_READ = ("/api/chat", "/api/conversations", "/api/feedback", "/api/search", "/mcp", "/ollama", "/v1")
# Who may read and write a collection.
_COLLECTION_ACCESS = re.compile(r"/api/collections/[^/]+/access")
_QUESTIONS = ("/api/chat", "/mcp", "/ollama", "/v1")
_SAFE = ("GET", "HEAD", "OPTIONS")


def required_scope(method: str, path: str) -> AccessScope | None:
    """The scope that a request needs; None if it needs no caller at all."""
    if not _under(path, _PROTECTED):
        return None
    if _under(path, _OPERATOR):
        return AccessScope.OPERATOR
    if _under(path, _ADMIN) or _COLLECTION_ACCESS.fullmatch(path):
        return AccessScope.ADMIN
    if method in _SAFE or _under(path, _READ):
        return AccessScope.READ
    return AccessScope.WRITE


def is_question(method: str, path: str) -> bool:
    """Whether a model may have to answer."""
    return method == "POST" and _under(path, _QUESTIONS)


def _under(path: str, folders: tuple[str, ...]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
