"""Questions about the small files of the cases find them, through an API, a worker and the real models."""

import asyncio
import json
import mimetypes
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from app.embedded.services.postgres import EmbeddedPostgres
from tests.support.databases import fresh_database
from tests.support.files.cases import CASES, Case, all_cases, plain
from tests.support.folders import short_folder
from tests.support.processes.replica import api_and_worker, environment, settled

ASKED = [case for case in all_cases() if "asks" in case]
CHATTED = [case for case in all_cases() if "chats" in case]
pytestmark = pytest.mark.asyncio(loop_scope="module")


def collection_of(case: Case) -> str:
    return Path(case["file"]).stem.replace("_", "-").lower()


async def upload(
    http: httpx.AsyncClient, collection: str, name: str, metadata: dict[str, str] | None = None
) -> str:
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    answer = await http.post(
        "/api/documents",
        files={"files": (name, (CASES / name).read_bytes(), kind)},
        data={"collection": collection, "metadata": json.dumps(metadata or {})},
    )
    assert answer.status_code == 202, answer.text
    return str(answer.json()["items"][0]["id"])


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def service(postgres_server: EmbeddedPostgres, model_server_url: str) -> AsyncIterator[httpx.AsyncClient]:
    """All files with questions, each in a collection of its own with the files beside it."""
    async with fresh_database(postgres_server) as database:
        with short_folder() as folder:
            env = environment(
                database=database, redis="", models=model_server_url, folder=folder, ANSWER_MODE="auto"
            )
            async with api_and_worker(env, folder) as http:
                files = [
                    (case, name) for case in (*ASKED, *CHATTED) for name in (*case.get("beside", ()), case["file"])
                ]
                ids = [await upload(http, collection_of(case), name) for case, name in files]
                documents = await asyncio.gather(*(settled(http, identity) for identity in ids))
                assert {document["status"] for document in documents} <= {"ready", "partial"}
                yield http


@pytest.mark.parametrize("case", ASKED, ids=lambda case: case["file"])
async def test_a_question_finds_the_file_that_answers_it(case: Case, service: httpx.AsyncClient) -> None:
    for question, filename, phrase in case["asks"]:
        asked = {"query": question, "collection": collection_of(case), "cache": "bypass"}
        first = (await service.post("/api/search", json=asked)).raise_for_status().json()["results"][0]
        assert first["filename"] == filename
        assert plain(phrase) in plain(first["text"])


@pytest.mark.parametrize("case", CHATTED, ids=lambda case: case["file"])
async def test_a_question_about_the_whole_file_is_answered(case: Case, service: httpx.AsyncClient) -> None:
    for question in case["chats"]:
        asked = {"question": question, "collection": collection_of(case), "stream": False, "max_tokens": 40}
        answer = (await service.post("/api/chat", json=asked)).raise_for_status().json()
        assert answer["finish_reason"] != "no_context"
