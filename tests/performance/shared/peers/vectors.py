"""Vector stores that run inside the caller's process; run by the Python of the peers' own environment.

The first line read is {"folder": PATH, "store": NAME, "top_k": K, "callers": N}; the folder holds vectors.npy and
queries.npy, float32 of length 1, and keeps what the store made of them. The first line written is the store's
search setting, its recall against exact search and the median milliseconds of one caller. Each further line read is
for how many seconds all callers are to ask together, and is answered by how many questions they did a second. Of
each store's settings, from fast to thorough, the first is used that finds 95 %.
"""

import json
import shutil
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import chromadb
import lancedb
import numpy as np
import pyarrow as pa
import sqlite_vec
from chromadb.api.shared_system_client import SharedSystemClient
from lancedb.index import HnswSq

ENOUGH = 0.95
ALONE = 200

Matrix = np.ndarray[Any, np.dtype[np.float32]]
Search = Callable[[Matrix], list[int]]


class Chroma:
    """HNSW in Rust."""

    settings = (100, 200, 400, 800)

    def __init__(self, folder: Path) -> None:
        self._path = str(folder)
        self._client = chromadb.PersistentClient(path=self._path)

    def fill(self, vectors: Matrix) -> None:
        collection = self._client.create_collection(
            "bench", configuration={"hnsw": {"space": "cosine", "ef_construction": 200}}
        )
        ids = [str(place) for place in range(len(vectors))]
        for start in range(0, len(vectors), 5000):
            collection.add(ids=ids[start : start + 5000], embeddings=vectors[start : start + 5000])

    def searcher(self, setting: int, top_k: int) -> Search:
        self._client.get_collection("bench").modify(configuration={"hnsw": {"ef_search": setting}})
        # A collection that is open keeps the old setting.
        self._client.close()
        SharedSystemClient.clear_system_cache()
        self._client = chromadb.PersistentClient(path=self._path)
        collection = self._client.get_collection("bench")

        def search(query: Matrix) -> list[int]:
            found = collection.query(query_embeddings=query[None, :], n_results=top_k, include=["distances"])
            return [int(id_) for id_ in found["ids"][0]]

        return search


class Lance:
    """IVF of HNSW graphs over scalar-quantised vectors."""

    settings = (50, 100, 200, 400, 800)

    def __init__(self, folder: Path) -> None:
        self._database = lancedb.connect(folder)

    def fill(self, vectors: Matrix) -> None:
        flat = pa.array(vectors.reshape(-1))
        columns = {
            "id": pa.array(np.arange(len(vectors))),
            "vector": pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1]),
        }
        table = self._database.create_table("bench", pa.table(columns))
        table.create_index("vector", config=HnswSq(distance_type="cosine"))

    def searcher(self, setting: int, top_k: int) -> Search:
        table = self._database.open_table("bench")

        def search(query: Matrix) -> list[int]:
            request = table.search(query).metric("cosine").limit(top_k).ef(setting).refine_factor(2)
            return [int(id_) for id_ in request.select(["id", "_distance"]).to_arrow()["id"]]

        return search


class SqliteVec:
    """An exact scan, by Euclidean distance, which ranks vectors of length 1 as the cosine does."""

    settings = (0,)

    def __init__(self, folder: Path) -> None:
        self._path = folder / "vectors.sqlite"
        self._local = threading.local()

    def fill(self, vectors: Matrix) -> None:
        database = self._open()
        database.execute(f"CREATE VIRTUAL TABLE v USING vec0(embedding float[{vectors.shape[1]}])")
        rows = ((place, vector.tobytes()) for place, vector in enumerate(vectors))
        with database:
            database.executemany("INSERT INTO v (rowid, embedding) VALUES (?, ?)", rows)

    def _open(self) -> apsw.Connection:
        database = apsw.Connection(str(self._path))
        database.enable_load_extension(True)
        database.load_extension(sqlite_vec.loadable_path())
        return database

    def searcher(self, setting: int, top_k: int) -> Search:
        def search(query: Matrix) -> list[int]:
            if not hasattr(self._local, "database"):
                self._local.database = self._open()
            rows = self._local.database.execute(
                "SELECT rowid FROM v WHERE embedding MATCH ? AND k = ?", (query.tobytes(), top_k)
            )
            return [row[0] for row in rows]

        return search


STORES: dict[str, Callable[[Path], Any]] = {"chromadb": Chroma, "lancedb": Lance, "sqlite-vec": SqliteVec}


def opened(task: dict[str, Any], vectors: Matrix) -> Any:
    """The store over the vectors, which it holds already if it was filled to the end before."""
    folder = Path(task["folder"]) / task["store"]
    filled = folder / "filled"
    if not filled.exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        STORES[task["store"]](folder).fill(vectors)
        filled.touch()
    return STORES[task["store"]](folder)


def settled(store: Any, task: dict[str, Any], vectors: Matrix, queries: Matrix) -> tuple[Search, dict[str, Any]]:
    """How to search by the store's setting, and what that setting achieves."""
    top_k = task["top_k"]
    truth = [set(np.argpartition(-(vectors @ query), top_k)[:top_k].tolist()) for query in queries[:ALONE]]
    for setting in store.settings:
        search = store.searcher(setting, top_k)
        recall, p50 = alone(search, queries[:ALONE], truth)
        if recall >= ENOUGH or setting == store.settings[-1]:
            return search, {"setting": setting, "recall": recall, "p50_ms": p50}
    raise AssertionError("a store has a last setting")


def alone(search: Search, queries: Matrix, truth: list[set[int]]) -> tuple[float, float]:
    """The recall and the median milliseconds of one caller, after a round that warms up."""
    for query in queries:
        search(query)
    recalls, times = [], []
    for query, wanted in zip(queries, truth, strict=True):
        began = time.perf_counter()
        found = search(query)
        times.append((time.perf_counter() - began) * 1000)
        recalls.append(len(wanted.intersection(found)) / len(wanted))
    return statistics.mean(recalls), statistics.median(times)


def throughput(search: Search, queries: Matrix, callers: int, seconds: float) -> float:
    counts = [0] * callers
    end = time.perf_counter() + seconds

    def call(caller: int) -> None:
        at = caller
        while time.perf_counter() < end:
            search(queries[at % len(queries)])
            counts[caller] += 1
            at += callers

    threads = [threading.Thread(target=call, args=(caller,)) for caller in range(callers)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - began)


def main() -> None:
    task = json.loads(sys.stdin.readline())
    folder = Path(task["folder"])
    vectors, queries = np.load(folder / "vectors.npy"), np.load(folder / "queries.npy")
    search, achieved = settled(opened(task, vectors), task, vectors, queries)
    print(json.dumps(achieved), flush=True)
    for line in sys.stdin:
        print(throughput(search, queries, task["callers"], float(line)), flush=True)


if __name__ == "__main__":
    main()
