"""A ladder is kept and compared by all of its fields."""

import json
from collections.abc import Iterator
from dataclasses import fields, replace
from decimal import Decimal

import pytest

from actors.wallet.canonical import canonical_request, is_same_request
from actors.wallet.messages import OpenPosition
from persistence.ladder_codec import ladder_from, ladder_text, rates_from_json, rates_json
from trading.exits.exits import NOTHING_SAID, Exits
from trading.exits.ladder import Ladder, filled_in
from trading.exits.level import level_from
from trading.exits.notation import EXIT_FIELDS, asked_rungs_from, exits_from, exits_text
from trading.model import Side

NOT_ASKED = {"account", "reply_to", "idempotency_key", "deadline_us"}
"""What a request's text does not hold: a key belongs to an account, the rest is of one sending."""


class Nobody:
    """A recipient that drops what it is told."""

    def tell(self, message: object) -> None:
        """Nothing."""


REQUEST = OpenPosition(
    account="demo",
    symbol="BTCUSD",
    side=Side.LONG,
    exits=NOTHING_SAID,
    reply_to=Nobody(),
    notional=Decimal("10.50"),
    idempotency_key="first",
)


EVERYTHING_SAID = exits_from(
    {
        "stop_loss": "95",
        "take_profits": "103@25%>breakeven_net;6%@25%>keep;110@50%>105",
        "trailing": "2%/0.5% from rung 1",
        "close_after": "4h",
        "take_profit_fill": "level",
    }
)
LADDERS = {
    text: exits_from({"stop_loss": "5%", **fields}).over()
    for text, fields in (
        ("default", {}),
        ("everything", exits_text(EVERYTHING_SAID)),
        ("no stop", {"stop_loss": "none", "take_profits": "none", "trailing": "600 from entry"}),
        ("trail from a level", {"trailing": "1.5% from 3%", "take_profit_fill": "price"}),
        ("long decimals", {"stop_loss": "0.000000000000000001%", "close_after": "1s"}),
    )
}


def other_exits() -> Iterator[tuple[str, Exits]]:
    """Exits that say something else than the request in one field."""
    for name, text in exits_text(EVERYTHING_SAID).items():
        yield name, exits_from({name: text})
    for name, other in {
        "stop_loss": "95.5",
        "take_profits": "103@25%>breakeven_net;6%@25%>keep;110@50%>105.5",
        "trailing": "2%/0.5% from rung 2",
        "close_after": "5h",
        "take_profit_fill": "price",
    }.items():
        yield f"another {name}", exits_from({**exits_text(EVERYTHING_SAID), name: other})


def requests() -> Iterator[tuple[str, OpenPosition]]:
    """Requests that ask for something else than `REQUEST` in one field."""
    yield "symbol", replace(REQUEST, symbol="ETHUSD")
    yield "side", replace(REQUEST, side=Side.SHORT)
    yield "notional", replace(REQUEST, notional=Decimal(11))
    yield "quantity", replace(REQUEST, notional=None, quantity=REQUEST.notional)
    for name, exits in other_exits():
        yield name, replace(REQUEST, exits=exits)


CHANGED_REQUESTS = dict(requests())


@pytest.mark.parametrize("where", CHANGED_REQUESTS)
def test_a_request_that_differs_in_any_field_has_another_text(where: str) -> None:
    """No field of a request or of its ladder is left out, so no two are equal under one key."""
    assert canonical_request(CHANGED_REQUESTS[where]) != canonical_request(REQUEST)


def test_no_two_requests_have_one_text() -> None:
    """Each of them differs from every other."""
    texts = {canonical_request(request) for request in CHANGED_REQUESTS.values()}
    assert len(texts) == len(CHANGED_REQUESTS)


def test_every_field_of_a_request_is_compared() -> None:
    """A field that is added is either in its text, or known not to be asked for."""
    asked = {"symbol", "side", "notional", "quantity", "exits"}
    assert {field.name for field in fields(OpenPosition)} == asked | NOT_ASKED
    assert set(exits_text(EVERYTHING_SAID)) == set(EXIT_FIELDS)
    assert len(fields(Exits)) == len(EXIT_FIELDS)


@pytest.mark.parametrize("name", LADDERS)
def test_a_ladder_is_read_back_with_every_field(name: str) -> None:
    """What is stored of a ladder is all of it."""
    assert ladder_from(ladder_text(LADDERS[name])) == LADDERS[name]


FORMER_REQUEST = (
    '["BTCUSD","LONG","10.5",null,'
    '["5",[["3","breakeven","0"],["6","previous_rung","0"],["10","previous_rung","1"]]]]'
)
FORMER_LADDER = (
    '{"stop_loss_pct":"5","rungs":['
    '{"distance_pct":"3","stop":"breakeven","close_fraction":"0"},'
    '{"distance_pct":"6","stop":"previous_rung","close_fraction":"0.25"},'
    '{"distance_pct":"10","stop":"unchanged","close_fraction":"0.75"}]}'
)


def test_a_key_of_an_earlier_version_gets_its_first_outcome_again() -> None:
    """Its request has the whole ladder, which is what a request without exits comes to."""
    assert is_same_request(FORMER_REQUEST, REQUEST)
    explicit = exits_from({"stop_loss": "5%", "take_profits": "3%;6%;10%"})
    assert is_same_request(FORMER_REQUEST, replace(REQUEST, exits=explicit))


@pytest.mark.parametrize("where", CHANGED_REQUESTS)
def test_a_key_of_an_earlier_version_has_one_request(where: str) -> None:
    """Another request is another, whichever field it differs in."""
    assert not is_same_request(FORMER_REQUEST, CHANGED_REQUESTS[where])


def test_a_ladder_of_an_earlier_version_is_read() -> None:
    """Positions from before levels could be prices go on as they were."""
    ladder = exits_from({"take_profits": "3%;6%@25%;10%@75%>keep"}).over()
    assert ladder_from(FORMER_LADDER) == ladder


def test_a_request_keeps_the_text_that_databases_hold() -> None:
    """What changes this text must go on reading the stored ones."""
    asked = replace(REQUEST, exits=exits_from({"stop_loss": "95", "take_profits": "103"}))
    assert canonical_request(REQUEST) == '["BTCUSD","LONG","10.5",null,{}]'
    assert canonical_request(asked) == (
        '["BTCUSD","LONG","10.5",null,{"stop_loss":"95","take_profits":"103@100%>breakeven"}]'
    )


def test_a_ladder_keeps_the_text_that_databases_hold() -> None:
    """Rows that this version has stored are read by later ones."""
    assert ladder_text(LADDERS["default"]) == (
        '{"close_after":"none","stop_loss":"5%","take_profit_fill":"price",'
        '"take_profits":"3%@0%>breakeven;6%@0%>previous;10%@100%>previous","trailing":"none"}'
    )


def test_a_ladder_whose_rungs_were_replaced_is_read_back() -> None:
    """New rungs may lie before those that were hit, where the price has come back."""
    rungs = filled_in(asked_rungs_from("3%@10%;6%@10%;5%@20%>keep;62000"))
    ladder = Ladder(stop_loss=level_from("5%"), rungs=rungs)
    assert ladder_from(ladder_text(ladder)) == ladder


def test_a_ladder_whose_trail_was_dropped_is_read_back() -> None:
    """Its trail had stood in for a stop-loss, which stays where it has come to."""
    ladder = Ladder(stop_loss=None, rungs=())
    assert ladder_from(ladder_text(ladder)) == ladder


NOT_NUMBERS = ("NaN", "Infinity", "-1", "1E999999", "0,5", "x")


@pytest.mark.parametrize("number", NOT_NUMBERS)
@pytest.mark.parametrize(
    "text",
    [
        '{"stop_loss":"#%","take_profits":"none","trailing":"none"}',
        '{"stop_loss":"#","take_profits":"none","trailing":"none"}',
        '{"stop_loss":"5%","take_profits":"#%@100%>keep","trailing":"none"}',
        '{"stop_loss":"5%","take_profits":"3%@#%>keep","trailing":"none"}',
        '{"stop_loss":"5%","take_profits":"3%@100%>#","trailing":"none"}',
        '{"stop_loss":"5%","take_profits":"none","trailing":"#%/0.1% from entry"}',
        '{"stop_loss":"5%","take_profits":"none","trailing":"2%/#% from entry"}',
        '{"stop_loss":"5%","take_profits":"none","trailing":"2%/0.1% from #"}',
        '{"stop_loss":"5%","take_profits":"none","trailing":"none","close_after":"#s"}',
        '{"stop_loss_pct":"#","rungs":[]}',
        '{"stop_loss_pct":"5","rungs":[{"distance_pct":"#","stop":"breakeven",'
        '"close_fraction":"1"}]}',
        '{"stop_loss_pct":"5","rungs":[{"distance_pct":"3","stop":"breakeven",'
        '"close_fraction":"#"}]}',
    ],
)
def test_a_stored_ladder_with_what_is_not_a_number_is_refused(text: str, number: str) -> None:
    """No price compares with it: its position would never end."""
    with pytest.raises((ValueError, ArithmeticError)):
        ladder_from(text.replace("#", number))


@pytest.mark.parametrize("number", [*NOT_NUMBERS, "0.2"])
@pytest.mark.parametrize("name", ["fee", "spread", "slippage"])
def test_stored_rates_that_no_account_may_have_are_refused(name: str, number: str) -> None:
    """Neither what is not a number, nor a percentage by mistake."""
    rates = {"fee": "0.0026", "spread": "0.001", "slippage": "0.0005"}
    assert rates_json(rates_from_json(json.dumps(rates)))
    with pytest.raises((ValueError, ArithmeticError)):
        rates_from_json(json.dumps({**rates, name: number}))
