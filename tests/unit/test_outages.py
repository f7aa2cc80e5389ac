"""SQLSTATE decides which failures of Postgres are a 503, and names their cause."""

import asyncpg
import pytest

from app.db.outages import cause_of, translated
from app.errors import StoreUnavailable


def postgres_error(sqlstate: str) -> asyncpg.PostgresError:
    """The error that the driver makes of a server's message."""
    error: asyncpg.PostgresError = asyncpg.PostgresError.new({"C": sqlstate, "M": "secret text"})
    return error


@pytest.mark.parametrize(
    "sqlstate",
    ["08000", "08001", "08004", "08P01", "25006", "25P03", "25P04", "26000", "28000", "28P01", "3D000", "40001",
     "40P01", "42501", "42P05", "53000", "53100", "53200", "53300", "53400", "55P03", "57014", "57P01", "57P02",
     "57P03", "57P04", "57P05", "58000", "58030", "F0001", "XX001", "XX002"],
)  # fmt: skip
def test_a_server_that_cannot_serve_is_an_outage_with_a_cause_of_ours(sqlstate: str) -> None:
    with pytest.raises(StoreUnavailable) as refused, translated():
        raise postgres_error(sqlstate)
    assert refused.value.retryable
    assert "secret" not in refused.value.detail
    assert refused.value.detail.startswith(("The database", "DATABASE_URL", "A ", "An ", "The connection"))


@pytest.mark.parametrize(
    "sqlstate", ["22P02", "22001", "23505", "23503", "42601", "42P01", "42703", "54000", "XX000", "0A000"]
)
def test_a_fault_of_the_request_or_of_ours_is_no_outage(sqlstate: str) -> None:
    with pytest.raises(asyncpg.PostgresError), translated():
        raise postgres_error(sqlstate)


def test_the_network_and_the_driver_are_told_apart() -> None:
    assert cause_of(ConnectionRefusedError()) == "The database cannot be reached."
    assert cause_of(TimeoutError()) == "The database did not answer in time."
    assert cause_of(asyncpg.InterfaceError("pool is closing")) == "The connection to the database broke off."
    assert cause_of(asyncpg.InternalClientError("another operation")) == "The connection to the database broke off."
    assert cause_of(asyncpg.DataError("an argument")) is None
    assert cause_of(ValueError()) is None
    assert cause_of(None) is None


def test_the_reason_why_a_session_ended_goes_before_the_failure_to_roll_it_back() -> None:
    rollback = asyncpg.InterfaceError("cannot roll back: the underlying connection is closed")
    rollback.__context__ = postgres_error("57P01")
    assert cause_of(rollback) == "The database is starting or stopping."
