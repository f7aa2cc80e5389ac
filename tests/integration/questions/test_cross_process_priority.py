"""A question in the API's process goes ahead of what the worker's process is embedding."""

import asyncio
from contextlib import suppress
from pathlib import Path

import asyncpg
import pytest

from app.db.notifications import NotificationListener
from app.errors import StoreUnavailable
from tests.support.fake_ollama import FakeOllama, unit_vector
from tests.support.processes.replica import api_and_worker, environment
from tests.support.waiting import until

# Long beside a message between processes, on a busy machine too; nothing is measured in seconds.
SECONDS_PER_TEXT = 0.15
QUESTIONS = 5


async def test_a_question_waits_for_no_more_than_the_text_in_progress_of_another_process(
    tmp_path: Path, database_url: str, valkey_url: str
) -> None:
    book = "\n\n".join(f"## Part {number}\n\n{f'Word{number} ' * 90}" for number in range(300))
    # One text at a time, in the order of arrival: as Ollama does.
    models = FakeOllama(vector=unit_vector, slots=1, seconds=SECONDS_PER_TEXT)
    async with models.running():
        env = environment(database=database_url, redis=valkey_url, models=models.url, folder=tmp_path)
        async with api_and_worker(env, tmp_path) as http:
            answer = await http.post("/api/documents", files={"files": ("book.md", book.encode())})
            assert answer.status_code == 202, answer.text
            await until(lambda: models.batches >= 2)
            for number in range(QUESTIONS):
                await asyncio.sleep(4.5 * SECONDS_PER_TEXT)
                found = await http.post("/api/search", json={"query": f"question {number}", "mode": "vector"})
                assert found.status_code == 200, found.text
            (document,) = (await http.get("/api/documents")).json()["items"]
    assert document["status"] == "processing"  # it was busy all along
    # Not even the text after the one in progress, but where that one ends while the message is on its way.
    questions = [text for text in models.arrived if text.startswith("question")]
    assert len(questions) == QUESTIONS
    ahead = sorted(models.embedded.index(text) - models.arrived[text] for text in questions)
    assert ahead[-1] <= 1, ahead
    assert ahead[QUESTIONS // 2] == 0, ahead


async def test_announcements_are_heard_again_after_the_connection_was_killed(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    speaker = NotificationListener(database_url, {"test": heard.append}, timeout=0.5)
    listener = NotificationListener(database_url, {"test": heard.append}, timeout=0.5, interval=0.1)
    tasks = [asyncio.create_task(each.run()) for each in (speaker, listener)]

    async def say(text: str) -> None:
        """Until both hear it."""

        async def heard_by_both() -> bool:
            with suppress(StoreUnavailable):
                await speaker.send("test", text)
            return heard.count(text) >= 2

        await until(heard_by_both)

    with pytest.raises(StoreUnavailable):
        await speaker.send("test", "too early")
    await say("one")
    killer = await asyncpg.connect(database_url)
    await killer.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    await killer.close()
    await say("two")
    assert losses(caplog) == 2
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_a_loss_is_logged_once_and_not_at_every_attempt(caplog: pytest.LogCaptureFixture) -> None:
    attempts = 0
    tried_again = asyncio.Event()

    def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal attempts
        attempts += 1
        writer.close()
        if attempts == 4:
            tried_again.set()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"postgresql://user@127.0.0.1:{port}/none?sslmode=disable"
        task = asyncio.create_task(NotificationListener(url, {"test": print}, timeout=0.1).run())
        async with asyncio.timeout(60):
            await tried_again.wait()
        task.cancel()
        await asyncio.wait([task])
    assert losses(caplog) == 1


def losses(caplog: pytest.LogCaptureFixture) -> int:
    return len(
        [each for each in caplog.records if each.name == "app.db.notifications" and each.levelname == "WARNING"]
    )
