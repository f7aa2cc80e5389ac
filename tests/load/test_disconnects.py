"""Clients that leave in mid-answer leave nothing behind: `make load URL=http://127.0.0.1:8000`."""

import asyncio
import os
import random

import httpx
import pytest

CLIENTS = 200


def gauge(metrics: str, name: str) -> float:
    return sum(
        float(line.rpartition(" ")[2])
        for line in metrics.splitlines()
        if line.startswith(name) and not line.startswith("#")
    )


async def test_two_hundred_clients_that_leave_at_random_leave_nothing_behind() -> None:
    url = os.environ.get("LOCALCHAT_URL")
    if not url:
        pytest.skip("LOCALCHAT_URL names no running service")
    collection = os.environ.get("LOCALCHAT_COLLECTION", "default")
    chance = random.Random(7)
    limits = httpx.Limits(max_connections=CLIENTS)
    async with httpx.AsyncClient(base_url=url, timeout=120, limits=limits, trust_env=False) as client:

        async def leave(number: int) -> int:
            body = {"question": f"What is described in part {number}?", "collection": collection, "max_tokens": 64}
            wait = chance.uniform(0.01, 4)
            seen = 0
            try:
                async with asyncio.timeout(wait), client.stream("POST", "/api/chat", json=body) as answer:
                    assert answer.status_code == 200
                    async for _ in answer.aiter_bytes():
                        seen += 1
            except TimeoutError:
                return seen
            return seen

        await asyncio.gather(*(leave(number) for number in range(CLIENTS)))
        async with asyncio.timeout(30):
            while gauge((await client.get("/metrics")).text, "rag_sse_streams_active") > 0:
                await asyncio.sleep(0.5)
        answer = await client.post(
            "/api/chat",
            json={"question": "Are you still there?", "collection": collection, "stream": False, "max_tokens": 8},
        )
        assert answer.status_code == 200
