"""Who embeds a text that several documents hold, and how long the others wait."""

import asyncio
from dataclasses import replace
from uuid import UUID, uuid4

from app.domain.documents import EmbeddingSpace
from app.services.ingestion.in_flight import PATIENCE, Claim, InFlightEmbeddings, sharing
from tests.support.waiting import idle

FIRST, SECOND = uuid4(), uuid4()
SPACE = EmbeddingSpace(1, "model", "sha256:1", 8)


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def claimed(claims: InFlightEmbeddings, document_id: UUID, lease: UUID) -> Claim:
    held = claims.claim("text", document_id, lease)
    assert held is not None
    return held


async def test_others_wait_until_the_first_lets_go() -> None:
    claims, lease = InFlightEmbeddings(), uuid4()
    assert claims.claim("text", FIRST, lease) is None
    waiting = asyncio.create_task(claims.wait(claimed(claims, SECOND, uuid4())))
    await idle()
    assert not waiting.done()
    claims.let_go(["text", "never claimed"], lease)
    await asyncio.wait_for(waiting, 60)
    assert claims.claim("text", SECOND, uuid4()) is None


async def test_nobody_lets_go_of_what_another_claims() -> None:
    claims = InFlightEmbeddings()
    claims.claim("text", FIRST, uuid4())
    claims.let_go(["text"], uuid4())
    assert claimed(claims, SECOND, uuid4()).document_id == FIRST


async def test_who_took_a_document_over_does_not_wait_for_who_had_it() -> None:
    claims, old, new = InFlightEmbeddings(), uuid4(), uuid4()
    claims.claim("text", FIRST, old)
    held = claimed(claims, SECOND, uuid4())
    assert claims.claim("text", FIRST, new) is None
    await asyncio.wait_for(claims.wait(held), 60)
    claims.let_go(["text"], old)
    assert claimed(claims, SECOND, uuid4()).lease == new


async def test_a_claim_that_is_kept_for_too_long_counts_no_more() -> None:
    clock = Clock()
    claims = InFlightEmbeddings(clock)
    claims.claim("text", FIRST, uuid4())
    held = claimed(claims, SECOND, uuid4())
    clock.now = PATIENCE
    await asyncio.wait_for(claims.wait(held), 60)
    assert claims.claim("text", SECOND, uuid4()) is None


def test_vectors_are_shared_by_the_spaces_of_one_model_and_tenant() -> None:
    mine = sharing("default", SPACE)
    assert sharing("default", replace(SPACE, id=2)) == mine
    for other in (
        sharing("another", SPACE),
        sharing("default", replace(SPACE, model="other")),
        sharing("default", replace(SPACE, digest="sha256:2")),
        sharing("default", replace(SPACE, document_prefix="passage: ")),
    ):
        assert other != mine


def test_a_model_without_a_digest_may_be_another_in_every_space() -> None:
    unknown = replace(SPACE, digest="")
    assert sharing("default", unknown) != sharing("default", replace(unknown, id=2))
