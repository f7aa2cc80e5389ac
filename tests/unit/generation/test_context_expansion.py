"""How passages grow into their section while there is room in the prompt."""

from dataclasses import replace
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from app.domain.documents import Chunk
from app.domain.retrieval import ScoredChunk
from app.generation.prompting.context_expansion import extended
from app.generation.prompting.prompt import PromptBuilder
from app.generation.prompting.prompt_profile import SMALL
from app.generation.prompting.tokens import estimate

DOCUMENT = UUID(int=1)


def hit(ordinal: int, section: str | None = "Fees", page: int | None = 1) -> ScoredChunk:
    return ScoredChunk(
        ordinal, DOCUMENT, "a.pdf", page, section, f"Part {ordinal}.", 1.0, {}, ordinal=ordinal, token_count=3
    )


def stored(ordinal: int, section: str | None = "Fees", page: int | None = 1) -> Chunk:
    return Chunk(ordinal, DOCUMENT, "a.pdf", 1, ordinal, f"Part {ordinal}.", 3, page, section, None)


def words(text: str) -> int:
    return len(text.split())


def shown(
    hits: list[ScoredChunk], around: list[Chunk], room: int, cut: dict[int, str] | None = None
) -> dict[int, str]:
    excerpts = [(chunk, (cut or {}).get(chunk.ordinal, chunk.text)) for chunk in hits]
    grown = extended(excerpts, {chunk.chunk_id: around for chunk in hits}, room, words)
    return {chunk.ordinal: text for chunk, text in grown}


def test_a_passage_grows_on_both_sides_by_whole_chunks_as_far_as_there_is_room() -> None:
    around = [stored(number) for number in range(1, 6)]
    assert shown([hit(3)], around, 100) == {3: "Part 1.\nPart 2.\nPart 3.\nPart 4.\nPart 5."}
    # What follows first: an answer stands more often after its question's words than before them.
    assert shown([hit(3)], around, 5) == {3: "Part 3.\nPart 4.\nPart 5."}
    assert shown([hit(3)], around, 3) == {3: "Part 3.\nPart 4."}
    assert shown([hit(3)], around, 1) == {3: "Part 3."}


def test_a_passage_stays_in_its_section_and_on_its_page() -> None:
    around = [stored(1, page=None), stored(2), stored(3), stored(4, section="Dues"), stored(5)]
    assert shown([hit(3)], around, 100) == {3: "Part 2.\nPart 3."}
    assert shown([hit(3)], [stored(1), stored(3), stored(5)], 100) == {3: "Part 3."}  # no gap is jumped over


def test_no_chunk_is_shown_twice_and_the_better_passage_grows_first() -> None:
    around = [stored(number) for number in range(1, 7)]
    assert shown([hit(4), hit(2)], around, 100) == {4: "Part 3.\nPart 4.\nPart 5.\nPart 6.", 2: "Part 1.\nPart 2."}


def test_a_passage_that_was_cut_does_not_grow() -> None:
    assert shown([hit(3)], [stored(3), stored(4)], 100, cut={3: "Part"}) == {3: "Part"}


@given(
    hits=st.lists(st.integers(0, 12), min_size=1, max_size=5, unique=True),
    target=st.integers(300, 1200),
    size=st.integers(1, 60),
)
def test_a_prompt_with_surroundings_keeps_to_its_target(hits: list[int], target: int, size: int) -> None:
    texts = {number: f"Sentence {number} of the tide. " * size for number in range(13)}
    chunks = [Chunk(n, DOCUMENT, "a", 1, n, text, size, None, None, None) for n, text in texts.items()]
    passages = [ScoredChunk(n, DOCUMENT, "a", None, None, texts[n], 1.0, {}, ordinal=n) for n in hits]
    builder = PromptBuilder(profile_of=lambda _: replace(SMALL, target=target))
    details = {"model": "m", "context": 4096, "max_tokens": 100}
    alone = builder.build("When does the tide turn?", passages, **details)  # type: ignore[arg-type]
    grown = builder.build(
        "When does the tide turn?",
        passages,
        around=dict.fromkeys(hits, chunks),
        **details,  # type: ignore[arg-type]
    )
    assert grown.tokens <= max(target, alone.tokens)
    assert [source.chunk_id for source in grown.sources] == [source.chunk_id for source in alone.sources]
    assert all(before.quote in after.quote for before, after in zip(alone.sources, grown.sources, strict=True))
    assert estimate(grown.messages[-1].content) >= estimate(alone.messages[-1].content)
    assert grown.left_out == alone.left_out
