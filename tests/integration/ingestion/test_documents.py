"""Documents from upload to sight, on a real database."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from app.db.search import passages
from app.domain.documents import DocumentStatus, OnConflict, UploadResult
from app.domain.reading import DocumentProperties
from app.errors import Conflict, InvalidInput, NotFound, PreconditionFailed
from app.services.documents.service import etag
from app.services.operations.housekeeping import HousekeepingService
from tests.support.ingestion import TENANT, Desk, file_of


@pytest.fixture
async def desk(database_url: str) -> AsyncIterator[Desk]:
    desk = await Desk.open(database_url)
    yield desk
    await desk.database.close()


async def test_an_upload_is_stored_with_its_job_and_becomes_visible_when_ingested(desk: Desk) -> None:
    document = await desk.upload("one\ntwo\n")
    assert document.status is DocumentStatus.QUEUED
    assert await desk.queued() == [(f"ingest:{document.id}:1", "queued")]
    assert await desk.visible(document.id) == []

    document = await desk.ingest(document)
    assert (document.status, document.chunk_count, document.embedded_count) == ("ready", 2, 2)
    assert await desk.visible(document.id) == ["one", "two"]
    assert await desk.content(document) == b"one\ntwo\n"


async def post(
    desk: Desk,
    name: str,
    content: bytes,
    metadata: dict[str, Any] | None = None,
    on_conflict: OnConflict = OnConflict.KEEP,
) -> UploadResult:
    (result,) = await desk.documents.upload(
        TENANT, [file_of(name, content)], collection="default", metadata=metadata, on_conflict=on_conflict
    )
    return result


@pytest.mark.parametrize("on_conflict", list(OnConflict))
async def test_the_same_file_in_the_same_collection_changes_nothing(desk: Desk, on_conflict: OnConflict) -> None:
    first = (await post(desk, "a.txt", b"same", {"year": 1})).document
    for metadata in (None, {"year": 1}):
        again = await post(desk, "a.txt", b"same", metadata, on_conflict)
        assert (again.unchanged, again.document.id, again.same_name) == (True, first.id, ())
    assert await desk.queued() == [(f"ingest:{first.id}:1", "queued")]
    elsewhere = await desk.upload("same", collection="other")
    assert elsewhere.id != first.id


async def test_the_same_bytes_under_another_name_or_with_other_metadata_are_a_document_with_the_same_vectors(
    desk: Desk,
) -> None:
    first = await desk.add("one\ntwo", "north.txt")
    desk.embedder.embedded.clear()
    renamed = await post(desk, "south.txt", b"one\ntwo")
    described = await post(desk, "north.txt", b"one\ntwo", {"region": "north"})
    assert (renamed.same_name, described.same_name) == ((), (first.id,))
    for stored in (renamed, described):
        document = await desk.ingest(stored.document)
        assert (stored.unchanged, document.status, document.reused_count) == (False, "ready", 2)
    assert desk.embedder.embedded == []
    # A copy stays when the document goes whose vectors it shares.
    await desk.documents.delete(TENANT, first.id)
    for stored in (renamed, described):
        assert await desk.visible(stored.document.id) == ["one", "two"]


async def test_another_file_of_the_same_name_is_kept_beside_replaces_or_is_refused(desk: Desk) -> None:
    first = (await post(desk, "a.txt", b"v1", {"year": 1})).document
    await desk.ingest(first)
    with pytest.raises(Conflict, match=f"called a.txt: {first.id}"):
        await post(desk, "a.txt", b"v2", on_conflict=OnConflict.REFUSE)
    replaced = await post(desk, "a.txt", b"v2", on_conflict=OnConflict.REPLACE)
    assert (replaced.document.id, replaced.document.version, replaced.same_name) == (first.id, 2, ())
    assert replaced.document.metadata == {"year": 1}
    assert await desk.visible(first.id) == ["v1"]
    await desk.ingest(replaced.document)
    assert await desk.visible(first.id) == ["v2"]
    kept = await post(desk, "a.txt", b"v3")
    assert (kept.document.id != first.id, kept.document.version, kept.same_name) == (True, 1, (first.id,))
    described = await post(desk, "a.txt", b"v3", {"year": 3}, OnConflict.REPLACE)
    assert (described.document.id, described.document.version) == (kept.document.id, 1)
    assert described.document.metadata == {"year": 3}


async def test_one_of_two_uploads_of_the_same_file_at_the_same_time_is_unchanged(desk: Desk) -> None:
    results = await asyncio.gather(*(post(desk, "a.txt", b"same") for _ in range(4)))
    assert len({result.document.id for result in results}) == 1
    assert sorted(result.unchanged for result in results) == [False, True, True, True]


async def test_a_new_name_is_the_documents_and_its_passages_at_once(desk: Desk) -> None:
    document = await desk.add("one", "before.txt")
    before = (await desk.collections.resolve(TENANT, "default")).corpus_version
    renamed = await desk.documents.describe(TENANT, document.id, filename="after.txt")
    assert (renamed.filename, renamed.version, renamed.metadata) == ("after.txt", 1, document.metadata)
    assert (await desk.collections.resolve(TENANT, "default")).corpus_version == before + 1
    async with desk.database.connection() as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM chunks")]
        assert [one.filename for one in (await passages.fetch(connection, ids)).values()] == ["after.txt"]
    again = await desk.documents.describe(TENANT, document.id, filename="after.txt")
    assert again.updated_at == renamed.updated_at


async def test_bytes_that_failed_before_are_tried_again(desk: Desk) -> None:
    failed = await desk.add("! broken")
    assert failed.status is DocumentStatus.FAILED
    assert failed.error == "a.txt is scrambled."
    again = await desk.documents.upload(TENANT, [file_of("a.txt", b"! broken")], collection="default", metadata={})
    assert not again[0].unchanged
    assert again[0].document.status is DocumentStatus.QUEUED


async def test_deleted_bytes_can_come_back(desk: Desk) -> None:
    first = await desk.add("phoenix")
    await desk.documents.delete(TENANT, first.id)
    with pytest.raises(NotFound):
        await desk.documents.get(TENANT, first.id)
    assert await desk.visible(first.id) == []
    second = await desk.add("phoenix")
    assert second.id != first.id
    assert await desk.visible(second.id) == ["phoenix"]


async def test_an_idempotency_key_answers_a_repeated_upload_once(desk: Desk) -> None:
    async def upload(content: bytes) -> list[str]:
        results = await desk.documents.upload(
            TENANT, [file_of("k.txt", content)], collection="default", metadata={}, idempotency_key="k1"
        )
        assert not results[0].unchanged
        return [str(item.document.id) for item in results]

    assert await upload(b"x") == await upload(b"x")
    assert len(await desk.queued()) == 1
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        await upload(b"y")


async def test_readers_see_the_old_version_until_the_replacement_is_complete(desk: Desk) -> None:
    document = await desk.add("kept\nold")
    replaced = await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"kept\nnew\nmore"))
    assert (replaced.version, replaced.status) == (2, "queued")
    assert await desk.visible(document.id) == ["kept", "old"]
    desk.embedder.embedded.clear()
    done = await desk.ingest(replaced)
    assert await desk.visible(document.id) == ["kept", "new", "more"]
    assert desk.embedder.embedded == ["new", "more"]
    assert (done.reused_count, done.embedded_count) == (1, 3)


async def test_the_same_bytes_under_another_name_rename_a_document_and_embed_nothing(desk: Desk) -> None:
    document = await desk.add("kept\nold", "before.txt")
    renamed = await desk.documents.replace(TENANT, document.id, file_of("after.txt", b"kept\nold"))
    assert (renamed.version, renamed.filename, renamed.status) == (2, "after.txt", "queued")
    desk.embedder.embedded.clear()
    done = await desk.ingest(renamed)
    assert (done.status, done.reused_count, desk.embedder.embedded) == ("ready", 2, [])
    again = await desk.documents.replace(TENANT, document.id, file_of("after.txt", b"kept\nold"))
    assert (again.version, again.status) == (2, "ready")


async def test_a_passage_bears_the_name_of_the_version_that_it_is_of(desk: Desk) -> None:
    document = await desk.add("old", "old.txt")

    async def names() -> list[str]:
        async with desk.database.connection() as connection:
            ids = [row["id"] for row in await connection.fetch("SELECT id FROM chunks WHERE active")]
            found = (await passages.fetch(connection, ids)).values()
            around = (await passages.neighbours(connection, ids)).values()
        return [passage.filename for passage in found] + [chunk.filename for chunks in around for chunk in chunks]

    replaced = await desk.documents.replace(TENANT, document.id, file_of("new.txt", b"new"))
    assert replaced.filename == "new.txt"
    assert await names() == ["old.txt"] * 2
    await desk.ingest(replaced)
    assert await names() == ["new.txt"] * 2


@pytest.mark.parametrize("content", [b"same", b"other"])
async def test_metadata_that_a_replacement_changes_is_a_change_of_the_corpus_at_once(
    desk: Desk, content: bytes
) -> None:
    document = await desk.add("same", "a.txt")

    async def version_after(metadata: dict[str, Any] | None) -> int:
        await desk.documents.replace(TENANT, document.id, file_of("a.txt", content), metadata=metadata)
        return (await desk.collections.resolve(TENANT, "default")).corpus_version

    before = (await desk.collections.resolve(TENANT, "default")).corpus_version
    assert await version_after(None) == before
    assert await version_after({"year": 2026}) == before + 1
    assert await version_after({"year": 2026}) == before + 1


async def test_other_metadata_is_a_change_of_the_corpus_and_of_nothing_else(desk: Desk) -> None:
    document = await desk.add("same")
    before = (await desk.collections.resolve(TENANT, "default")).corpus_version
    for _ in range(2):
        described = await desk.documents.describe(TENANT, document.id, metadata={"year": 2026}, if_match="*")
        assert (described.metadata, described.version, described.status) == ({"year": 2026}, 1, "ready")
        assert (await desk.collections.resolve(TENANT, "default")).corpus_version == before + 1
    with pytest.raises(PreconditionFailed):
        await desk.documents.describe(TENANT, document.id, metadata={}, if_match=etag(document))
    with pytest.raises(NotFound):
        await desk.documents.describe(TENANT, uuid4(), metadata={})


async def test_a_replacement_that_fails_leaves_the_old_version_readable(desk: Desk) -> None:
    document = await desk.add("good")
    replaced = await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"! bad"))
    failed = await desk.ingest(replaced)
    assert failed.status is DocumentStatus.FAILED
    assert await desk.visible(document.id) == ["good"]


async def test_a_replacement_needs_the_current_etag_when_one_is_given(desk: Desk) -> None:
    document = await desk.add("v1")
    with pytest.raises(PreconditionFailed):
        await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"v2"), if_match='"stale"')
    replaced = await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"v2"), if_match=etag(document))
    assert replaced.version == 2


async def test_a_passage_has_the_date_that_its_file_states_else_that_of_its_upload(desk: Desk) -> None:
    async def dates() -> list[datetime]:
        async with desk.database.connection() as connection:
            ids = [row["id"] for row in await connection.fetch("SELECT id FROM chunks WHERE active")]
            return [passage.document_date for passage in (await passages.fetch(connection, ids)).values()]

    document = await desk.add("one")
    assert (document.title, document.author) == (None, None)
    assert await dates() == [document.document_date]
    assert document.document_date == document.created_at
    stated = datetime(2024, 3, 1, 9, 30)  # noqa: DTZ001 - as a file has it
    desk.loader.properties = DocumentProperties("Handbook", "Jane Roe", stated)
    replaced = await desk.ingest(await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"two")))
    assert (replaced.title, replaced.author) == ("Handbook", "Jane Roe")
    assert await dates() == [replaced.document_date] == [stated.replace(tzinfo=UTC)]


async def test_two_documents_may_swap_their_bytes(desk: Desk) -> None:
    first, second = await desk.add("one", "first.txt"), await desk.add("two", "second.txt")
    for document, content in ((first, b"two"), (second, b"one")):
        await desk.ingest(await desk.documents.replace(TENANT, document.id, file_of(document.filename, content)))
    assert (await desk.visible(first.id), await desk.visible(second.id)) == (["two"], ["one"])


async def test_every_visible_change_bumps_the_corpus_version_once(desk: Desk) -> None:
    document = await desk.add("a")
    assert await desk.corpus_version() == 1
    await desk.ingest(await desk.documents.replace(TENANT, document.id, file_of("a.txt", b"b")))
    assert await desk.corpus_version() == 2
    await desk.documents.delete(TENANT, document.id)
    assert await desk.corpus_version() == 3


async def test_lists_go_on_where_the_page_before_ended(desk: Desk) -> None:
    ids = [(await desk.upload(str(number), f"{number}.txt")).id for number in range(5)]
    seen, cursor = [], None
    while True:
        page = await desk.documents.list(TENANT, limit=2, cursor=cursor)
        seen += [document.id for document in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == ids
    with pytest.raises(InvalidInput, match="cursor"):
        await desk.documents.list(TENANT, cursor="nonsense")


async def test_nothing_is_seen_of_another_tenant(desk: Desk) -> None:
    document = await desk.add("mine")
    with pytest.raises(NotFound):
        await desk.documents.get("someone-else", document.id)
    with pytest.raises(NotFound):
        await desk.documents.delete("someone-else", document.id)
    assert (await desk.documents.list("someone-else")).items == ()


async def test_an_absent_document_is_not_found(desk: Desk) -> None:
    for call in (desk.documents.get, desk.documents.content, desk.documents.retry, desk.documents.cancel):
        with pytest.raises(NotFound):
            await call(TENANT, uuid4())


async def test_collections_are_made_found_renamed_and_deleted(desk: Desk) -> None:
    made = await desk.collections.create(TENANT, "papers", description="d", language="german")
    assert (made.collection.language, made.document_count) == ("german", 0)
    with pytest.raises(Conflict):
        await desk.collections.create(TENANT, "papers")
    with pytest.raises(InvalidInput, match="klingon"):
        await desk.collections.create(TENANT, "x", language="klingon")
    with pytest.raises(InvalidInput, match="name"):
        await desk.collections.create(TENANT, "no/slash")
    renamed = await desk.collections.update(TENANT, "papers", new_name="articles")
    assert renamed.collection.name == "articles"
    await desk.collections.delete(TENANT, "articles")
    with pytest.raises(NotFound):
        await desk.collections.resolve(TENANT, "articles")
    assert [item.collection.name for item in (await desk.collections.list(TENANT)).items] == []


async def test_housekeeping_leaves_no_row_of_what_was_deleted_or_superseded(desk: Desk) -> None:
    kept = await desk.add("kept v1", "kept.txt")
    await desk.ingest(await desk.documents.replace(TENANT, kept.id, file_of("kept.txt", b"kept v2")))
    gone = await desk.add("gone", "gone.txt")
    await desk.documents.delete(TENANT, gone.id)
    await desk.upload("elsewhere", collection="doomed")
    await desk.collections.delete(TENANT, "doomed")

    await HousekeepingService(desk.database, spaces_stay=0).once()

    space = (await desk.collections.resolve(TENANT, "default")).space.id
    async with desk.database.connection() as connection:
        assert await connection.fetchval("SELECT array_agg(text) FROM chunks") == ["kept v2"]
        assert await connection.fetchval(f"SELECT count(*) FROM vectors_{space}") == 1
        assert await connection.fetchval("SELECT array_agg(DISTINCT document_id) FROM document_versions") == [
            kept.id
        ]
        assert await connection.fetchval("SELECT array_agg(name) FROM collections") == ["default"]
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE tablename LIKE 'vectors_%'")
    assert [row["tablename"] for row in tables] == [f"vectors_{space}"]
    assert await desk.visible(kept.id) == ["kept v2"]


async def test_housekeeping_queues_again_what_lost_its_job(desk: Desk) -> None:
    document = await desk.upload("orphan")
    async with desk.database.connection() as connection:
        await connection.execute("DELETE FROM pgqueuer")
        await connection.execute("UPDATE documents SET updated_at = now() - interval '2 minutes'")
    await HousekeepingService(desk.database).once()
    assert await desk.queued() == [(f"ingest:{document.id}:1", "queued")]
