"""Which passages say the same as another, to the question that is asked."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.retrieval import ScoredChunk
from app.retrieval.near_duplicates import Wording, repeats, telling
from app.retrieval.selection import select

BODY = (
    "The relief valve opens at six bar and lets the water back into the tank. Turn the pump off before you open "
    "the cover, and wait until the pressure gauge shows nothing at all. The seal is changed every second spring, "
    "or when drops are seen under the cover. Use grease without acid, or the seal swells and the valve no longer "
    "closes."
)
GERMAN = (
    "Das Überdruckventil öffnet bei sechs Bar und lässt das Wasser zurück in den Behälter, bevor die Pumpe "
    "Schaden nimmt. Schalten Sie die Pumpe aus, bevor Sie den Deckel öffnen, und warten Sie, bis das Manometer "
    "nichts zeigt."
)
CHINESE = (
    "安全 阀 在 六 巴 时 打开 水 流回 水箱 打开 盖子 之前 先 关闭 水泵 等到 压力表 归零 为止 "
    "每 两年 更换 一次 密封 圈"
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(BODY, BODY, id="the same"),
        pytest.param(BODY, BODY.upper(), id="case"),
        pytest.param(BODY, BODY.replace(",", "").replace(". ", ".\n\n").replace("bar", "«bar»"), id="punctuation"),
        pytest.param(f"Manual 2023, page 7\n{BODY}", f"Manual 2024, page 9\n{BODY}", id="header"),
        pytest.param(f"{BODY}\n17", f"{BODY}\n18", id="page number"),
        pytest.param(f"ACME Inc.\n{BODY}\n17 of 40", f"Acme plc\n{BODY}", id="header and footer"),
        pytest.param(BODY, f"{BODY} See chapter nine.", id="a sentence more"),
        pytest.param(BODY, BODY.removesuffix(" no longer closes."), id="cut off"),
        pytest.param(f"page 7 of 40\n{BODY}", f"page 8 of 40\n{BODY}", id="page number within the header"),
        pytest.param(f"{BODY}\nRev. 7 of May", f"{BODY}\nRev. 8 of May", id="number within the footer"),
        pytest.param(GERMAN, f"Seite 4\n{GERMAN}", id="german"),
        pytest.param(CHINESE, f"第 四 页 {CHINESE}", id="chinese"),
    ],
)
def test_passages_that_differ_only_around_the_edges_repeat_each_other(one: str, other: str) -> None:
    asked = telling("When does the relief valve open?")
    assert repeats(Wording(one), Wording(other), asked)
    assert repeats(Wording(other), Wording(one), asked)


@pytest.mark.parametrize(
    ("one", "other", "question"),
    [
        pytest.param(BODY, BODY.replace("six", "nine"), "At what pressure?", id="a number within"),
        pytest.param(BODY, BODY.replace("spring", "autumn"), "When is the seal changed?", id="a word within"),
        pytest.param(BODY, BODY.replace("without", "with"), "Which grease?", id="a little word within"),
        pytest.param(f"In Ruby: {BODY}", f"In Go: {BODY}", "How is it done?", id="a word within the first line"),
        pytest.param(f"Ruby\n{BODY}", f"Python\n{BODY}", "How is it done in ruby?", id="what is asked, before"),
        pytest.param(f"{BODY}\nModel 7", f"{BODY}\nModel 8", "the valve of model 8", id="what is asked, after"),
        pytest.param(
            BODY, f"{BODY} The filter is washed.", "Is the filter washed?", id="the answer in what is more"
        ),
        pytest.param(BODY, BODY[: len(BODY) // 2], "When does it open?", id="half of it"),
        pytest.param(BODY[: len(BODY) // 2], BODY[len(BODY) // 2 :], "When does it open?", id="its halves"),
        pytest.param(BODY, GERMAN, "When does it open?", id="another language"),
        pytest.param(f"{BODY} Fig. 7", f"{BODY} Fig. 8", "When does it open?", id="a word within the last line"),
        pytest.param("Error 17", "Error 18", "What is wrong?", id="short"),
        pytest.param(
            "The greatest depth is 7 m", "The greatest depth is 9 m", "How deep?", id="short, number at the end"
        ),
        pytest.param("Team, Wins\nMaple Leafs, 13", "Team 🏒, Wins\nMaple Leafs 🍁, 13", "Who won?", id="emoji"),
        pytest.param("", "", "Nothing?", id="nothing"),
    ],
)
def test_passages_that_differ_in_what_may_be_asked_for_do_not(one: str, other: str, question: str) -> None:
    asked = telling(question)
    assert not repeats(Wording(one), Wording(other), asked)
    assert not repeats(Wording(other), Wording(one), asked)


def test_the_little_words_of_a_question_tell_nothing_but_its_numbers_do() -> None:
    assert telling("What is the max of v2 at 7 Bar, ISO 9001?") == {"what", "v2", "7", "9001"}
    assert telling("泵 的 压力") == {"泵", "的", "压力"}


WORDS = st.lists(st.sampled_from(["pump", "valve", "seal", "tank", "bar"]), min_size=0, max_size=60)


@given(WORDS, WORDS, WORDS)
def test_repeating_is_mutual_and_never_far_fetched(body: list[str], before: list[str], after: list[str]) -> None:
    one, other = Wording("\n".join(body)), Wording("\n".join([*before, *body, *after]))
    alike = repeats(one, other, frozenset())
    assert alike == repeats(other, one, frozenset())
    if alike:
        assert len(one.words) >= 0.8 * len(other.words)
    if body and not before and not after:
        assert alike


def passage(chunk_id: int, score: float, text: str) -> ScoredChunk:
    return ScoredChunk(chunk_id, UUID(int=chunk_id), "f", None, None, text, score, {})


def test_what_repeats_a_better_passage_only_fills_what_is_left() -> None:
    ranked = [
        passage(1, 9, f"Manual 2023\n{BODY}"),
        passage(2, 8, f"Manual 2024\n{BODY}"),
        passage(3, 7, f"MANUAL 2023: {BODY}"),
        passage(4, 6, GERMAN),
        passage(5, 5, "Quite another matter."),
    ]
    assert [item.chunk_id for item in select(ranked, top_k=3, question="When does it open?")] == [1, 4, 5]
    assert [item.chunk_id for item in select(ranked, top_k=4, question="When does it open?")] == [1, 2, 4, 5]
    assert [item.chunk_id for item in select(ranked, top_k=9, question="When does it open?")] == [1, 2, 3, 4, 5]
    assert [item.chunk_id for item in select(ranked, top_k=3, question="open, manual 2024")] == [1, 2, 4]
