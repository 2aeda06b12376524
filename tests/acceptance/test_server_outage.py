"""A real PostgreSQL server that goes away and comes back."""

from collections.abc import Callable, Iterator
from decimal import Decimal

import pytest

from actors.engine.dispatcher import PooledDispatcher
from actors.wallet.messages import OpenDone
from harness.servers import PostgresServer
from tests.acceptance.conftest import Log
from tests.acceptance.house import SYMBOL, WITHIN, House, an_open
from trading.model import CloseReason

End = Callable[[PostgresServer], None]


@pytest.fixture
def server() -> Iterator[PostgresServer]:
    """A server of this test's own, with fsync: it is there to be crashed."""
    with PostgresServer() as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("end", [PostgresServer.stop, PostgresServer.stop_immediately])
def test_closes_survive_a_server_that_goes_away(server: PostgresServer, end: End, log: Log) -> None:
    """A close during the outage settles afterwards, at the price that reached it."""
    house = House(server.new_database(), dispatcher=PooledDispatcher())
    try:
        house.open_account(100)
        house.price(100)
        position_id = house.open(25).position_id
        end(server)
        house.send_price(110)
        house.send_price(80)
        waiting = house.tell(lambda reply: an_open(reply, 10, symbol=SYMBOL))
        assert house.system.settle(WITHIN)
        assert not waiting.future.done()
        server.start()
        assert isinstance(waiting.get(WITHIN), OpenDone)
        position = house.position(position_id)
        assert position.close_reason is CloseReason.TAKE_PROFIT
        assert position.exit_price == 110
        assert house.wallet().total == Decimal("102.32225")
        assert house.check().failed_checks == ()
        assert "database is back" in log.lines
    finally:
        house.kill()
