"""The shapes that most queries have."""

RATE = "[$__rate_interval]"


def rate(metric: str, *by: str, where: str = "") -> str:
    """Per second, by the labels `by`. `where` selects: `a="b",c=~"d"`."""
    selector = f"{{{where}}}" if where else ""
    grouped = f" by ({', '.join(by)})" if by else ""
    return f"sum{grouped} (rate({metric}{selector}{RATE}))"


def quantile(share: float, histogram: str, *by: str, where: str = "") -> str:
    """The value below which this share of a histogram's observations lie."""
    return f"histogram_quantile({share}, {rate(f'{histogram}_bucket', *by, 'le', where=where)})"


def mean(histogram: str, *by: str, where: str = "") -> str:
    return f"{rate(f'{histogram}_sum', *by, where=where)} / {rate(f'{histogram}_count', *by, where=where)}"


def ratio(part: str, whole: str) -> str:
    """A share of what happened; 0 where the part never did, nothing where the whole did not."""
    return f"({part} or 0 * {whole}) / ({whole} > 0)"


def quantiles(histogram: str, where: str = "") -> list[tuple[str, str]]:
    """Median, 95 % and 99 %, each with its name."""
    shares = ((0.5, "half"), (0.95, "95 %"), (0.99, "99 %"))
    return [(quantile(share, histogram, where=where), name) for share, name in shares]
