"""Builds the services of collections and their documents."""

from dataclasses import dataclass

from app.observers.ingestion import IngestMetrics
from app.services.documents.collection_cache import CollectionCache
from app.services.documents.collections import CollectionService
from app.services.documents.progress import ProgressWatcher
from app.services.documents.service import DocumentService
from app.services.ingestion.reindex_requests import ReindexService
from app.telemetry import correlation
from app.wiring.core import Core


@dataclass(frozen=True, slots=True)
class Documents:
    """`collection_cache` remembers collections by name until one changes, for questions alone."""

    documents: DocumentService
    watcher: ProgressWatcher
    collections: CollectionService
    collection_cache: CollectionCache
    reindexes: ReindexService


def open_documents(core: Core) -> Documents:
    collections = CollectionService(
        core.database,
        core.embedding,
        default_model=core.settings.embedding_model,
        job_headers=correlation.headers,
    )
    collection_cache = CollectionCache(collections, core.cache.watch)
    core.cache.listen(collection_cache.forget)
    documents = DocumentService(
        core.database, collections, job_headers=correlation.headers, observer=IngestMetrics(core.metrics)
    )
    return Documents(
        documents=documents,
        watcher=ProgressWatcher(documents),
        collections=collections,
        collection_cache=collection_cache,
        reindexes=ReindexService(core.database, collections, core.embedding, job_headers=correlation.headers),
    )
