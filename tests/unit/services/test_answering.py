"""The answer service's events, in order, whatever happens."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.cache.stream_cache import StreamCache
from app.domain.answers import (
    EVENT_NAMES,
    AnswerRequest,
    AnswerStyle,
    Citation,
    Delta,
    Done,
    Event,
    Failed,
    Highlight,
    Highlights,
    LeftOut,
    Message,
    Source,
    Sources,
    Start,
    Status,
    Thinking,
    Usage,
)
from app.domain.documents import Chunk, Collection, EmbeddingSpace
from app.domain.event_codec import event_from_dict, event_to_dict
from app.domain.retrieval import Retrieval
from app.errors import LocalChatError, ModelNotFound, ModelProtocolError, NotCached, NotFound, StoreUnavailable
from app.generation.canned import phrases_for
from app.generation.prompting.prompt_profile import CAPABLE
from app.ollama.scheduling.lanes import Lane
from app.services.answering.answer import Answer, AnswerSource
from app.services.answering.cached import CachedAnswers
from app.services.answering.model_facts import ModelDigests
from app.services.answering.pipeline import AnswerPipeline
from app.services.answering.service import AnswerService
from tests.support.answering import (
    PARIS,
    ROME,
    Facts,
    FakeConversations,
    FakeModels,
    FakeSearch,
    FakeSurroundings,
    answer_pipeline,
    generated_by,
    retrieval,
)
from tests.support.cache.assembly import assemble

QUESTION = "What is the capital of France?"
TOLD = ["delta", "citation", "status"]


class Shelf:
    """A directory with one collection."""

    async def resolve(self, tenant: str, name: str) -> Collection:
        now = datetime(2026, 11, 1, tzinfo=UTC)
        return Collection(1, tenant, name, "", "english", 1, EmbeddingSpace(1, "m", "d", 8, "", ""), now, now)


class Setting:
    """An answer service among fakes, and what it reported."""

    def __init__(
        self,
        models: FakeModels | None = None,
        found: Retrieval | LocalChatError | None = None,
        cached: Callable[[AnswerPipeline, FakeModels], AnswerSource] = lambda pipeline, _models: pipeline,
        scores: Callable[[str], float | None] | None = None,
        reranker: str = "",
    ) -> None:
        self.models = models or FakeModels()
        self.search = FakeSearch(found or retrieval(PARIS, ROME))
        self.conversations = FakeConversations()
        self.surroundings = FakeSurroundings()
        self.reports: list[Answer] = []
        pipeline = answer_pipeline(
            self.search, self.models, surroundings=self.surroundings, scores=scores, reranker=reranker
        )
        self.service = AnswerService(
            cached(pipeline, self.models),
            self.conversations,
            complete=generated_by("small"),
            trace_id=lambda: "trace",
            observers=[lambda _request, answer: self.reports.append(answer)],
        )

    async def ask(self, question: str = QUESTION, **details: Any) -> list[Event]:
        request = AnswerRequest("t", "c", question, **details)
        return [event async for event in self.service.answer(request)]


def names(events: list[Event]) -> list[str]:
    found = [EVENT_NAMES[type(event)] for event in events]
    return [name for at, name in enumerate(found) if at == 0 or found[at - 1] != name]


async def test_events_come_in_order_with_sources_before_text() -> None:
    setting = Setting()
    events = await setting.ask()
    assert names(events) == ["start", "status", "sources", "highlights", *TOLD, "usage", "done"]
    start = events[0]
    assert isinstance(start, Start)
    assert (start.model, start.trace_id, start.cache["status"]) == ("small", "trace", "miss")
    assert isinstance(events[-1], Done)
    assert events[-1] == Done("stop", (1,))
    assert setting.models.calls == [
        {
            "model": "small",
            "temperature": 0.0,
            "max_tokens": 512,
            "stop": CAPABLE.stop,
            "thinking_tokens": 0,
            "num_ctx": 4096,
            "truncate": False,
            "lane": Lane.INTERACTIVE,
        }
    ]


async def test_a_json_answer_is_the_collected_events() -> None:
    setting = Setting(FakeModels(["Paris is the capital", " of France. It is", " lovely."]))
    answer = await setting.service.collect(AnswerRequest("t", "c", QUESTION))
    assert answer.text == "Paris is the capital of France. [1] It is lovely."
    assert [(item.citation, item.quote) for item in answer.sources] == [(1, PARIS), (2, ROME)]
    assert answer.citations == [Citation(1, 1, len("Paris is the capital of France. [1]"))]
    assert answer.timings_ms.keys() == {"retrieve", "prompt", "generate"}
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (50, 3)
    assert 0 < answer.usage.ttft_ms <= answer.usage.total_ms
    assert answer.outcome == "answered"


@pytest.mark.parametrize("found", [retrieval(), retrieval("Mitochondria make ATP.", cosine=0.2)])
async def test_nothing_relevant_is_said_without_asking_the_model(found: Retrieval) -> None:
    setting = Setting(found=found)
    events = await setting.ask()
    assert names(events) == ["start", "status", "sources", "delta", "usage", "done"]
    assert [source.quote for source in next(event for event in events if isinstance(event, Sources)).items] == [
        passage.text for passage in found.results
    ]
    assert Delta(phrases_for(QUESTION).nothing_found) in events
    assert events[-1] == Done("no_context", ())
    assert setting.models.calls == []
    assert (setting.reports[0].outcome, setting.reports[0].first_token) == ("no_context", None)


async def test_an_error_in_the_stream_is_the_last_event() -> None:
    setting = Setting(FakeModels(failure=ModelProtocolError("The answer broke off before it was done.")))
    events = await setting.ask()
    assert names(events)[-2:] == ["delta", "error"]
    failed = events[-1]
    assert isinstance(failed, Failed)
    assert failed.retryable
    assert failed.problem == {
        "type": "urn:localchat:problem:model-protocol-error",
        "title": "The model server broke its protocol",
        "status": 502,
        "detail": "The answer broke off before it was done.",
    }
    assert setting.conversations.stored == {}
    assert setting.reports[0].outcome == "error"


async def test_of_a_model_that_says_nothing_the_quotes_are_the_answer() -> None:
    setting = Setting(FakeModels([" ", "\n"]))
    events = await setting.ask()
    assert names(events)[-3:] == ["status", "usage", "done"]
    assert setting.reports[0].text.startswith("Paris is the capital and the largest city of France. [1]")


async def test_a_model_that_says_nothing_of_what_cannot_be_quoted_is_an_error() -> None:
    events = await Setting(FakeModels([" ", "\n"]), found=retrieval("Capital France\n\n")).ask()
    assert isinstance(events[-1], Failed)
    assert events[-1].problem["status"] == 502


async def test_a_model_that_only_thinks_of_what_cannot_be_quoted_says_so() -> None:
    models = FakeModels([], thoughts=["Hm.", " [1] says nothing."])
    events = await Setting(models, found=retrieval("Capital France\n\n")).ask()
    assert isinstance(events[-1], Failed)
    assert "for its thoughts and wrote no answer" in events[-1].problem["detail"]


async def test_thoughts_are_told_and_are_nowhere_in_what_is_kept() -> None:
    models = FakeModels(thoughts=["Okay, [1] says Paris.", " [2] is noise."])
    setting = Setting(models, cached=with_cache)
    first, second = await setting.ask(), await setting.ask()
    assert [event.text for event in first if isinstance(event, Thinking)] == list(models.thoughts)
    kept = [event for event in first[1:] if not isinstance(event, Thinking)]
    assert second[1:] == kept
    assert setting.reports[0].text == "Paris is the capital of France. [1]"
    assert setting.reports[0].citations == [Citation(1, 1, len(setting.reports[0].text))]
    assert setting.reports[0].thinking == "Okay, [1] says Paris. [2] is noise."
    for exchanges in setting.conversations.stored.values():
        assert "says Paris" not in repr(exchanges)


async def test_a_prompt_that_is_longer_than_was_estimated_is_cut_with_a_word() -> None:
    setting = Setting(FakeModels(too_long=1))
    events = await setting.ask()
    assert isinstance(events[-1], Done)
    assert [call["truncate"] for call in setting.models.calls] == [False, True]
    assert "cut" in setting.reports[0].timings_ms


async def test_quotes_need_no_model() -> None:
    setting = Setting(found=retrieval(PARIS, ROME), scores=lambda text: 9.0 if "largest" in text else -9.0)
    events = await setting.ask(mode="quote")
    assert names(events) == ["start", "status", "sources", "highlights", *TOLD, "usage", "done"]
    answer = setting.reports[0]
    assert answer.text == "Paris is the capital and the largest city of France. [1]"
    assert answer.start is not None
    assert answer.start.model == "quotes"
    (highlight,) = answer.highlights
    assert PARIS[highlight.start : highlight.end] == highlight.text
    assert answer.citations == [Citation(1, 1, len(answer.text))]
    assert answer.timings_ms.keys() == {"retrieve", "rerank", "quote"}
    assert events[-1] == Done("stop", (1,))
    assert setting.models.calls == []


async def test_a_brief_answer_is_one_sentence() -> None:
    setting = Setting(found=retrieval(PARIS, ROME), scores=lambda _text: 9.0)
    await setting.ask(mode="quote")
    await setting.ask(mode="quote", style=AnswerStyle(length="brief"))
    assert [len(answer.highlights) for answer in setting.reports] == [2, 1]


async def test_a_model_that_may_think_has_room_for_it_beside_its_answer() -> None:
    setting = Setting(FakeModels(context_length=32_768))
    await setting.ask(thinking=True, max_context=8192, max_tokens=8192)
    (call,) = setting.models.calls
    assert (call["thinking_tokens"], call["num_ctx"]) == (2048, 8192)
    assert isinstance(call["max_tokens"], int)
    assert call["max_tokens"] <= 8192 - 2048


async def test_a_reranker_puts_the_passage_that_answers_first() -> None:
    setting = Setting(found=retrieval(ROME, PARIS), scores=lambda text: 9.0 if "France" in text else -9.0)
    await setting.ask(mode="quote")
    assert [source.quote for source in setting.reports[0].sources] == [PARIS, ROME]


async def test_passages_that_the_search_has_reranked_keep_their_order() -> None:
    found = retrieval(ROME, PARIS)
    ranked = [replace(passage, scores={"cross_encoder": 0.0}) for passage in found.results]
    setting = Setting(
        found=replace(found, results=tuple(ranked)), scores=lambda text: 9.0 if "France" in text else -9.0
    )
    await setting.ask(mode="quote")
    assert [source.quote for source in setting.reports[0].sources] == [ROME, PARIS]
    assert setting.reports[0].text == "Paris is the capital and the largest city of France. [2]"


async def test_a_reranker_that_was_late_for_the_search_is_not_asked_again() -> None:
    setting = Setting(
        cached=with_cache, found=replace(retrieval(ROME, PARIS), unscored=True), scores=lambda _text: 9.0
    )
    for _ in range(2):
        events = await setting.ask(mode="quote")
        start = events[0]
        assert isinstance(start, Start)
        assert start.cache["status"] == "miss"
    assert {"unscored", "rerank"} & setting.reports[0].timings_ms.keys() == {"unscored"}


async def test_of_a_near_miss_the_nearest_passages_are_told() -> None:
    setting = Setting(scores=lambda text: -1.0 if text == PARIS else -9.0, reranker="ms-marco-minilm-l-12-v2")
    events = await setting.ask(mode="quote")
    assert setting.reports[0].text.startswith(phrases_for(QUESTION).nearest)
    assert events[-1] == Done("near_miss", (1,))


async def test_without_the_rerankers_scores_the_order_of_the_search_stands_and_nothing_is_kept() -> None:
    setting = Setting(cached=with_cache, scores=lambda _text: None)
    for _ in range(2):
        events = await setting.ask(mode="quote")
        start = events[0]
        assert isinstance(start, Start)
        assert start.cache["status"] == "miss"
    assert "unscored" in setting.reports[0].timings_ms
    assert setting.reports[0].text.startswith("Paris is the capital")


async def test_a_question_too_long_to_be_embedded_whole_says_so() -> None:
    setting = Setting(found=replace(retrieval(PARIS, ROME), shortened=True))
    await setting.ask(mode="quote")
    assert "shortened" in setting.reports[0].timings_ms


async def test_a_quoted_answer_is_kept_like_any_other() -> None:
    setting = Setting(cached=with_cache, scores=lambda _text: 9.0)
    first, second = [await setting.ask(mode="quote") for _ in range(2)]
    start = second[0]
    assert isinstance(start, Start)
    assert (start.cache["status"], start.model) == ("hit", "quotes")
    assert second[1:] == first[1:]


@pytest.mark.parametrize(
    ("error", "outcome"), [(NotFound("No collection."), "refused"), (StoreUnavailable("Away."), "error")]
)
async def test_an_error_of_retrieval_is_raised_before_the_first_event(error: LocalChatError, outcome: str) -> None:
    setting = Setting(found=error)
    with pytest.raises(type(error)):
        await setting.ask()
    assert setting.reports[0].outcome == outcome


async def test_an_unknown_model_is_raised_before_the_first_event() -> None:
    class NoModels(FakeModels):
        async def show(self, model: str) -> Facts:
            raise ModelNotFound("Pull it first.")

    with pytest.raises(ModelNotFound):
        await Setting(NoModels()).ask()


@pytest.mark.parametrize("after", [1, 4, 5])
async def test_a_client_that_leaves_stops_the_model(after: int) -> None:
    setting = Setting(FakeModels(["Paris is the capital of France. ", "And more. "] * 50))
    tasks = asyncio.all_tasks()
    events = setting.service.answer(AnswerRequest("t", "c", QUESTION))
    for _ in range(after):
        await anext(events)
    await events.aclose()
    assert setting.models.closed == len(setting.models.calls)
    assert asyncio.all_tasks() == tasks
    assert setting.conversations.stored == {}
    assert [report.outcome for report in setting.reports] == ["cancelled"]


async def test_the_context_is_asked_for_once_and_never_exceeds_the_models() -> None:
    setting = Setting(FakeModels(context_length=1000))
    await setting.ask()
    await setting.ask()
    assert setting.models.shown == 1
    assert [call["num_ctx"] for call in setting.models.calls] == [1000, 1000]


async def test_what_was_left_out_is_said_in_status_and_usage() -> None:
    long = " ".join(f"In year {year} Paris was the capital of France." for year in range(900, 1200))
    events = await Setting(found=retrieval(long)).ask()
    left_out = LeftOut(passages=0, passages_cut=1, history=0)
    assert [event.left_out for event in events if isinstance(event, Status) and event.stage == "prompt"] == [
        left_out
    ]
    assert [event.left_out for event in events if isinstance(event, Usage)] == [left_out]


def with_cache(pipeline: AnswerPipeline, models: FakeModels) -> CachedAnswers:
    return CachedAnswers(pipeline, StreamCache(assemble().chain), Shelf(), ModelDigests(models, age=0))


async def test_only_if_cached_finds_nothing_in_an_empty_cache() -> None:
    with pytest.raises(NotCached):
        await Setting(cached=with_cache).ask(cache="only-if-cached")


async def test_an_answer_that_nobody_waits_for_lets_others_go_first() -> None:
    setting = Setting(cached=with_cache)
    await setting.ask(background=True)
    assert [call["lane"] for call in setting.models.calls] == [Lane.BULK]


async def test_a_question_opens_a_conversation_that_the_next_one_continues() -> None:
    setting = Setting()
    start = (await setting.ask())[0]
    assert isinstance(start, Start)
    assert start.conversation_id is not None
    events = await setting.ask("How large is it?", conversation_id=start.conversation_id)
    assert setting.search.queries[1].text == "capital France How large is it?"
    assert [message["role"] for message in setting.models.sent[1]] == ["system", "user", "assistant", "user"]
    exchanges = setting.conversations.stored[start.conversation_id]
    assert [exchange.question for exchange in exchanges] == [QUESTION, "How large is it?"]
    assert exchanges[0].answer == "Paris is the capital of France. [1]"
    assert exchanges[0].sources[0]["document_id"] == str(UUID(int=1))
    assert isinstance(events[-1], Done)


async def test_what_a_follow_up_was_searched_for_is_told_also_from_the_cache() -> None:
    setting = Setting(cached=with_cache)
    history = (Message("user", "Where is the Louvre?"), Message("assistant", "In Paris."))
    for question, searched in (
        ("Is it large?", "Louvre Is it large?"),
        ("Which rivers flow through northern Italy?", None),
    ):
        starts = [(await setting.ask(question, history=history))[0] for _ in range(2)]
        assert [start.searched_for for start in starts if isinstance(start, Start)] == [searched] * 2
        assert [start.cache["status"] for start in starts if isinstance(start, Start)] == ["miss", "hit"]
    (start, *_) = await Setting().ask("Is it large?", history=history)
    assert isinstance(start, Start)
    assert start.searched_for == "Louvre Is it large?"


async def test_the_conversation_is_stored_when_done_is_seen() -> None:
    setting = Setting()
    async for event in setting.service.answer(AnswerRequest("t", "c", QUESTION)):
        assert bool(setting.conversations.stored) is isinstance(event, Done)


async def test_history_that_the_client_holds_is_not_stored() -> None:
    setting = Setting()
    history = (Message("user", "Where is the Louvre?"), Message("assistant", "In Paris."))
    start = (await setting.ask("Is it large?", history=history, remember=False))[0]
    assert isinstance(start, Start)
    assert start.conversation_id is None
    assert setting.conversations.stored == {}
    assert setting.search.queries[0].text == "Louvre Is it large?"


async def test_an_exchange_answered_anew_keeps_its_question_and_loses_what_came_after() -> None:
    setting = Setting()
    start = (await setting.ask("Where is the Louvre?"))[0]
    assert isinstance(start, Start)
    for question in ("Is it large?", "Who built it?"):
        await setting.ask(question, conversation_id=start.conversation_id)
    assert start.conversation_id is not None
    stored = setting.conversations.stored
    second = stored[start.conversation_id][1].query_id
    await setting.ask("", conversation_id=start.conversation_id, replaces=second)
    assert [one.question for one in stored[start.conversation_id]] == ["Where is the Louvre?", "Is it large?"]
    assert stored[start.conversation_id][1].query_id != second
    sent = [message["content"] for message in setting.models.sent[-1]]
    assert "Where is the Louvre?" in sent[1]
    assert "Is it large?" in sent[-1]


async def test_an_unknown_conversation_is_refused() -> None:
    with pytest.raises(NotFound):
        await Setting().ask(conversation_id=uuid4())


async def test_an_answer_that_cannot_be_stored_is_still_given() -> None:
    setting = Setting()
    setting.conversations.failure = StoreUnavailable("Away.")
    events = await setting.ask()
    assert isinstance(events[-2], Status)
    assert events[-2].stage == "unsaved"
    assert isinstance(events[-1], Done)


async def test_a_store_that_hangs_holds_the_end_of_an_answer_up_for_a_moment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("app.services.answering.service._SAVING_SECONDS", 0.01)
    setting = Setting()
    setting.conversations.hung = True
    async with asyncio.timeout(60):
        events = await setting.ask()
    assert names(events)[-2:] == ["status", "done"]
    assert setting.conversations.stored == {}


async def test_what_is_cached_is_answered_while_the_model_server_hangs() -> None:
    setting = Setting(cached=with_cache)
    await setting.ask()
    setting.models.hung = True
    async with asyncio.timeout(60):
        events = await setting.ask()
    start = events[0]
    assert isinstance(start, Start)
    assert (start.cache["status"], start.cache["tier"]) == ("hit", "l1")
    assert isinstance(events[-1], Done)
    assert setting.models.shown == 3, "the model's context is asked for once, its digest each time"


def test_stored_events_come_back_as_they_were() -> None:
    document = uuid4()
    events: list[Event] = [
        Start(uuid4(), "trace", "m", {"status": "hit", "tier": "l1"}, uuid4()),
        Start(uuid4(), "trace", "m", {}, None),
        Status("retrieve", 1.5),
        Status("prompt", 1.5, LeftOut(1, 2, 3)),
        Sources((Source(1, 2, document, "a.md", None, "Heading", 0.5, "quote"),)),
        Highlights((Highlight(1, 2, 0, 5, "quote", 7.5),)),
        Delta("text"),
        Citation(1, 2, 3),
        Usage(1, 2, 3.0, 4.0, LeftOut(1, 2, 3)),
        Done("stop", (1, 2)),
        Failed({"status": 502}, retryable=True),
    ]
    stored = [event_to_dict(event) for event in events]
    assert [event_from_dict(item) for item in stored] == events
    assert {type(value) for item in stored for value in item.values()} <= {
        str,
        int,
        float,
        bool,
        dict,
        list,
        type(None),
    }


async def test_the_model_is_shown_what_stands_around_a_passage_and_its_source_says_so() -> None:
    setting = Setting()
    found = setting.search.found
    assert isinstance(found, Retrieval)
    first = found.results[0]
    after = Chunk(
        99,
        first.document_id,
        first.filename,
        1,
        first.ordinal + 1,
        "The Seine divides it.",
        5,
        first.page,
        first.section,
        None,
    )
    setting.surroundings.held = {first.chunk_id: (after,)}
    events = await setting.ask()
    (sources,) = [event for event in events if isinstance(event, Sources)]
    assert sources.items[0].quote == f"{first.text}\nThe Seine divides it."
    assert "The Seine divides it." in setting.models.sent[-1][-1]["content"]
