"""The specification's position, and what it is told: prices, quotes, commands."""

from decimal import Decimal

from actors.engine.pooled import Recipient
from actors.market.messages import PriceQuoted, QuoteDenied
from actors.position.messages import ChangePosition, ClosePosition, PositionBooked, PriceReached
from actors.probe import TestProbe
from tests.protocol.stage import SYMBOL, Number, Stage
from tests.unit.accounts import TIME_US, a_position
from trading.exits.level import Level
from trading.model import Denial, DenialReason
from trading.positions.changing import Changes

POSITION = a_position()
ID = POSITION.position_id
STALE = Denial(reason=DenialReason.PRICE_STALE, text="BTCUSDT is stale")


def hit(price: Number, number: int = 8) -> PriceReached:
    """A price that reaches it."""
    return PriceReached(
        position_id=ID, price=Decimal(price), time_us=TIME_US + number, number=number
    )


def quote(price: Number, note: str | None = None, *, question: int = 1) -> PriceQuoted:
    """The answer to the position's first question, or to a later one."""
    return PriceQuoted(
        position_id=ID,
        symbol=SYMBOL,
        price=Decimal(price),
        time_us=TIME_US,
        number=9,
        note=note,
        question=question,
    )


def no_quote(denial: Denial = STALE, *, question: int = 1) -> QuoteDenied:
    """The same where there is no price."""
    return QuoteDenied(position_id=ID, denial=denial, question=question)


def close(
    stage: Stage, position: Recipient, *, note: str | None = None, force: bool = False
) -> TestProbe:
    """Ask for a close, and return who has."""
    client = stage.probe("client")
    position.tell(ClosePosition(position_id=ID, note=note, force=force, reply_to=client))
    return client


def move_stop(stage: Stage, position: Recipient, stop_price: Number) -> TestProbe:
    """Ask for another stop-loss, and return who has."""
    client = stage.probe("client")
    position.tell(
        ChangePosition(
            position_id=ID, changes=Changes(stop_loss=Level(Decimal(stop_price))), reply_to=client
        )
    )
    return client


def booked(version: int) -> PositionBooked:
    """It is durable up to this version."""
    return PositionBooked(position_id=ID, version=version)
