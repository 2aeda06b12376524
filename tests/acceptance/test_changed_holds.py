"""A position's hold that somebody has changed: no close books it."""

from collections.abc import Callable

from tests.acceptance.corruptions import OF_POSITIONS
from tests.acceptance.house import House
from trading.books import HealthStatus
from trading.model import PositionStatus


def changed_while_stopped(a_house: Callable[..., House]) -> House:
    """An account that holds 25 twice, and whose second position claims 26 at the next start."""
    former = a_house()
    former.open_account(100)
    former.price(100)
    former.open(25)
    former.open(25)
    former.stop()
    former.sql(*OF_POSITIONS["hold_changed"].statements(former.url, "demo"))
    return a_house()


def test_a_changed_hold_is_not_released(a_house: Callable[..., House]) -> None:
    """The account is halted: a close would book what its entries never locked, for good."""
    house = changed_while_stopped(a_house)
    assert house.check().failed_checks == ("used",)
    entries = house.entries()
    house.price(110)
    assert house.entries() == entries
    assert house.position(2).status is PositionStatus.OPEN


def test_a_hold_that_was_put_back_is_released_after_a_restart(
    a_house: Callable[..., House],
) -> None:
    """Until then its position remembers the other one: the account stays halted, and says so."""
    house = changed_while_stopped(a_house)
    house.check()
    house.price(110)
    house.sql("UPDATE positions SET hold = (SELECT hold FROM positions WHERE id = 1) WHERE id = 2")
    report = house.check()
    assert report.failed_checks == ("memory",)
    assert "position 2 holds 26.00000000 in memory" in report.failures[0]
    assert house.wallet().locked == 50
    house = a_house()
    assert house.check().status is HealthStatus.HEALTHY
    house.price(110)
    assert house.check().status is HealthStatus.HEALTHY
    assert house.wallet().locked == 0


def test_a_hold_that_was_changed_beside_the_service_is_guarded(house: House) -> None:
    """What positions have in memory is right: closes go on, and write the row as it should be."""
    house.open_account(100)
    house.price(100)
    house.open(25)
    house.sql(*OF_POSITIONS["hold_changed"].statements(house.url, "demo"))
    assert house.check().failed_checks == ("used",)
    house.price(110)
    assert house.position(1).status is PositionStatus.CLOSED
    assert house.check().status is HealthStatus.HEALTHY
