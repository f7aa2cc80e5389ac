"""A worker as a process, to be killed: it embeds two batches of a reindex and then hangs."""

import asyncio
import sys

import asyncpg

from app.db.database import Database
from app.ingestion.queue.worker import QueueWorker
from app.services.ingestion.reindexer import Reindexer
from tests.support.ingestion import Desk, HashEmbedder, hang, join_section


async def main(url: str) -> None:
    desk = await Desk.open(url)
    database = await Database.connect(url, min_size=1, max_size=4)
    embedder = HashEmbedder()

    async def hang_after_two(done: int) -> None:
        if done >= 2 * embedder.batch:
            await hang(done)

    embedder.pause = hang_after_two
    reindexer = Reindexer(database, embedder, embedding_text=join_section)
    worker = QueueWorker(
        lambda: asyncpg.connect(url), desk.ingestion.ingest, reindex=reindexer.reindex, heartbeat_timeout=1.0
    )
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
