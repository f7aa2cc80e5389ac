"""Puts matching by meaning together, for the API alone."""

from contextlib import AsyncExitStack

from app.cache.semantic.postgres_observations import PostgresObservations
from app.cache.semantic.thresholds import ThresholdManager
from app.concurrency.background import run_for_lifetime
from app.domain.retrieval import EmbedQuery
from app.services.semantic.cache import SemanticCache
from app.services.semantic.lookup import Matching, NoMatching
from app.services.semantic.report import MatchingReporter
from app.settings import Settings
from app.wiring.cache import Cache


def open_matching(
    settings: Settings, cache: Cache, embed: EmbedQuery, stack: AsyncExitStack
) -> tuple[Matching, MatchingReporter]:
    """Build matching by meaning, which learns in the background; it finds nothing while off, or without L3."""
    mode, budget = settings.semantic_cache_mode, settings.semantic_cache_error_budget
    if cache.questions is None or mode == "off":
        return NoMatching(), MatchingReporter(mode, budget, None)
    observations = PostgresObservations(cache.admin_pool)
    thresholds = ThresholdManager(observations, cache.questions, budget=budget)
    matching = SemanticCache(mode, cache.chain, cache.questions, observations, thresholds, embed)
    run_for_lifetime(stack, thresholds.run())
    stack.push_async_callback(matching.close)
    return matching, MatchingReporter(mode, budget, observations)
