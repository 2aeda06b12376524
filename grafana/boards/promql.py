"""Queries, put together: what the variables of a board select is selected everywhere.

Metrics are named without `backstay_`.
"""

from grafana.boards.parts import Query

QUANTILES = ("0.5", "0.95", "0.99")

_OF_AN_ACCOUNT = {
    "wallet_balance",
    "wallet_drift",
    "wallet_healthy",
    "wallet_first_divergent_entry",
    "health_check_last_success_timestamp_seconds",
}


def series(name: str, matcher: str = "") -> str:
    """The chosen series of a metric, narrowed by a matcher if one is given."""
    matchers = ['job=~"$job"', 'instance=~"$instance"']
    if name in _OF_AN_ACCOUNT:
        matchers.append('account=~"$account"')
    if matcher:
        matchers.append(matcher)
    full_name = name if name.startswith("process_") else f"backstay_{name}"
    return f"{full_name}{{{', '.join(matchers)}}}"


def rate(name: str, by: str = "", matcher: str = "") -> str:
    """How fast a counter rises, a second; in sum or by labels."""
    return total(f"rate({series(name, matcher)}[$__rate_interval])", by)


def per_bar(name: str, by: str = "", matcher: str = "") -> str:
    """By how much a counter rose in the time of each bar of a graph with `bars`."""
    return total(f"increase({series(name, matcher)}[$__rate_interval])", by)


def some_per_bar(name: str, by: str = "", matcher: str = "") -> str:
    """The same where it rose at all: of many labels, only those that there is something of."""
    return f"{per_bar(name, by, matcher)} > 0"


def within_range(name: str, by: str = "") -> str:
    """By how much a counter rose in the time that the board shows."""
    return total(f"increase({series(name)}[$__range])", by)


def total(expr: str, by: str = "") -> str:
    """The sum of series, or sums by labels."""
    return f"sum by ({by}) ({expr})" if by else f"sum({expr})"


def now(name: str, by: str = "", matcher: str = "") -> str:
    """The sum of a gauge's series."""
    return total(series(name, matcher), by)


def mean(name: str, by: str = "") -> str:
    """The mean observation of a summary or histogram, where there was one."""
    return _observed(f"{rate(f'{name}_sum', by)} / {rate(f'{name}_count', by)}")


def quantile(rank: str, name: str, by: str = "") -> str:
    """What this share of a histogram's observations is below, where there was one."""
    labels = f"le, {by}" if by else "le"
    return _observed(f"histogram_quantile({rank}, {rate(f'{name}_bucket', labels)})")


def quantiles(name: str) -> tuple[Query, ...]:
    """A histogram's median and upper quantiles."""
    return tuple(
        Query(quantile(rank, name), f"p{rank.removeprefix('0.').ljust(2, '0')}")
        for rank in QUANTILES
    )


def buckets(name: str) -> str:
    """A histogram's observations by bucket, in the time of each column of a heatmap."""
    return per_bar(f"{name}_bucket", "le")


def _observed(expr: str) -> str:
    # Without an observation it is not a number, which is not at least 0 and so is left out.
    return f"{expr} >= 0"
