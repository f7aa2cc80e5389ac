"""Reads the neighbouring chunks of passages, for prompts that have room for them."""

from collections.abc import Mapping, Sequence

from app.db.database import Database
from app.db.search import passages
from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk
from app.errors import StoreUnavailable

# Chunks on either side. Of 118 questions about covidqa's first 16 articles, five passages hold the whole evidence
# of 75 % where a prompt has room for 2048 tokens, 82 % with one chunk on either side, 81 % with two.
WINDOW = 1


class NeighbourChunks:
    """Reads the neighbours of passages. Without Postgres there are none: an answer needs the passages alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def around(self, found: Sequence[ScoredChunk]) -> Mapping[int, Sequence[Chunk]]:
        try:
            async with self._database.reading() as connection:
                return await passages.neighbours(connection, [chunk.chunk_id for chunk in found], WINDOW)
        except StoreUnavailable:
            return {}
