"""Documents on their way in."""

from deploy.grafana.panels import Dashboard, Panel, Query, Row
from deploy.grafana.queries import RATE, quantile, rate

INGESTION = Dashboard(
    "localchat-ingestion",
    "LocalChat / Ingestion",
    "Documents on their way in: how many, how fast, and which stand still.",
    [
        Row(
            "Queue",
            [
                Panel(
                    "Jobs",
                    "In the queue by state.",
                    "short",
                    [Query("max by (state) (rag_ingest_queue_jobs)", "{{state}}")],
                ),
                Panel(
                    "Oldest job",
                    "How long the first of them has waited or worked.",
                    "s",
                    [Query("max by (state) (rag_ingest_queue_oldest_job_age_seconds)", "{{state}}")],
                ),
                Panel(
                    "Attempts",
                    "Per minute by result; `dead` jobs are held for a person.",
                    "cpm",
                    [Query(f"60 * {rate('rag_ingest_job_attempts_total', 'result')}", "{{result}}")],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Work",
            [
                Panel(
                    "Documents",
                    "Finished per minute by outcome.",
                    "cpm",
                    [Query(f"60 * {rate('rag_ingest_documents_total', 'status')}", "{{status}}")],
                    stacked=True,
                ),
                Panel(
                    "Chunks",
                    "Per second. `reused` ones cost no embedding.",
                    "ops",
                    [Query(rate("rag_ingest_chunks_total", "op"), "{{op}}")],
                    stacked=True,
                ),
                Panel(
                    "Warnings",
                    "Per minute: what of a file was not read, or was guessed.",
                    "cpm",
                    [Query(f"60 * {rate('rag_ingest_warnings_total', 'kind')}", "{{kind}}")],
                    stacked=True,
                ),
                Panel(
                    "Stages",
                    "95 % of documents pass a stage sooner.",
                    "s",
                    [Query(quantile(0.95, "rag_ingest_stage_duration_seconds", "stage"), "{{stage}}")],
                ),
                Panel(
                    "Time by stage",
                    "Seconds of work per second: the largest is what limits the throughput.",
                    "short",
                    [Query(rate("rag_ingest_stage_duration_seconds_sum", "stage"), "{{stage}}")],
                    stacked=True,
                ),
            ],
        ),
        Row(
            "Workers",
            [
                Panel(
                    "Processor",
                    "Cores in use by worker, without its loaders' processes.",
                    "short",
                    [Query(f'rate(process_cpu_seconds_total{{job="localchat-worker"}}{RATE})', "{{instance}}")],
                ),
                Panel(
                    "Memory",
                    "Resident memory by worker.",
                    "bytes",
                    [Query('process_resident_memory_bytes{job="localchat-worker"}', "{{instance}}")],
                ),
            ],
        ),
    ],
)
