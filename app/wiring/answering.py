"""Builds the way of a question: search, the answer pipeline, the caches in front of both, and their observers."""

from dataclasses import dataclass

from app.cache.stream_cache import StreamCache
from app.concurrency.background import Background, run_for_lifetime
from app.domain.answers import Event
from app.generation.gate import AnswerGate
from app.generation.prompting.prompt import PromptBuilder
from app.generation.prompting.tokens import TokenCounter
from app.observers.questions import QuestionMetrics
from app.services.answering.cached import CachedAnswers
from app.services.answering.direct import DirectService
from app.services.answering.experiments import ExperimentService
from app.services.answering.histories import HistorySummarizer
from app.services.answering.model_facts import ContextWindows, ModelDigests
from app.services.answering.model_texts import ModelTexts
from app.services.answering.modes import AnswerModes
from app.services.answering.pipeline import AnswerPipeline
from app.services.answering.rewriting import FollowUpRewriter
from app.services.answering.service import AnswerService
from app.services.answering.writer import ModelWriter
from app.services.cache_ops.warm_questions import WarmQuestions
from app.services.cache_ops.warming import WarmingService
from app.services.conversations.conversations import ConversationService
from app.services.conversations.feedback import FeedbackService
from app.services.evaluations.service import EvaluationService
from app.services.evidence.neighbours import NeighbourChunks
from app.services.evidence.quoting import Quoter
from app.services.evidence.ranking import PassageRanker
from app.services.search.cached import CachedSearch
from app.services.search.lexeme_statistics import LexemeStatistics
from app.services.search.service import SearchService
from app.services.semantic.report import MatchingReporter
from app.telemetry import correlation
from app.wiring.core import Core
from app.wiring.documents import Documents
from app.wiring.overviews import PassageReading, open_overviews
from app.wiring.reranking import open_reranker
from app.wiring.semantic import open_matching


@dataclass(frozen=True, slots=True)
class Answering:
    """The services of questions. `direct` asks a model without documents; `warming` asks ahead of users."""

    search: CachedSearch
    answers: AnswerService
    conversations: ConversationService
    direct: DirectService
    experiments: ExperimentService
    evaluations: EvaluationService
    feedback: FeedbackService
    warming: WarmingService
    matching: MatchingReporter


def open_answering(core: Core, documents: Documents) -> Answering:
    settings, database, client, cache = core.settings, core.database, core.client, core.cache
    statistics = LexemeStatistics(database)
    core.stack.push_async_callback(statistics.close)
    observer = QuestionMetrics(core.metrics)
    matching, matching_report = open_matching(settings, cache, core.embedding.embed_query, core.stack)
    scorer, reranker = open_reranker(core)
    ranker = PassageRanker(scorer, reranker)
    search = CachedSearch(
        SearchService(
            database,
            documents.collections,
            core.embedding.embed_query,
            statistics,
            observer.searched,
            ranker=ranker,
        ),
        documents.collection_cache,
        cache.chain,
        matching,
        reranker,
    )
    conversations = ConversationService(database)
    contexts = ContextWindows(client, longest=settings.chat_max_context)
    digests = ModelDigests(client)
    texts = ModelTexts(database, client, contexts, digests)
    writer = ModelWriter(
        client,
        prompts=PromptBuilder(TokenCounter()),
        contexts=contexts,
        surroundings=NeighbourChunks(database),
        histories=HistorySummarizer(texts),
        observer=observer,
    )
    quoter, gate = Quoter(ranker), AnswerGate(reranker)
    pipeline = AnswerPipeline(
        search,
        writer,
        rewriter=FollowUpRewriter(texts),
        ranker=ranker,
        quoter=quoter,
        gate=gate,
        observer=observer,
    )
    modes = AnswerModes(
        documents.collection_cache, digests, default_mode=settings.answer_mode, default_model=core.chat_model.name
    )
    streams: StreamCache[Event] = StreamCache(cache.chain)
    core.stack.push_async_callback(streams.close)
    cached_answers = CachedAnswers(
        pipeline, streams, documents.collection_cache, digests, matching=matching, reranker=reranker
    )
    background = Background()
    core.stack.push_async_callback(background.close)
    experiments = ExperimentService(database, background)
    overviews = open_overviews(
        database, cached_answers, PassageReading(pipeline, quoter, gate), texts, contexts=contexts, writer=writer
    )
    answers = AnswerService(
        overviews,
        conversations,
        complete=modes.complete,
        trace_id=_trace_id,
        observers=(observer.answered, experiments.answered),
    )
    evaluations = EvaluationService(database, search=search, answers=overviews, complete=modes.complete)
    core.stack.push_async_callback(evaluations.close)
    warming = WarmingService(
        WarmQuestions(cache.manager, database),
        cache.pacer,
        search=search,
        answers=cached_answers,
        complete=modes.complete,
    )
    if settings.cache_warm_on_startup:
        run_for_lifetime(core.stack, warming.after_start())
    return Answering(
        search=search,
        answers=answers,
        conversations=conversations,
        direct=DirectService(client, contexts, trace_id=_trace_id),
        experiments=experiments,
        evaluations=evaluations,
        feedback=FeedbackService(
            database, cache.manager, observe=lambda verdict: core.metrics.feedback.labels(verdict).inc()
        ),
        warming=warming,
        matching=matching_report,
    )


def _trace_id() -> str:
    current = correlation.current()
    return current.trace_id if current else ""
