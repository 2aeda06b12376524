"""Times: microseconds since the epoch, UTC, and how they are written and converted."""

import re
from datetime import UTC, datetime, timedelta

SECOND_US = 1_000_000
"""A second in microseconds."""

NEVER_US = 2**63
"""Later than any time of a price."""

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


_UNITS = {"d": 86_400 * SECOND_US, "h": 3_600 * SECOND_US, "m": 60 * SECOND_US, "s": SECOND_US}
_DURATION = re.compile(r"([0-9]{1,9})([smhd])", re.ASCII)


def duration_from(text: str) -> int:
    """Read a duration such as `4h` in microseconds: a whole number and s, m, h or d.

    Raises:
        ValueError: with the text and the remedy.
    """
    found = _DURATION.fullmatch(text.strip())
    if found is None:
        raise ValueError(
            f"{text[:60]!r} is not a duration: write a whole number and its unit, "
            "s, m, h or d, such as 4h"
        )
    return int(found[1]) * _UNITS[found[2]]


def duration_text(duration_us: int) -> str:
    """Microseconds as `4h`, in the largest unit that divides them; parts of a second in `s`."""
    for unit, length_us in _UNITS.items():
        if duration_us % length_us == 0:
            return f"{duration_us // length_us}{unit}"
    return f"{duration_us / SECOND_US:g}s"
