"""A question in the API's process goes ahead of what the worker's process is embedding."""

import asyncio
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from app.db.notifications import NotificationChannel
from app.errors import StoreUnavailable
from tests.support.replica import api_and_worker, environment
from tests.support.small_models import MODEL, EmbeddingServer
from tests.support.waiting import until

# Long beside a message between processes, on a busy machine too; nothing is measured in seconds.
SECONDS_PER_TEXT = 0.15
QUESTIONS = 5


async def test_a_question_waits_for_no_more_than_the_text_in_progress_of_another_process(
    tmp_path: Path, database_url: str, valkey_url: str
) -> None:
    book = "\n\n".join(f"## Part {number}\n\n{f'Word{number} ' * 90}" for number in range(300))
    # One text at a time, in the order of arrival: as Ollama does.
    models = EmbeddingServer(slots=1, seconds=SECONDS_PER_TEXT)
    async with models.running():
        env = environment(
            database=database_url, redis=valkey_url, models=models.url, folder=tmp_path, EMBEDDING_MODEL=MODEL
        )
        async with api_and_worker(env, tmp_path) as http:
            answer = await http.post("/api/documents", files={"files": ("book.md", book.encode())})
            assert answer.status_code == 202, answer.text
            await until(lambda: models.batches >= 2, 30)
            for number in range(QUESTIONS):
                await asyncio.sleep(4.5 * SECONDS_PER_TEXT)
                found = await http.post("/api/search", json={"query": f"question {number}", "mode": "vector"})
                assert found.status_code == 200, found.text
            (document,) = (await http.get("/api/documents")).json()["items"]
    assert document["status"] == "processing"  # it was busy all along
    # Not even the text after the one in progress, but where that one ends while the message is on its way.
    assert len(models.ahead) == QUESTIONS
    assert max(models.ahead) <= 1, models.ahead
    assert sorted(models.ahead)[QUESTIONS // 2] == 0, models.ahead


async def test_announcements_are_heard_again_after_the_connection_was_killed(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    speaker = NotificationChannel(database_url, "test", heard.append, timeout=0.5)
    listener = NotificationChannel(database_url, "test", heard.append, timeout=0.5, heartbeat=0.1)
    tasks = [asyncio.create_task(channel.run()) for channel in (speaker, listener)]

    async def say(text: str) -> None:
        """Until both hear it."""
        async with asyncio.timeout(20):
            while heard.count(text) < 2:
                with suppress(StoreUnavailable):
                    await speaker.send(text)
                await asyncio.sleep(0.05)

    with pytest.raises(StoreUnavailable):
        await speaker.send("too early")
    await say("one")
    killer = await asyncpg.connect(database_url)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await killer.close()
    await say("two")
    assert [record.levelname for record in caplog.records if record.name == "app.db.notifications"] == [
        "WARNING"
    ] * 2
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
