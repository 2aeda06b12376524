"""Times: microseconds since the epoch, UTC, and how they are written and converted."""

from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
"""A second in microseconds."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def iso_time(time_us: int) -> str:
    """Microseconds since the epoch as ISO 8601 in UTC, always with six decimals."""
    return moment(time_us).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def moment(time_us: int) -> datetime:
    """Microseconds since the epoch as an aware time, exactly."""
    return _EPOCH + timedelta(microseconds=time_us)


def microseconds(when: datetime) -> int:
    """An aware time as microseconds since the epoch, exactly."""
    return (when - _EPOCH) // _MICROSECOND
