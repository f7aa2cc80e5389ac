"""Circuit breakers of one endpoint: one for the server, and one for each model that fails by itself."""

from collections.abc import Callable
from typing import Protocol

from app.concurrency.circuit_breaker import BreakerState, CircuitBreaker
from app.errors import ModelBusy, ModelError, ModelLoadFailed, ModelTimeout, ModelUnavailable


class ModelWork(Protocol):
    """A model and the kind of work that is asked of it."""

    @property
    def model(self) -> str: ...
    @property
    def work(self) -> str: ...


class EndpointBreakers:
    """Decides whether a request may be sent, and learns from its end.

    A server that cannot be reached is left alone as a whole. A model that is busy, silent or not loadable is left
    alone by itself, for the kind of work that failed, so it shuts out no other model. If it cannot be loaded, its
    first failure is enough: another attempt would fail too, and may first unload the models of others.

    Args:
        server: the server's breaker.
        make: makes a breaker for a model. Only models that the server has get one, so requests with invented
            names cannot fill the memory.
    """

    def __init__(self, server: CircuitBreaker, make: Callable[[], CircuitBreaker]) -> None:
        self.server = server
        self._make = make
        self._models: dict[tuple[str, str], CircuitBreaker] = {}
        self._reasons: dict[tuple[str, str], ModelUnavailable] = {}

    def reachable(self, wanted: ModelWork) -> bool:
        """Whether no breaker is open. A half-open one may have to wait for the probe of another request."""
        return self.server.state is not BreakerState.OPEN and self.refusal(wanted) is None

    def ready(self, wanted: ModelWork) -> bool:
        """Whether a request may be sent now."""
        model = self._models.get(_key(wanted))
        return self.server.ready and (model is None or model.ready)

    def refusal(self, wanted: ModelWork) -> ModelUnavailable | None:
        """Return the model's last failure while its breaker is open, else None."""
        key = _key(wanted)
        if key not in self._models or self._models[key].state is not BreakerState.OPEN:
            return None
        return type(self._reasons[key])(self._reasons[key].detail)

    def sent(self, wanted: ModelWork) -> None:
        """Note that a request is sent, which claims the probe of half-open breakers."""
        self.server.allows()
        if model := self._models.get(_key(wanted)):
            model.allows()

    def ended(self, wanted: ModelWork, error: BaseException | None) -> None:
        """Note the end of a request. It says nothing if it was cancelled."""
        key = _key(wanted)
        match error:
            case ModelBusy() | ModelTimeout() | ModelLoadFailed():
                self.server.succeeded()
                self._failed(key, error)
            case ModelUnavailable():
                self.server.failed()
                self._abandoned(key)
            case None | ModelError():
                self.server.succeeded()
                self._models.pop(key, None)
                self._reasons.pop(key, None)
            case _:
                self.server.abandoned()
                self._abandoned(key)

    def _failed(self, key: tuple[str, str], reason: ModelUnavailable) -> None:
        model = self._models.setdefault(key, self._make())
        self._reasons[key] = reason
        if isinstance(reason, ModelLoadFailed):
            model.suspect()
        model.failed()

    def _abandoned(self, key: tuple[str, str]) -> None:
        if key in self._models:
            self._models[key].abandoned()


def _key(wanted: ModelWork) -> tuple[str, str]:
    return wanted.model, wanted.work
