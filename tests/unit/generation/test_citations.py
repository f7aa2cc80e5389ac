"""References are found, checked, and added where a source supports a sentence."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.answers import Citation, Delta
from app.generation.citations import CitationWriter
from tests.support.answering import PARIS, ROME, source

SOURCES = (source(1, PARIS), source(2, ROME))


def write(*pieces: str, question: str = "What is the capital?") -> tuple[str, list[Citation], CitationWriter]:
    writer = CitationWriter(SOURCES, question)
    events = [event for piece in pieces for event in writer.feed(piece)] + list(writer.finish())
    text = "".join(event.text for event in events if isinstance(event, Delta))
    return text, [event for event in events if isinstance(event, Citation)], writer


def test_the_models_own_reference_is_kept_and_cited() -> None:
    text, citations, writer = write("It is Paris [1].")
    assert text == "It is Paris [1]."
    assert citations == [Citation(1, 101, len("It is Paris [1]"))]
    assert writer.used == (1,)


def test_a_reference_after_the_full_stop_belongs_to_the_sentence_before_it() -> None:
    text, citations, _ = write("Paris is the capital of France. [2] Nothing else matters here.")
    assert text == "Paris is the capital of France. [2] Nothing else matters here."
    assert [citation.citation for citation in citations] == [2]


def test_a_reference_to_no_source_is_dropped_and_counted() -> None:
    text, citations, writer = write("Nobody knows [7], or nearly so [0] today [12].")
    assert text == "Nobody knows, or nearly so today."
    assert (citations, writer.invalid, writer.used) == ([], 3, ())


def test_one_reference_to_several_sources_becomes_one_each() -> None:
    text, citations, writer = write("Both are capitals [2, 9, 1].")
    assert text == "Both are capitals [2][1]."
    assert [citation.citation for citation in citations] == [2, 1]
    assert (writer.used, writer.invalid) == ((2, 1), 1)


def test_a_supported_sentence_without_a_reference_gets_one() -> None:
    text, citations, _ = write("Rome is the capital of Italy. The Seine flows past Paris in France.")
    assert text == "Rome is the capital of Italy. [2] The Seine flows past Paris in France."
    assert [citation.citation for citation in citations] == [2]


def test_each_line_of_a_list_is_a_sentence() -> None:
    text, _, writer = write("- Paris, the largest city of France\n- Rome, the capital of Italy\n")
    assert text == "- Paris, the largest city of France [1]\n- Rome, the capital of Italy [2]"
    assert writer.used == (1, 2)


@pytest.mark.parametrize(
    "sentence",
    [
        "Lyon is the capital of France.",
        "Paris is the capital of France since 987.",
        "Yes.",
        "Berlin hosts a large film festival every winter.",
    ],
)
def test_what_no_source_supports_is_not_cited(sentence: str) -> None:
    assert write(sentence, question="What is the capital of France?")[0] == sentence


def test_an_abbreviation_does_not_end_a_sentence() -> None:
    text, citations, _ = write("The capital of France, e.g. Paris, is its largest city.")
    assert text == "The capital of France, e.g. Paris, is its largest city. [1]"
    assert len(citations) == 1


def test_brackets_that_are_no_reference_stay() -> None:
    for text in ("an array[i] and [note] stay", "open [", "open [1", "[1,", "[" + " " * 30 + "1]"):
        assert write(text)[0] == text


PIECES = st.sampled_from(
    [*"[[]]12, \n.", "[1]", "[3]", "Paris is the capital of France", "Rome", "e.g. ", "。", "largest city "]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.data())
def test_any_split_into_deltas_gives_the_same_answer(text: str, data: st.DataObject) -> None:
    whole, citations, _ = write(text)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=12)))
    bounds = [0, *cuts, len(text)]
    pieces = [text[start:end] for start, end in pairwise(bounds)]
    assert write(*pieces)[:2] == (whole, citations)
    assert write(*text)[:2] == (whole, citations)


@given(st.lists(PIECES, max_size=25).map("".join))
def test_each_citation_stands_in_the_text_and_points_to_a_real_chunk(text: str) -> None:
    written, citations, writer = write(text)
    for citation in citations:
        assert written[: citation.offset].endswith(f"[{citation.citation}]")
        assert citation.chunk_id == 100 + citation.citation
    assert set(writer.used) == {citation.citation for citation in citations}
    assert len(written) == writer.written
