from app.ollama.instrumentation import NullObserver
from app.telemetry.metrics import Metrics

PROVIDER = "ollama"
CIRCUITS = {"closed": 0, "half-open": 1, "open": 2}


class ModelMetrics(NullObserver):
    """Requests to models, their durations, and the state of the model servers."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def on_request(
        self, *, operation: str, model: str, lane: str, endpoint: str, outcome: str, seconds: float, texts: int
    ) -> None:
        if operation == "embed" and outcome == "ok":
            self._metrics.embeddings_duration.labels(PROVIDER, model).observe(seconds)
            self._metrics.embedding_batch_size.labels(PROVIDER, model).observe(texts)

    def on_retry(self, *, operation: str, model: str, attempt: int, error: str) -> None:
        self._metrics.upstream_retries.labels(PROVIDER).inc()

    def on_circuit(self, *, endpoint: str, circuit: str) -> None:
        self._metrics.circuit_state.labels(endpoint).set(CIRCUITS[circuit])

    def on_first_chunk(self, *, model: str, seconds: float) -> None:
        self._metrics.first_chunk.labels("chat", PROVIDER, model).observe(seconds)

    def on_chunk(self, *, model: str, seconds: float) -> None:
        self._metrics.output_chunk.labels("chat", PROVIDER, model).observe(seconds)

    def on_chat(self, *, model: str, seconds: float, input_tokens: int, output_tokens: int) -> None:
        self._metrics.inference_duration.labels("chat", PROVIDER, model).observe(seconds)
        self._metrics.input_tokens.labels(PROVIDER, model).inc(input_tokens)
        self._metrics.output_tokens.labels(PROVIDER, model).inc(output_tokens)
