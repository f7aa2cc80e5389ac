"""Thoughts are kept apart from the answer, wherever the stream is cut into pieces."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.errors import ModelProtocolError
from app.ollama.thinking import Habit, ThoughtSplitter, habit_of, think_option

ANSWER = "The ferry leaves at 7:40 [1].\n\nIt takes **20** minutes."
THOUGHTS = "Okay, passage [1] says 7:40.\nPassage [2] is noise."


def split(pieces: Sequence[str], habit: Habit = Habit.NEVER, *, cut: bool = False) -> tuple[str, str, Habit | None]:
    """Return thoughts, answer and the habit that showed."""
    splitter = ThoughtSplitter(habit)
    parts = [splitter.feed(piece) for piece in pieces]
    parts.append(splitter.finish(cut=cut))
    return "".join(part.thinking for part in parts), "".join(part.text for part in parts), splitter.found


def cut_up(text: str, cuts: Sequence[int]) -> list[str]:
    edges = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    return [text[start:end] for start, end in pairwise(edges)]


CUTS = st.lists(st.integers(0, 1000), max_size=30)


@given(CUTS)
@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("<think>", "</think>"),
        ("\n<think>\n", "\n</think>\n\n"),
        ("<thinking>", "</thinking>"),
        ("[THINK]", "[/THINK]"),
    ],
)
def test_thoughts_in_tags_are_no_part_of_the_answer(opening: str, closing: str, cuts: list[int]) -> None:
    thoughts, answer, found = split(cut_up(opening + THOUGHTS + closing + ANSWER, cuts))
    assert (thoughts.strip(), answer, found) == (THOUGHTS, ANSWER, Habit.IN_TAGS)


@given(CUTS)
def test_a_second_block_of_thoughts_follows_the_first(cuts: list[int]) -> None:
    text = f"<think>one</think>\n<think>two</think>\n{ANSWER}"
    assert split(cut_up(text, cuts)) == ("onetwo", ANSWER, Habit.IN_TAGS)


@given(CUTS)
def test_thoughts_that_a_template_opened_end_at_the_closing_tag(cuts: list[int]) -> None:
    thoughts, answer, found = split(cut_up(f"{THOUGHTS}\n</think>\n\n{ANSWER}", cuts), Habit.UNOPENED)
    assert (thoughts.strip(), answer, found) == (THOUGHTS, ANSWER, Habit.UNOPENED)


@given(CUTS)
def test_a_model_that_was_expected_to_think_may_answer_at_once(cuts: list[int]) -> None:
    assert split(cut_up(ANSWER, cuts), Habit.UNOPENED)[1] == ANSWER


@given(CUTS)
def test_thoughts_that_use_up_all_tokens_are_no_answer(cuts: list[int]) -> None:
    assert split(cut_up(THOUGHTS, cuts), Habit.UNOPENED, cut=True)[:2] == (THOUGHTS, "")
    assert split(cut_up(f"<think>{THOUGHTS}", cuts), cut=True) == (THOUGHTS, "", Habit.IN_TAGS)


@given(CUTS)
def test_a_closing_tag_on_a_line_of_its_own_unmasks_thoughts_that_nothing_opened(cuts: list[int]) -> None:
    with pytest.raises(ModelProtocolError, match="as if they were its answer"):
        split(cut_up(f"{THOUGHTS}\n</think>\n\n{ANSWER}", cuts))
    with pytest.raises(ModelProtocolError, match="as if they were its answer"):
        split(cut_up(f"{THOUGHTS}\n</think>", cuts))


@given(CUTS)
@pytest.mark.parametrize(
    "answer",
    [
        "Reasoning models write `<think>` first and `</think>` last.",
        "As HTML:\n\n```html\n<think>a</think>\n```\n",
        "1 < 2, <thin",
        "  indented\n",
        "",
        "\n",
    ],
)
def test_an_answer_about_tags_passes_as_it_is(answer: str, cuts: list[int]) -> None:
    assert split(cut_up(answer, cuts)) == ("", answer, None)


@given(st.text(alphabet="ab <>/\nthink[]TNIK◁▷", max_size=60), CUTS)
def test_the_cuts_of_the_stream_change_nothing(text: str, cuts: list[int]) -> None:
    def outcome(pieces: Sequence[str], habit: Habit) -> object:
        try:
            return split(pieces, habit)
        except ModelProtocolError:
            return "unopened"

    for habit in Habit:
        assert outcome(cut_up(text, cuts), habit) == outcome([text], habit)


@pytest.mark.parametrize(
    ("name", "shown", "habit"),
    [
        ("smollm2:135m", {"capabilities": ["completion"], "template": "{{ .Prompt }}"}, Habit.NEVER),
        ("qwen3:8b", {"capabilities": ["completion", "thinking"]}, Habit.ON_REQUEST),
        ("gpt-oss:20b", {"capabilities": ["completion", "thinking"]}, Habit.IN_LEVELS),
        ("mine", {"capabilities": ["thinking"], "details": {"family": "gptoss"}}, Habit.IN_LEVELS),
        ("hf.co/me/mine", {"template": "{{ .Prompt }}<|assistant|><think>\n"}, Habit.UNOPENED),
        ("hf.co/me/mine", {"template": "<think>\n\n</think>\n\n{{ .Prompt }}"}, Habit.NEVER),
        ("hf.co/bartowski/deepseek-r1-distill-qwen-7b-gguf", {}, Habit.UNOPENED),
        ("qwq", {}, Habit.UNOPENED),
        ("hf.co/me/our1model", {}, Habit.NEVER),
    ],
)
def test_a_models_habit_is_told_from_its_name_template_and_capabilities(
    name: str, shown: dict[str, object], habit: Habit
) -> None:
    assert habit_of(name, shown) is habit


def test_thinking_is_turned_off_where_it_can_be_and_kept_low_where_it_cannot() -> None:
    assert [think_option(habit, 0) for habit in Habit] == [None, False, "low", None, None]
    assert [think_option(Habit.ON_REQUEST, 100), think_option(Habit.IN_LEVELS, 10_000)] == [True, "high"]
