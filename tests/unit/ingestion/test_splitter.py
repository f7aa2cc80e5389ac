from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.ingestion.document.model import LoadedDocument, Section
from app.ingestion.splitting.splitter import Splitter, SplitterConfig, embedding_text, splitter_for
from app.ingestion.splitting.tokenizer import WORD, EstimatingCounter, WordPieceCounter, counter_for
from tests.support.tokens import model_tokens


@pytest.fixture(scope="module")
def splitter() -> Splitter:
    return splitter_for(SplitterConfig())


def document(*sections: Section | str) -> LoadedDocument:
    return LoadedDocument("text/plain", tuple(s if isinstance(s, Section) else Section(s) for s in sections))


WORDS = st.sampled_from(
    [
        *(
            "the",
            "quick",
            "model",
            "embeds",
            "Vectors",
            ".",
            "!",
            "?",
            ",",
            "—",
            "3.14",
            "https://example.org/a?b=c",
        ),
        "antidisestablishmentarianism",
        "検索は、文書の段落を返します。",
        "ประเทศไทยมีประชากรมาก",
        "안녕하세요세계",
        "Grüße",
        "x" * 350,
        "한" * 180,
        "é" * 150,
        "| a | b |",
        "```",
        "- item",
        "# heading",
        "a\u0301\u0302",
    ]
)
TEXTS = st.lists(st.tuples(WORDS, st.sampled_from([" ", " ", " ", "\n", "\n\n"])), min_size=1, max_size=400).map(
    lambda parts: "".join(word + gap for word, gap in parts)
)
HEADINGS = st.one_of(st.none(), st.lists(st.text(min_size=1, max_size=120), max_size=3).map(" > ".join))
DOCUMENTS = st.lists(
    st.builds(
        Section, text=st.one_of(TEXTS, st.text(max_size=600)), page=st.sampled_from([None, 1, 2]), heading=HEADINGS
    ),
    min_size=1,
    max_size=5,
).map(lambda sections: document(*sections))


def squashed(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=120, deadline=None)
@given(DOCUMENTS)
def test_every_chunk_fits_the_model_with_its_context(loaded: LoadedDocument) -> None:
    for chunk in splitter_for(SplitterConfig()).split(loaded):
        assert model_tokens(embedding_text(chunk.text, chunk.section)) <= 256
        assert chunk.text.strip()


@settings(max_examples=120, deadline=None)
@given(DOCUMENTS)
def test_nothing_is_lost_and_the_order_stays(loaded: LoadedDocument) -> None:
    chunks = splitter_for(SplitterConfig()).split(loaded)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))
    # Table headers and fences may be repeated, so the source is a subsequence of the chunks.
    everything = iter(squashed("".join(chunk.text for chunk in chunks)))
    for character in squashed("".join(section.text for section in loaded.sections)):
        assert any(character == other for other in everything)


@settings(max_examples=10, deadline=None)
@given(DOCUMENTS, st.sampled_from([0, 40]))
def test_splitting_is_deterministic(loaded: LoadedDocument, overlap: int) -> None:
    config = SplitterConfig(overlap_tokens=overlap)
    fresh = Splitter(counter_for(config.model), overlap_tokens=overlap)
    assert fresh.split(loaded) == splitter_for(config).split(loaded)


@settings(max_examples=60, deadline=None)
@given(DOCUMENTS)
def test_no_chunk_spans_two_pages(loaded: LoadedDocument) -> None:
    texts = {page: squashed("".join(s.text for s in loaded.sections if s.page == page)) for page in (None, 1, 2)}
    for chunk in splitter_for(SplitterConfig()).split(loaded):
        needle = squashed(chunk.text.splitlines()[0])
        assert needle in texts[chunk.page] or chunk.text.startswith(("|", "```", "~~~"))


def test_prose_is_cut_between_sentences(splitter: Splitter) -> None:
    text = " ".join(f"Sentence number {n} says that Dr. Smith measured 3.5 units of it." for n in range(60))
    chunks = splitter.split(document(text))
    assert len(chunks) > 3
    assert all(chunk.text.startswith("Sentence") and chunk.text.endswith("of it.") for chunk in chunks)


def test_chinese_is_cut_between_sentences(splitter: Splitter) -> None:
    chunks = splitter.split(document("这是一个很长的句子它没有空格。" * 60))
    assert len(chunks) > 3
    assert all(chunk.text.startswith("这") and chunk.text.endswith("。") for chunk in chunks)


def test_a_cut_table_repeats_its_header(splitter: Splitter) -> None:
    rows = "\n".join(f"| {n} | value number {n} |" for n in range(120))
    chunks = splitter.split(document(f"| id | value |\n{rows}"))
    assert len(chunks) > 3
    assert all(chunk.text.startswith("| id | value |\n") for chunk in chunks)
    assert all(f"| {n} |" in "\n".join(c.text for c in chunks) for n in range(120))


def test_code_that_fits_stays_whole_and_longer_code_keeps_its_fences(splitter: Splitter) -> None:
    short = "```python\n" + "x = compute(1)\n" * 8 + "```"
    prose = "Some words of explanation stand before the code. " * 15
    chunks = splitter.split(document(f"{prose}\n\n{short}"))
    assert any(short in chunk.text for chunk in chunks)
    long = splitter.split(document("```python\n" + "x = compute(1)\n" * 200 + "```"))
    assert len(long) > 3
    assert all(chunk.text.startswith("```python\n") and chunk.text.endswith("```") for chunk in long)


def test_small_neighbours_under_one_heading_share_a_chunk(splitter: Splitter) -> None:
    chunks = splitter.split(
        document(
            Section("Guide", heading="Guide"),
            Section("Set-up\n\nRun it.", heading="Guide > Set-up"),
            Section("Other", heading="Appendix"),
        )
    )
    assert [(chunk.text, chunk.section) for chunk in chunks] == [
        ("Guide\n\nSet-up\n\nRun it.", "Guide"),
        ("Other", "Appendix"),
    ]


def test_overlap_repeats_the_end_of_the_chunk_before(splitter: Splitter) -> None:
    text = " ".join(f"This is sentence {n}." for n in range(200))
    chunks = Splitter(counter_for("all-minilm"), overlap_tokens=20).split(document(text))
    for before, after in pairwise(chunks):
        assert after.text.split(". ")[0] in before.text


def test_counts_equal_the_tokenizers_own() -> None:
    text = "Tokenization of naïve co-operation, 日本語の文章。 costs €3.50 — about 12% more.\n\tUnbelievable!"
    chunk = splitter_for(SplitterConfig()).split(document(text))[0]
    assert chunk.token_count == model_tokens(chunk.text) - 2


def test_the_context_names_the_path_once() -> None:
    assert embedding_text("Run it.", "Guide > Set-up") == "Guide > Set-up\nRun it."
    assert embedding_text("Set-up\nRun it.", "Guide > Set-up") == "Guide\nSet-up\nRun it."
    assert embedding_text("Run it.", None) == "Run it."


def test_a_long_context_loses_its_general_end() -> None:
    context = embedding_text("x", "General " * 40 + "> The particular").split("\n")[0]
    assert context.endswith("> The particular")
    assert len(context.encode()) <= 144


def test_an_unknown_model_is_estimated_on_the_safe_side() -> None:
    assert isinstance(counter_for("all-minilm:latest"), WordPieceCounter)
    counter = counter_for("nomic-embed-text:v1.5")
    assert isinstance(counter, EstimatingCounter)
    text = "The conservative estimate is never below what a real tokenizer makes of it, 例えばこれ。"
    assert sum(counter.count(WORD.findall(text))) >= model_tokens(text) - 2


def test_a_context_too_short_for_the_guarantees_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 256"):
        Splitter(EstimatingCounter(), max_tokens=128)
