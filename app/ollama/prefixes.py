"""What a model was trained to see before a query and before a passage."""

from dataclasses import dataclass

from app.ollama.protocol import full_name


@dataclass(frozen=True, slots=True)
class Prefixes:
    """Ollama adds neither, so whoever embeds does."""

    query: str = ""
    document: str = ""


_PASSAGES = Prefixes(query="Represent this sentence for searching relevant passages: ")
_QWEN3_TASK = "Given a web search query, retrieve relevant passages that answer the query"

# From the models' cards.
_PREFIXES = {
    "nomic-embed-text": Prefixes("search_query: ", "search_document: "),
    "mxbai-embed-large": _PASSAGES,
    "snowflake-arctic-embed": _PASSAGES,
    "snowflake-arctic-embed2": Prefixes(query="query: "),
    "embeddinggemma": Prefixes("task: search result | query: ", "title: none | text: "),
    "qwen3-embedding": Prefixes(query=f"Instruct: {_QWEN3_TASK}\nQuery:"),
}


def prefixes_for(model: str) -> Prefixes:
    """Return the prefixes of a model by its name, whatever its namespace and tag; none if it has none."""
    name = full_name(model).rpartition("/")[2].partition(":")[0]
    return _PREFIXES.get(name, Prefixes())
