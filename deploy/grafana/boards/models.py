"""The model servers, and what answers are made of."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import mean, quantile, quantiles, rate

MODELS = Dashboard(
    "localchat-models",
    "LocalChat / Models",
    "What the model servers are asked, how long they take, and how they fail.",
    [
        Row(
            "Chat",
            [
                Panel(
                    "Duration",
                    "95 % of generations take less.",
                    "s",
                    [
                        Query(
                            quantile(0.95, "gen_ai_client_inference_duration_seconds", "gen_ai_request_model"),
                            "{{gen_ai_request_model}}",
                        )
                    ],
                ),
                Panel(
                    "First piece",
                    "95 % of generations begin sooner after they were asked for: queue, load and prefill.",
                    "s",
                    [
                        Query(
                            quantile(
                                0.95, "gen_ai_client_inference_time_to_first_chunk_seconds", "gen_ai_request_model"
                            ),
                            "{{gen_ai_request_model}}",
                        )
                    ],
                ),
                Panel(
                    "Pieces",
                    "Mean time between two pieces of a reply.",
                    "s",
                    [
                        Query(
                            mean("gen_ai_client_inference_time_per_output_chunk_seconds", "gen_ai_request_model"),
                            "{{gen_ai_request_model}}",
                        )
                    ],
                ),
                Panel(
                    "Tokens",
                    "Read and written per second.",
                    "short",
                    [
                        Query(
                            rate("gen_ai_client_inference_usage_input_tokens_total", "model"), "read by {{model}}"
                        ),
                        Query(
                            rate("gen_ai_client_inference_usage_output_tokens_total", "model"),
                            "written by {{model}}",
                        ),
                    ],
                ),
            ],
        ),
        Row(
            "Embeddings",
            [
                Panel(
                    "Requests",
                    "Embedding requests per second.",
                    "reqps",
                    [Query(rate("gen_ai_client_embeddings_duration_seconds_count", "model"), "{{model}}")],
                ),
                Panel(
                    "Duration",
                    "95 % of embedding requests take less.",
                    "s",
                    [Query(quantile(0.95, "gen_ai_client_embeddings_duration_seconds", "model"), "{{model}}")],
                ),
                Panel(
                    "Texts",
                    "Embedded per second.",
                    "short",
                    [Query(rate("rag_embedding_batch_size_sum", "model"), "{{model}}")],
                ),
                Panel(
                    "Batch",
                    "Mean number of texts in a request.",
                    "short",
                    [Query(mean("rag_embedding_batch_size", "model"), "{{model}}")],
                ),
            ],
        ),
        Row(
            "Failures",
            [
                Panel(
                    "Breakers",
                    "0 closed, 1 half open, 2 open: an open one is not asked.",
                    "short",
                    [Query("max by (upstream) (rag_circuit_state)", "{{upstream}}")],
                    thresholds=[(1, "orange"), (2, "red")],
                    maximum=2,
                ),
                Panel(
                    "Retries",
                    "Requests per second that were sent again.",
                    "ops",
                    [Query(rate("rag_upstream_retries_total", "upstream"), "{{upstream}}")],
                ),
            ],
        ),
        Row(
            "Answers",
            [
                Panel(
                    "Prompt",
                    "Tokens of a prompt.",
                    "short",
                    [Query(*found) for found in quantiles("rag_context_tokens")],
                ),
                Panel(
                    "Passages",
                    "Mean number that a search returned.",
                    "short",
                    [Query(mean("rag_retrieved_chunks", "mode"), "{{mode}}")],
                ),
                Panel(
                    "Nearest passage",
                    "Mean similarity of the best passage. A fall: questions leave what the documents cover.",
                    "none",
                    [Query(mean("rag_retrieval_top_score", "mode"), "{{mode}}")],
                ),
                Panel(
                    "Citations",
                    "Mean number of sources that an answer cites.",
                    "short",
                    [Query(mean("rag_citations_per_answer"), "per answer")],
                ),
                Panel(
                    "Verdicts",
                    "Of people, and citations taken out because nothing supports them, per second.",
                    "ops",
                    [
                        Query(rate("rag_feedback_total", "verdict"), "{{verdict}}"),
                        Query(rate("rag_citations_invalid_total", "reason"), "citation: {{reason}}"),
                    ],
                ),
            ],
        ),
    ],
)
