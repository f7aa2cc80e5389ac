"""Builds the answers about documents themselves, in front of the answers to questions for facts."""

from typing import NamedTuple

from app.db.database import Database
from app.generation.gate import AnswerGate
from app.generation.prompting.tokens import TokenCounter
from app.services.answering.answer import AnswerSource
from app.services.answering.model_facts import ContextWindows
from app.services.answering.model_texts import ModelTexts
from app.services.answering.pipeline import AnswerPipeline
from app.services.answering.writer import ModelWriter
from app.services.evidence.quoting import Quoter
from app.services.overviews.compared import Comparisons
from app.services.overviews.enumerated import Enumerations
from app.services.overviews.intents import IntentFinder
from app.services.overviews.library import DocumentLibrary
from app.services.overviews.listing import DocumentLists
from app.services.overviews.map_reduce import DocumentSummarizer
from app.services.overviews.service import OverviewAnswers
from app.services.overviews.summary import DocumentSummaries


class PassageReading(NamedTuple):
    """What finds passages, chooses sentences of them, and tells whether they can answer."""

    pipeline: AnswerPipeline
    quoter: Quoter
    gate: AnswerGate


def open_overviews(
    database: Database,
    answers: AnswerSource,
    evidence: PassageReading,
    texts: ModelTexts,
    *,
    contexts: ContextWindows,
    writer: ModelWriter,
) -> OverviewAnswers:
    library = DocumentLibrary(database)
    return OverviewAnswers(
        answers,
        intents=IntentFinder(texts),
        library=library,
        lists=DocumentLists(library),
        summaries=DocumentSummaries(library, writer, DocumentSummarizer(texts, contexts, TokenCounter())),
        comparisons=Comparisons(library, *evidence, writer),
        enumerations=Enumerations(*evidence, writer),
    )
