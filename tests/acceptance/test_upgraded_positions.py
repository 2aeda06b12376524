"""Positions that the former schema holds, before exits could say more, go on as they were."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import MetaData, create_engine, insert, select, text

from actors.position.messages import ChangeDone, ChangePosition, CloseDone, ClosePosition
from tests.acceptance.house import House
from trading.exits.exits import Said
from trading.exits.notation import trailing_from
from trading.model import CloseReason, PositionStatus
from trading.positions.changing import Changes, PartToClose
from trading.times import SECOND_US

FORMER_REVISION = "0005"
FORMER_LADDER = (
    '{"rungs":[{"close_fraction":"0","distance_pct":"3","stop":"breakeven"},'
    '{"close_fraction":"0","distance_pct":"6","stop":"previous_rung"},'
    '{"close_fraction":"1","distance_pct":"10","stop":"previous_rung"}],"stop_loss_pct":"5"}'
)
"""The default ladder as the former version stored it."""


@pytest.fixture
def house(a_house: Callable[..., House]) -> House:
    """Three open positions and a closed one, as the former version left them."""
    house = a_house()
    house.open_account(100)
    house.price(100)
    for _ in range(4):
        house.open(20)
    house.close(4)
    house.stop()
    as_formerly(house.url)
    return house.again()


def as_formerly(url: str) -> None:
    """Make a database anew by the former migrations, with the rows that it has less new columns."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    today, former = MetaData(), MetaData()
    today.reflect(engine)
    with engine.connect() as connection:
        found = {
            table.name: [dict(row._mapping) for row in connection.execute(select(table))]
            for table in today.sorted_tables
        }
    engine.dispose()
    if url.startswith("sqlite"):
        file = Path(url.removeprefix("sqlite:///"))
        for left in file.parent.glob(f"{file.name}*"):
            left.unlink()
    else:
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    with engine.begin() as connection:
        config = Config()
        config.set_main_option("script_location", "persistence:migrations")
        config.attributes["connection"] = connection
        command.upgrade(config, FORMER_REVISION)
    former.reflect(engine)
    for row in found["positions"]:
        row["ladder"] = FORMER_LADDER
    with engine.begin() as connection:
        for table in former.sorted_tables:
            names = [column.name for column in table.columns]
            rows = [{name: row[name] for name in names} for row in found[table.name]]
            if rows and table.name not in ("owner", "alembic_version"):
                connection.execute(insert(table), rows)
    engine.dispose()


def changed(house: House, position_id: int, changes: Changes) -> None:
    """Change a position, which must not be denied."""
    answer = house.ask(
        lambda reply: ChangePosition(position_id=position_id, changes=changes, reply_to=reply)
    )
    assert isinstance(answer, ChangeDone), answer


def test_their_ladders_act_as_they_did(house: House) -> None:
    """Rung by rung, to the last; the books balance."""
    house.price(103, 106)
    assert house.position(1).stop_price == 103
    house.price(110)
    for position_id in (1, 2, 3):
        assert house.position(position_id).close_reason is CloseReason.TAKE_PROFIT
    assert house.check().failed_checks == ()
    house.stop()


def test_they_take_every_change_and_close_by_the_new_reason(house: House) -> None:
    """A trail, a time stop and a part: on SQLite too, whose table knew no close by time."""
    house.price(100)
    changed(house, 1, Changes(close_after_us=3600 * SECOND_US))
    changed(house, 2, Changes(trailing=trailing_from("2%"), take_profits=()))
    part = PartToClose(share=Decimal("0.5"))
    half = house.ask(lambda reply: ClosePosition(position_id=3, part=part, reply_to=reply))
    assert isinstance(half, CloseDone)
    house.price(101)
    house.advance(3600)
    house.price(101)
    assert house.position(1).close_reason is CloseReason.TIME
    assert house.position(2).stop_price == Decimal("98.98")
    assert house.position(3).open_quantity == house.position(3).quantity / 2
    changed(house, 2, Changes(trailing=Said.NONE))
    house.kill()
    house = house.again()
    house.price(101)
    assert house.position(2).status is PositionStatus.OPEN
    assert house.position(2).stop_price == Decimal("98.98")
    assert house.check().failed_checks == ()
    house.stop()


def test_those_that_were_closed_stay_readable(house: House) -> None:
    """With the ladder that they had, in today's words."""
    (closed,) = house.store.find_positions(status=PositionStatus.CLOSED, limit=10)
    (first, *_) = house.store.find_positions(status=PositionStatus.OPEN, limit=10)
    assert house.position(4).close_reason is CloseReason.MANUAL
    assert house.position(4).ladder == house.position(1).ladder
    assert {type(closed), type(first)} == {type(house.store.read_position(4))}
    house.stop()
