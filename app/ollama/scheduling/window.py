"""How much bulk work an endpoint is given at once: texts per request, and requests in flight."""


class AdaptiveLimit:
    """Finds the fewest requests in flight that give an endpoint its full throughput.

    Hill climbing on measured throughput: over an epoch at half the requests, 95 % of the rate is enough to
    stay there; over an epoch at twice, 5 % more is needed. A step that did not pay is taken back and tried
    again after twice as many epochs as before, so a settled endpoint spends little on trying.
    It starts at `maximum`, which costs throughput on no server.
    """

    _EPOCH = 16
    _ENOUGH = 0.95
    _LONGEST_WAIT = 64

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._minimum = min(2, maximum)  # one request answered, one on its way
        self._downward = True
        self._before: tuple[int, float] | None = None
        self._backoff = self._wait = 1
        self.value = maximum
        self._peak = 0
        self.restart(0.0)

    def restart(self, now: float) -> None:
        """Begin an epoch: what was measured so far says nothing, since the load changed."""
        self._since = now
        self._requests = 0
        self._characters = 0

    def completed(self, characters: int, in_flight: int, now: float) -> None:
        """Count a finished request of `characters`; `in_flight` includes it, `now` is in seconds."""
        self._peak = max(self._peak, min(in_flight, self.value))
        if not 0.75 * self._peak <= in_flight <= self.value:  # filling or draining
            self.restart(now)
            return
        self._requests += 1
        self._characters += characters
        if self._requests >= max(self._EPOCH, 2 * self.value) and now > self._since:
            self._judge(self._characters / (now - self._since))
            self.restart(now)

    def _judge(self, rate: float) -> None:
        if self._before is None:
            self._wait -= 1
            if self._wait <= 0:
                self._step(rate)
            return
        limit, best = self._before
        if rate >= (best * self._ENOUGH if self._downward else best / self._ENOUGH):
            self._backoff = 1
        else:
            self._move(limit)
            self._downward = not self._downward
            self._backoff = min(2 * self._backoff, self._LONGEST_WAIT)
        self._before = None
        self._wait = self._backoff

    def _step(self, rate: float) -> None:
        target = self._peak // 2 if self._downward else 2 * self.value
        target = max(self._minimum, min(self._maximum, target))
        if (target < self.value) is self._downward and target != self.value:
            self._before = (self.value, rate)
            self._move(target)
        else:
            self._downward = not self._downward

    def _move(self, limit: int) -> None:
        self.value = limit
        self._peak = 0


class BulkWindow:
    """The bulk work that one endpoint takes: `texts` in a request, `requests` in flight.

    A query cancels the request that is being worked on, and on average half of its texts were embedded in
    vain. So a request holds an eighth of the texts that are answered between two interruptions: queries cost
    bulk work a sixteenth of its time whether they come by the minute or by the second, and where none come
    requests are full. While they come two requests are in flight, one to work on and one to follow.

    A request also shrinks when answers take longer than `target` seconds, their time in the server's queue
    included. That bounds the queue in front of those who cannot interrupt, such as another process, and keeps
    slow texts away from the read timeout.
    """

    _SHARE = 8

    def __init__(self, *, max_texts: int, max_requests: int, target: float = 2.0) -> None:
        self._max_texts = max_texts
        self._target = target
        self._limit = AdaptiveLimit(max_requests)
        self._in_time = max_texts
        self._usual = float(max_texts * self._SHARE)
        self._since = 0

    @property
    def texts(self) -> int:
        return max(1, min(self._in_time, self._undisturbed))

    @property
    def requests(self) -> int:
        return self._limit.value if self._undisturbed >= self._max_texts else min(2, self._limit.value)

    def completed(self, *, texts: int, characters: int, seconds: float, in_flight: int, now: float) -> None:
        """Learn from a request that was answered after `seconds`, itself one of `in_flight`."""
        self._since += texts
        if seconds > self._target:
            self._in_time = max(1, int(texts * self._target / seconds))
        elif texts >= self._in_time and seconds < self._target / 2:
            self._in_time = min(self._max_texts, 2 * self._in_time)
        self._limit.completed(characters, in_flight, now)

    def interrupted(self, now: float) -> None:
        """Shrink: a query cancelled requests, or one of them failed."""
        self._usual = (self._usual + self._since) / 2
        self._since = 0
        self._limit.restart(now)

    @property
    def _undisturbed(self) -> int:
        return min(self._max_texts, int(max(self._usual, self._since)) // self._SHARE)
