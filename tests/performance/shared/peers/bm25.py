"""BM25 as the bm25s library computes it; run by the Python of the peers' own environment.

Reads {"texts": [...], "queries": [...], "language": NAME, "depth": K} from standard input and writes, for each
query, the places of the texts found, best first. Lucene's formula with k1 = 1.2 and b = 0.75; Snowball stems and,
in English, bm25s's stop words. Where words are not set apart (language "unspaced") terms are pairs of characters.
"""

import json
import re
import sys

import bm25s
import Stemmer

K1 = 1.2
B = 0.75


def pairs(text: str) -> list[str]:
    """Overlapping pairs of characters within each word."""
    runs = re.findall(r"\w+", text.lower())
    return [run[place : place + 2] for run in runs for place in range(max(1, len(run) - 1))]


def terms(texts: list[str], language: str) -> list[list[str]]:
    if language == "unspaced":
        return [pairs(text) for text in texts]
    stemmer = Stemmer.Stemmer(language) if language in Stemmer.algorithms() else None
    tokens: list[list[str]] = bm25s.tokenize(
        texts,
        stopwords="english" if language == "english" else [],
        stemmer=stemmer,
        return_ids=False,
        show_progress=False,
    )
    return tokens


def main() -> None:
    task = json.load(sys.stdin)
    index = bm25s.BM25(k1=K1, b=B, method="lucene")
    index.index(terms(task["texts"], task["language"]), show_progress=False)
    found, scores = index.retrieve(
        terms(task["queries"], task["language"]),
        k=min(task["depth"], len(task["texts"])),
        show_progress=False,
    )
    json.dump(
        [
            [int(place) for place, score in zip(row, marks, strict=True) if score > 0]
            for row, marks in zip(found, scores, strict=True)
        ],
        sys.stdout,
    )


if __name__ == "__main__":
    main()
