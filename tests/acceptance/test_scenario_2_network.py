"""The specification's Scenario 2: the network goes while a position is open."""

from actors.market.messages import SetPause
from tests.acceptance.house import SYMBOL, House
from trading.model import CloseReason, DenialReason, PositionStatus


def test_scenario_2_network_disconnect_during_position(house: House) -> None:
    """No bad price closes it, nothing is judged during the pause, and then all is as before."""
    house.open_account(100)
    house.price(100)
    position_id = house.open(25).position_id

    house.price(40)
    assert house.position(position_id).status is PositionStatus.OPEN
    assert house.denied(10).reason is DenialReason.MARKET_QUARANTINED
    house.price(101)

    house.system.directory.to_market(SYMBOL, SetPause(why="its venue's connection is down"))
    house.price(110, 90)
    assert house.position(position_id).rungs_hit == 0
    assert house.denied(10).reason is DenialReason.PAUSED_BY_NETWORK

    house.system.directory.to_market(SYMBOL, SetPause(why=None))
    house.price(103)
    assert house.position(position_id).stop_price == 100
    house.price(110)
    assert house.position(position_id).close_reason is CloseReason.TAKE_PROFIT
    assert house.check().failed_checks == ()


def test_the_first_price_after_a_pause_is_judged_like_any_other(house: House) -> None:
    """What the market did meanwhile is not looked up: the gap is closed at its own price."""
    house.open_account(100)
    house.price(100)
    position_id = house.open(25).position_id
    house.system.directory.to_market(SYMBOL, SetPause(why="its venue's connection is down"))
    house.price(111)
    house.system.directory.to_market(SYMBOL, SetPause(why=None))
    house.price(90)
    position = house.position(position_id)
    assert position.close_reason is CloseReason.STOP_LOSS
    assert position.exit_price == 90


def test_a_quarantine_is_in_the_events(house: House) -> None:
    """Its beginning and its end, in the order of what happened."""
    house.open_account(100)
    house.price(100, 40, 99)
    kinds = [event.kind for event in house.events()]
    assert kinds == ["account_opened", "price_quarantined", "quarantine_ended"]
