"""Every instrument of the service, in one registry of its own.

Base units, `_total` on counters only, and no ids or query text in labels: a label's values are few and known.
Names, labels and buckets are what dashboards and alerts are built on.
"""

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector

from app.telemetry.instruments import Instruments

# Seconds: a cached answer takes a millisecond, a slow model minutes.
REQUEST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
# Seconds: a question's stages, from fusing two lists to writing a long answer.
STAGE_SECONDS = (0.0005, *REQUEST_SECONDS)
# Seconds, 0.01·2ⁿ: what OpenTelemetry's conventions for generative AI advise, so that services can be compared.
MODEL_SECONDS = tuple(0.01 * 2**n for n in range(14))
# Seconds: a stage of one document, from a line of text to a book.
INGEST_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)
# Seconds: waiting for a connection, which is given up after five.
ACQUIRE_SECONDS = (0.0001, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
# Seconds: the loop should come round within 50 ms.
LAG_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)
SCORES = tuple(n / 10 for n in range(1, 11))
TOKENS = (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16_384, 32_768)
CHUNKS = (0, 1, 2, 3, 5, 8, 10, 20, 50, 100)
CITATIONS = (0, 1, 2, 3, 4, 5, 8, 10, 20)
TEXTS = (1, 2, 4, 8, 16, 32, 48, 64)

_MODEL = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")


class Metrics:
    """Instruments by the names that dashboards and alerts know.

    With `enabled=False` none of them records anything and `/metrics` shows the process alone.
    """

    def __init__(self, version: str, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self.registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        Instruments(self.registry).gauge("rag_build_info", "1, labelled with the release.", "version").labels(
            version
        ).set(1)
        make = Instruments(self.registry, enabled=enabled)
        self._questions(make)
        self._cache(make)
        self._models(make)
        self._ingestion(make)
        self._service(make)

    def _questions(self, make: Instruments) -> None:
        self.queries = make.counter(
            "rag_queries_total",
            "Questions by outcome: answered, no_context, refused (invalid), error or cancelled.",
            "outcome",
        )
        self.query_duration = make.latency(
            "rag_query_duration_seconds",
            "From a question to the end of its answer.",
            STAGE_SECONDS,
            "outcome",
            "cache",
        )
        self.stage_duration = make.latency(
            "rag_stage_duration_seconds",
            "One stage of a question: embed, retrieve, rerank, prompt or generate.",
            STAGE_SECONDS,
            "stage",
        )
        self.time_to_first_token = make.latency(
            "rag_time_to_first_token_seconds",
            "From a question to the first words of its answer.",
            STAGE_SECONDS,
            "model",
            "cache",
        )
        self.retrieved_chunks = make.histogram(
            "rag_retrieved_chunks", "Passages that a search returned.", CHUNKS, "mode"
        )
        self.retrieval_top_score = make.histogram(
            "rag_retrieval_top_score",
            "Cosine similarity of the passage nearest to the query; of a lexical search, its best fused score.",
            SCORES,
            "mode",
        )
        self.context_tokens = make.histogram(
            "rag_context_tokens", "Tokens of a prompt, as the model counts.", TOKENS
        )
        self.citations = make.histogram(
            "rag_citations_per_answer", "Different sources that an answer cites.", CITATIONS
        )
        self.citations_invalid = make.counter(
            "rag_citations_invalid_total", "Citations that were taken out of answers.", "reason"
        )
        self.feedback = make.counter("rag_feedback_total", "Verdicts of people on answers.", "verdict")

    def _cache(self, make: Instruments) -> None:
        self.cache_entries = make.gauge("rag_cache_entries", "Entries held.", "cache", "tier")
        self.cache_size = make.gauge("rag_cache_size_bytes", "Bytes held.", "cache", "tier")

    def _models(self, make: Instruments) -> None:
        self.inference_duration = make.latency(
            "gen_ai_client_inference_duration_seconds",
            "One chat, retries and queueing included, to its last token.",
            MODEL_SECONDS,
            *_MODEL,
        )
        self.first_chunk = make.latency(
            "gen_ai_client_inference_time_to_first_chunk_seconds",
            "From the request to the first piece of the reply.",
            MODEL_SECONDS,
            *_MODEL,
        )
        self.output_chunk = make.histogram(
            "gen_ai_client_inference_time_per_output_chunk_seconds",
            "Between one piece of a reply and the next.",
            MODEL_SECONDS,
            *_MODEL,
        )
        self.input_tokens = make.counter(
            "gen_ai_client_inference_usage_input_tokens_total", "Tokens read by chat models.", "provider", "model"
        )
        self.output_tokens = make.counter(
            "gen_ai_client_inference_usage_output_tokens_total",
            "Tokens written by chat models.",
            "provider",
            "model",
        )
        self.embeddings_duration = make.latency(
            "gen_ai_client_embeddings_duration_seconds",
            "One embedding request that succeeded.",
            MODEL_SECONDS,
            "provider",
            "model",
        )
        self.embedding_batch_size = make.histogram(
            "rag_embedding_batch_size", "Texts in one embedding request.", TEXTS, "provider", "model"
        )
        self.upstream_retries = make.counter(
            "rag_upstream_retries_total", "Requests that were sent again.", "upstream"
        )
        self.circuit_state = make.gauge(
            "rag_circuit_state", "A breaker: 0 closed, 1 half open, 2 open.", "upstream"
        )

    def _ingestion(self, make: Instruments) -> None:
        self.ingest_documents = make.counter(
            "rag_ingest_documents_total",
            "Documents by how their ingestion ended: indexed, unchanged, partial or failed.",
            "status",
        )
        self.ingest_chunks = make.counter(
            "rag_ingest_chunks_total", "Chunks inserted, reused (their vectors), failed or deleted.", "op"
        )
        self.ingest_warnings = make.counter(
            "rag_ingest_warnings_total", "Warnings of documents: what of a file was not read, or guessed.", "kind"
        )
        self.ingest_stage_duration = make.latency(
            "rag_ingest_stage_duration_seconds",
            "One stage of one document: parse, chunk, recognise, embed or store.",
            INGEST_SECONDS,
            "stage",
        )
        self.queue_jobs = make.gauge(
            "rag_ingest_queue_jobs",
            "Jobs in the queue, read from Postgres: every replica says the same, so aggregate with max.",
            "state",
        )
        self.queue_oldest_age = make.gauge(
            "rag_ingest_queue_oldest_job_age_seconds",
            "Age of the oldest job in this state, 0 without one; aggregate with max.",
            "state",
        )
        self.job_attempts = make.counter(
            "rag_ingest_job_attempts_total",
            "Attempts at jobs: ok, retry (put back), recovered (ok after an earlier attempt) or dead (held).",
            "result",
        )

    def _service(self, make: Instruments) -> None:
        self.http_requests = make.counter(
            "http_requests_total", "Requests by route template.", "handler", "method", "status"
        )
        self.http_duration = make.latency(
            "http_request_duration_seconds",
            "A request, or a stream until its headers are sent.",
            REQUEST_SECONDS,
            "handler",
            "method",
            "status",
        )
        self.sse_streams_active = make.gauge("rag_sse_streams_active", "Event streams open now.")
        self.sse_streams = make.counter(
            "rag_sse_streams_total",
            "Event streams by how they ended: completed, client_disconnect, error or shutdown.",
            "end",
        )
        self.pool_connections = make.gauge(
            "rag_db_pool_connections", "Connections of the pool: used or idle.", "state"
        )
        self.pool_acquire = make.latency(
            "rag_db_pool_acquire_seconds", "Waiting for a connection of the pool.", ACQUIRE_SECONDS
        )
        self.dependency_up = make.gauge(
            "rag_dependency_up", "1 if the dependency answered the last probe.", "dependency"
        )
        self.event_loop_lag = make.histogram(
            "rag_event_loop_lag_seconds", "How late the event loop woke a sleeper.", LAG_SECONDS
        )
