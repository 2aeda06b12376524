"""The venues' decoders, against frames written from the documentation, and against anything."""

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backstay.feeds.venues.frames import Decoded, Notice, Numbered, Trades, Unknown
from backstay.feeds.venues.registry import VENUES
from tests.unit.documented import Documented
from tests.unit.venue_frames import COINBASE, FRAMES, KRAKEN

KINDS = Decoded.__args__

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4)
    ),
    max_leaves=12,
)


def decoded(venue: str, frame: bytes) -> list[Decoded]:
    """What a decoder says, which is always a list of the known kinds."""
    found = list(VENUES[venue].decode(frame))
    for each in found:
        assert isinstance(each, KINDS)
        if isinstance(each, Trades):
            assert len(each.prices) == len(each.times_us) == len(each.ids) > 0
            assert each.times_us == sorted(each.times_us)
    return found


@pytest.mark.parametrize("documented", FRAMES, ids=str)
def test_a_documented_frame_says_what_its_documentation_says(documented: Documented) -> None:
    """Each kind of frame is understood, prices to the last digit."""
    said = decoded(documented.venue, documented.frame)
    assert tuple(said) == documented.says
    assert str(said) == str(list(documented.says))


@pytest.mark.parametrize("venue", VENUES)
@pytest.mark.parametrize(
    ("frame", "kind"),
    [
        (b"", "empty"),
        (b"<html>502 Bad Gateway</html>", "unreadable"),
        (b'{"a":', "unreadable"),
        (b'{"channel":"trade\xff"}', "unreadable"),
        (b"[" * 100_000, "unreadable"),
        (b"[]", "array"),
        (b"{}", "object"),
        (b"1", "value"),
    ],
)
def test_what_is_no_frame_of_the_venue_is_unknown(venue: str, frame: bytes, kind: str) -> None:
    """It is named for counting, and nothing is raised."""
    assert decoded(venue, frame) == [Unknown(kind=kind)]


@pytest.mark.parametrize("venue", VENUES)
@given(frame=st.binary(max_size=60))
def test_bytes_of_any_kind_are_decoded_without_an_exception(venue: str, frame: bytes) -> None:
    """A reader thread never ends for what was sent to it."""
    assert decoded(venue, frame)


@pytest.mark.parametrize("venue", VENUES)
@given(message=JSON)
def test_json_of_any_kind_is_decoded_without_an_exception(venue: str, message: object) -> None:
    """Whatever the shape, something is said of it."""
    assert decoded(venue, json.dumps(message).encode())


def grafted(message: object, draw: st.DataObject) -> object:
    """The message with one of its values, at any depth, removed or replaced."""
    if not isinstance(message, dict | list) or not message or draw.draw(st.integers(0, 3)) == 0:
        return draw.draw(JSON)
    if isinstance(message, list):
        at = draw.draw(st.integers(0, len(message) - 1))
        return [*message[:at], grafted(message[at], draw), *message[at + 1 :]]
    key = draw.draw(st.sampled_from(sorted(message)))
    if draw.draw(st.booleans()):
        return {name: value for name, value in message.items() if name != key}
    return {**message, key: grafted(message[key], draw)}


@given(documented=st.sampled_from(FRAMES), draw=st.data())
def test_a_damaged_frame_is_decoded_without_an_exception(
    documented: Documented, draw: st.DataObject
) -> None:
    """A field that is missing, or of another kind than documented, raises nothing."""
    if documented.frame == b"pong":
        return
    damaged = grafted(json.loads(documented.frame), draw)
    assert decoded(documented.venue, json.dumps(damaged).encode()) is not None


@given(
    documented=st.sampled_from(FRAMES),
    at=st.integers(0, 400),
    length=st.integers(0, 4),
    put=st.binary(max_size=4),
)
def test_a_garbled_frame_is_decoded_without_an_exception(
    documented: Documented, at: int, length: int, put: bytes
) -> None:
    """Bytes that were cut out, put in or changed raise nothing."""
    frame = documented.frame
    decoded(documented.venue, frame[:at] + put + frame[at + length :])


@given(price=st.decimals(allow_nan=False, allow_infinity=False, places=18))
def test_a_price_that_is_a_json_number_is_read_digit_by_digit(price: Decimal) -> None:
    """No float comes in between: 18 decimals stay 18 decimals."""
    frame = (
        '{"channel":"trade","type":"update","data":[{"symbol":"A/B","trade_id":1,'
        f'"price":{price:f},"timestamp":"2026-05-28T20:26:40Z"}}]}}'
    )
    (trades,) = decoded("kraken", frame.encode())
    assert isinstance(trades, Trades)
    assert str(trades.prices[0]) == str(Decimal(f"{price:f}"))


@pytest.mark.parametrize("price", ['"0"', '"-1.5"', '"NaN"', '"Infinity"', '"1e400"'])
def test_a_price_that_no_market_takes_still_goes_through(price: str) -> None:
    """The market's guard rejects it, and says so."""
    frame = (
        '{"stream":"ethbtc@trade","data":{"e":"trade","s":"ETHBTC","t":7,'
        f'"p":{price},"T":1780000000000}}}}'
    )
    (trades,) = decoded("binance", frame.encode())
    assert isinstance(trades, Trades)
    assert str(trades.prices[0]) == str(Decimal(price.strip('"')))


@pytest.mark.parametrize("documented", COINBASE, ids=str)
def test_each_message_of_coinbase_gives_its_number_first(documented: Documented) -> None:
    """A gap is seen before what follows it is used."""
    said = decoded("coinbase", documented.frame)
    assert isinstance(said[0], Numbered) == (b"sequence_num" in documented.frame)
    assert not any(isinstance(each, Numbered) for each in said[1:])


def test_only_what_is_wrong_is_a_notice_of_an_error() -> None:
    """Kraken's status counts as an error while it is not online."""
    said = {
        each.text: each.is_error
        for documented in KRAKEN
        for each in documented.says
        if isinstance(each, Notice)
    }
    assert said["Kraken's system is online"] is False
    assert said["Kraken's system is maintenance"] is True
