"""Times and decimals from text, exactly."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.numbers import decimal_of, time_us, times_us

T_US = 1_760_054_400_816_129

# From 1973 on an epoch's size tells its unit, up to the year 5138.
EPOCHS_US = st.integers(10**14, 10**17 - 1)
UNITS = st.sampled_from([10**6, 10**3, 1])


@pytest.mark.parametrize(
    ("text", "expected_us"),
    [
        ("1760054400", 1_760_054_400_000_000),
        ("1760054400.816129", T_US),
        ("1760054400.8161299", T_US),
        ("1760054400.", 1_760_054_400_000_000),
        ("1760054400816", 1_760_054_400_816_000),
        ("1760054400816.129", T_US),
        ("1760054400816129", T_US),
        ("1760054400816129.7", T_US),
        ("1760054400816129999", T_US),
        (" 1760054400 ", 1_760_054_400_000_000),
        ("0", 0),
        ("99999999999", 99_999_999_999_000_000),
        ("100000000000", 100_000_000_000_000),
        ("99999999999999", 99_999_999_999_999_000),
        ("100000000000000", 100_000_000_000_000),
        ("99999999999999999", 99_999_999_999_999_999),
        ("100000000000000000", 100_000_000_000_000),
    ],
)
def test_an_epoch_tells_its_unit_by_its_magnitude(text: str, expected_us: int) -> None:
    """Seconds, milliseconds, microseconds and nanoseconds come without a setting."""
    assert time_us(text) == expected_us
    assert times_us([text]) == [expected_us]


@pytest.mark.parametrize(
    "text",
    [
        "2025-10-10T00:00:00.816129Z",
        "2025-10-10T00:00:00.816129",
        "2025-10-10 00:00:00.816129",
        "2025-10-10T00:00:00.816129+00:00",
        "2025-10-10T02:00:00.816129+02:00",
        "2025-10-09T18:30:00.816129-05:30",
        "2025-10-10T00:00:00.816129999Z",
        "20251010T000000.816129Z",
    ],
)
def test_iso_8601_is_read_with_any_offset_and_as_utc_without_one(text: str) -> None:
    """A missing zone never means this machine's."""
    assert time_us(text) == T_US


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            " ",
            "abc",
            "-1",
            "1_000",
            "1e9",
            "1.5.5",
            "NaN",
            "100000000000000000000",
            "9" * 9999,
        ),
        *("1969-12-31T23:59:59Z", "2025-13-01", "9999-12-31T23:59:59-14:00", "12:00"),
        *("1/2/2020 0:01", "2020/13/1", "2020/2/30", "2020-01-01 13-PM"),
    ],
)
def test_what_is_no_time_is_an_error_that_names_it(text: str) -> None:
    """The message repeats what was read."""
    with pytest.raises(ValueError, match="neither ISO 8601 nor an epoch") as caught:
        time_us(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2020/1/1 0:01", "2020-01-01T00:01:00Z"),
        ("2020/01/31", "2020-01-31T00:00:00Z"),
        ("2020-1-1 9:05:07", "2020-01-01T09:05:07Z"),
        ("2020-01-01 04-PM", "2020-01-01T16:00:00Z"),
        ("2020-01-01 12-AM", "2020-01-01T00:00:00Z"),
        ("20200101", "2020-01-01T00:00:00Z"),
    ],
)
def test_dates_are_read_as_spreadsheets_and_downloads_write_them(text: str, same: str) -> None:
    """The year comes first, so that day and month cannot be confused."""
    assert time_us(text) == time_us(same)
    assert times_us([text]) == [time_us(same)]


@given(EPOCHS_US, UNITS)
def test_every_unit_gives_the_same_instant(instant_us: int, unit_us: int) -> None:
    """Also with decimals, and what is finer is cut off."""
    whole = instant_us // unit_us * unit_us
    assert time_us(str(whole // unit_us)) == whole
    decimals = len(str(unit_us)) - 1
    assert time_us(f"{instant_us // unit_us}.{instant_us % unit_us:0{decimals}d}") == instant_us
    assert time_us(f"{instant_us}999") == instant_us


@given(
    st.datetimes(datetime(1970, 1, 3), datetime(9999, 12, 29)),  # noqa: DTZ001 - zones follow
    st.integers(-14 * 60, 14 * 60),
)
def test_iso_8601_is_exact(naive: datetime, offset_minutes: int) -> None:
    """Any zone and any microsecond, without a float between."""
    when = naive.replace(tzinfo=timezone(timedelta(minutes=offset_minutes)))
    elapsed = when - datetime(1970, 1, 1, tzinfo=UTC)
    microseconds = (elapsed.days * 86_400 + elapsed.seconds) * 10**6 + elapsed.microseconds
    assert time_us(when.isoformat()) == microseconds


@given(st.lists(st.integers(0, 10**20 - 1).map(str) | st.just("2025-10-10"), min_size=1))
def test_a_column_is_read_row_by_row_even_where_units_are_mixed(texts: list[str]) -> None:
    """Reading it at once is only faster."""
    assert times_us(texts) == [time_us(text) for text in texts]


@pytest.mark.parametrize("text", ["0.1", "1E-9", "-1", "NaN", "Infinity", " 5 ", "0." + "1" * 80])
def test_a_decimal_keeps_every_digit(text: str) -> None:
    """As Python's own decimal reads it."""
    assert str(decimal_of(text)) == str(Decimal(text))


@pytest.mark.parametrize("text", ["", "abc", "1,5", "1_000", "0x10", "1 2"])
def test_what_is_no_decimal_is_an_error_that_names_it(text: str) -> None:
    """The message repeats what was read, also what Python would take."""
    with pytest.raises(ValueError, match="is not a number") as caught:
        decimal_of(text)
    assert repr(text) in str(caught.value)
