"""What OpenAPI promises, tried with generated requests, good and bad, around services in memory."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.domain.conversations import Conversation
from app.domain.documents import Document
from app.errors import NotFound
from tests.support.api import Fakes, serving
from tests.support.fakes.answers import FakeConversations
from tests.support.fakes.documents import NOW, FakeDocuments
from tests.support.ingestion import file_of

PROMISES = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]


class SomeDocuments(FakeDocuments):
    """Documents of every even id are there."""

    async def get(self, tenant: str, document_id: UUID) -> Document:
        if document_id.int % 2:
            raise NotFound(f"There is no document {document_id}.")
        upload = file_of("a.txt", b"hello", "text/plain")
        self.data[document_id] = upload
        self.found[document_id] = replace(self._add(upload, "0" * 64, "default", {}), id=document_id)
        return self.found[document_id]


class SomeConversations(FakeConversations):
    """Conversations of every even id are there."""

    def _find(self, conversation_id: UUID) -> Conversation:
        if conversation_id.int % 2:
            raise NotFound(f"There is no conversation {conversation_id}.")
        return Conversation(conversation_id, "default", "default", "Leave", NOW, NOW)


schema = schemathesis.openapi.from_asgi(
    "/openapi.json",
    serving(Fakes(documents=SomeDocuments(), conversations=SomeConversations()), trusted_hosts="testserver"),
)


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_every_operation_keeps_its_promises(case: schemathesis.Case[Any]) -> None:
    case.call_and_validate(checks=PROMISES, timeout=10)
