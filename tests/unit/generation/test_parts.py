"""A long text is cut into parts that stay the same where the text does."""

from hypothesis import given
from hypothesis import strategies as st

from app.generation.overviews.sections import parts_of

PIECES = st.lists(st.tuples(st.text("abc", min_size=1, max_size=6), st.sampled_from("xy")), max_size=60)


def cut(pieces: list[tuple[str, str]], most: int = 20) -> list[list[tuple[str, str]]]:
    return parts_of(
        pieces, most=most, size=lambda one: len(one[0]), text=lambda one: one[0], section=lambda one: one[1]
    )


@given(PIECES, st.integers(1, 30))
def test_parts_joined_give_the_pieces_and_none_is_larger_than_it_may_be(
    pieces: list[tuple[str, str]], most: int
) -> None:
    parts = cut(pieces, most)
    assert [piece for part in parts for piece in part] == pieces
    assert all(len(part) == 1 or sum(len(text) for text, _ in part) <= most for part in parts)
    assert all(parts)


def test_a_changed_piece_leaves_the_parts_of_other_sections_alone() -> None:
    pieces = [(f"section {section} piece {number} ", str(section)) for section in range(6) for number in range(3)]
    before = cut(pieces, most=80)
    after = cut([*pieces[:7], ("another text here ", "2"), *pieces[8:]], most=80)
    assert len([part for part in after if part not in before]) == 1


def test_a_piece_that_is_put_in_moves_only_the_ends_near_it() -> None:
    pieces = [(f"page {number} of a book without headings", "") for number in range(400)]
    before = cut(pieces, most=400)
    after = cut([("a page before all others", ""), *pieces], most=400)
    assert len([part for part in after if part not in before]) <= len(after) // 5
