"""Signals from outside: what their senders ask."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

from actors.signals.messages import TakeSignals
from backstay.simulation.clients import Client
from backstay.simulation.dispatcher import Violation
from backstay.simulation.model_exits import Fields
from backstay.simulation.requests import SignalsAsked
from backstay.simulation.setting import ACCOUNTS, SYMBOLS
from backstay.simulation.wishes import Wishes
from backstay.simulation.world import World
from trading.exits.notation import exits_from
from trading.signals import SignalAction, SignalOrder

SIGNALS_SECONDS_MAX = 240


class AlertSenders:
    """Senders of alerts: new ones, some again, others under an id that was used, batches."""

    def __init__(self, world: World) -> None:
        """Nobody has sent anything."""
        self._world = world
        self._random = world.random
        self._wishes = Wishes(world.random)

    def send(self) -> str:
        """A few requests at once."""
        return ", ".join(self._send() for _ in range(self._random.choice((1, 1, 2, 4))))

    def _send(self) -> str:
        world, serial = self._world, self._world.requests.next_serial()
        earlier = [order for asked in world.requests.signals[-10:] for order in asked.orders]
        draw: Callable[[int], SignalOrder] = self._new
        if earlier:
            draw = self._random.choice((self._new, self._new, self._again, self._other_order))
        orders = [draw(serial)]
        if self._random.random() < 0.2:
            account = orders[0].account
            # Their ids and bodies differ, as the hook sees to.
            orders += [replace(self._new(serial, number), account=account) for number in (1, 2)]
        request = SignalsAsked(
            serial, orders=tuple(orders), existed=orders[0].account in world.model.accounts
        )
        world.requests.signals.append(request)
        client = Client(request, world.model, world.dispatcher)
        message = TakeSignals(orders=request.orders, reply_to=client)
        if not world.system.directory.to_signals(message):
            request.dead = True
        told = "; ".join(f"{order.action} {order.symbol} {order.client_id}" for order in orders)
        return f"a signal of {orders[0].account}: {told}"

    def _new(self, serial: int, number: int = 0) -> SignalOrder:
        action = self._random.choice([*SignalAction])
        flat = self._random.random() < 0.1
        opens = action is not SignalAction.CLOSE and not flat
        account = self._random.choice([*ACCOUNTS])
        symbol = self._random.choice([*SYMBOLS])
        opened = self._world.model.open_positions()
        if opened and self._random.random() < 0.5:
            now = self._random.choice(opened).now
            account, symbol = now.account, now.symbol
        exits: Fields = {}
        if opens and self._random.random() < 0.5:
            last = self._world.model.market(symbol).last
            side = "LONG" if action is SignalAction.BUY else "SHORT"
            exits = self._wishes.exits(side, SYMBOLS[symbol] if last is None else last[0])
        share = Decimal(self._random.choice(("0.5", "0.25", "1")))
        sent_us = self._world.day_us - self._random.choice((0, 1_000_000, 55_000_000, 70_000_000))
        return SignalOrder(
            account="nobody" if serial % 40 == 0 else account,
            symbol=symbol,
            action=action,
            digest=f"{serial}.{number}",
            flat=flat,
            notional=Decimal(self._random.choice((5, 6, 10, 25))) if opens else None,
            client_id=f"id-{serial}.{number}" if self._random.random() < 0.7 else None,
            sent_us=sent_us if self._random.random() < 0.3 else None,
            exits=exits_from(exits),
            share=share if self._random.random() < 0.4 else None,
        )

    def _earlier(self) -> SignalOrder:
        asked = self._random.choice(self._world.requests.signals[-10:])
        return self._random.choice(asked.orders)

    def _again(self, serial: int) -> SignalOrder:
        """One that was sent before: the same body, or another one of its id and order."""
        order = self._earlier()
        if order.client_id is None or self._random.random() < 0.5:
            return order
        return replace(order, digest=f"{serial}.0", sent_us=self._world.day_us)

    def _other_order(self, serial: int) -> SignalOrder:
        """Another order under an id that was used."""
        order = self._earlier()
        new = self._new(serial)
        return replace(new, account=order.account, client_id=order.client_id)


def finish_signals(world: World) -> None:
    """Every signal that is stored ends, where nothing fails any more and the clock is right."""
    if not world.weather.signals or world.weather.clock:
        return
    world.settle()
    for _ in range(SIGNALS_SECONDS_MAX):
        if not world.model.signals.unfinished():
            return
        world.advance(1.0)
    raise Violation(f"stored, and never carried out: {world.model.signals.unfinished()}")
