"""Failures of Postgres that are no request's fault: SQLSTATE decides, and names the cause."""

import asyncpg

from app.errors import StoreUnavailable

_POOLER = (
    "DATABASE_URL leads through a pooler in transaction mode; set DATABASE_LISTEN_URL to the server's own address."
)

# Causes by SQLSTATE, else by its class: https://www.postgresql.org/docs/18/errcodes-appendix.html. Other codes, as
# that of a violated constraint or of a wrong statement, are a fault of the request or of ours.
_CAUSES = {
    "08": "The database cannot be reached.",
    "08003": "The connection to the database broke off.",  # also where the server ended a session in the middle
    "08006": "The connection to the database broke off.",
    "25006": "The database is read-only now, as a standby is: it takes no writes.",
    "25P03": "The database ended a transaction that was idle for too long.",
    "25P04": "The database ended a transaction that took too long.",
    "26000": _POOLER,
    "28": "The database refuses our user or password.",
    "3D": "The database does not exist on its server.",
    "40": "The database undid a transaction that stood in another one's way.",
    "42501": "The database's user lacks a right that LocalChat needs.",
    "42P05": _POOLER,
    "53": "The database's server has run out of a resource.",
    "53100": "The database's disk is full.",
    "53200": "The database's server has no memory left.",
    "53300": "The database's server accepts no more connections.",
    "55P03": "A lock in the database was not free in time.",
    "57": "The database is starting or stopping.",
    "57014": "A statement took the database too long.",
    "57P04": "The database was dropped.",
    "57P05": "The database ended a session that was idle for too long.",
    "58": "The database's server has a fault: its own log tells more.",
    "F0": "The database's configuration has a fault: its own log tells more.",
    "XX001": "The database's files are damaged.",
    "XX002": "An index of the database is damaged.",
}

READ_ONLY = "25006"

_BROKEN = (asyncpg.InterfaceError, asyncpg.InternalClientError)


def cause_of(error: BaseException | None) -> str | None:
    """A sentence for people if the error says that Postgres cannot serve; None for any other error."""
    if isinstance(error, asyncpg.PostgresError):
        state = sqlstate_of(error)
        return _CAUSES.get(state) or _CAUSES.get(state[:2])
    if isinstance(error, TimeoutError):
        return "The database did not answer in time."
    if isinstance(error, OSError):
        return "The database cannot be reached."
    # A DataError is an argument of the wrong kind. The driver's other errors are a closed connection or pool, or a
    # session that the server is just ending, for a reason that comes before the failure to roll back.
    if isinstance(error, asyncpg.ClientConfigurationError):
        return "The database's address has a parameter that cannot be used."
    if isinstance(error, asyncpg.DataError) or not isinstance(error, _BROKEN):
        return None
    return cause_of(error.__context__) or "The connection to the database broke off."


def sqlstate_of(error: BaseException | None) -> str:
    """The error's SQLSTATE, also of a code that the driver has no class for; empty if it has none."""
    return str(getattr(error, "sqlstate", None) or "")


class translated:  # noqa: N801 - reads as a statement: `with translated():`
    """Raise `StoreUnavailable` with the cause in place of an error that says that Postgres cannot serve."""

    __slots__ = ()

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        cause = None if error is None else cause_of(error)
        if cause is not None:
            raise StoreUnavailable(cause) from error
