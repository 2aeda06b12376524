"""The gate: open it passes commands on, closed it answers them."""

from actors.auditor.messages import CheckHealth
from actors.denials import deposed
from actors.engine.directory import Directory
from actors.messages import Denied, Reply
from actors.published import Published, Version
from backstay.service.running.gate import Gate
from trading.model import DenialReason


class Recorder:
    """Somebody in the directory who remembers what was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def tell(self, message: object) -> None:
        """Remember it."""
        self.told.append(message)


def test_an_open_gate_passes_everything_on() -> None:
    """Commands go to whom they are for; an unknown market is said."""
    directory, desk, market, signals = Directory(), Recorder(), Recorder(), Recorder()
    directory.desk, directory.markets["BTCUSDT"], directory.signals = desk, market, signals
    gate, command = Gate(directory, Published(Version())), CheckHealth(reply_to=Reply())
    gate.tell(command)
    assert gate.to_market("BTCUSDT", command)
    assert not gate.to_market("ETHUSDT", command)
    assert gate.to_signals(command)
    assert (desk.told, market.told, signals.told) == ([command], [command], [command])


def test_who_still_waits_at_the_end_hears_that_nobody_knows_yet() -> None:
    """An answer that came before stands."""
    directory = Directory()
    directory.desk = Recorder()
    gate = Gate(directory, Published(Version()))
    answered, waiting = Reply(), Reply()
    gate.tell(CheckHealth(reply_to=answered))
    gate.tell(CheckHealth(reply_to=waiting))
    answered.tell("healthy")
    gate.close()
    gate.give_up()
    assert answered.get(0) == "healthy"
    assert waiting.get(0).denial.reason is DenialReason.SHUTTING_DOWN
    assert "may still be carried out" in waiting.get(0).denial.text


def test_a_closed_gate_answers_that_the_service_is_shutting_down() -> None:
    """At once, by whichever way a command comes; nothing is told any more."""
    directory, desk = Directory(), Recorder()
    directory.desk = desk
    gate = Gate(directory, Published(Version()))
    gate.close()
    replies = [Reply(), Reply(), Reply()]
    gate.tell(CheckHealth(reply_to=replies[0]))
    gate.to_market("BTCUSDT", CheckHealth(reply_to=replies[1]))
    gate.to_signals(CheckHealth(reply_to=replies[2]))
    for reply in replies:
        answer = reply.get(0)
        assert isinstance(answer, Denied)
        assert answer.denial.reason is DenialReason.SHUTTING_DOWN
    assert desk.told == []


def test_a_deposed_gate_answers_that_another_owns_the_database() -> None:
    """Who comes at once, who waits at the end; neither hears that it was or was not done."""
    directory, desk, published = Directory(), Recorder(), Published(Version())
    directory.desk = desk
    gate, waiting, late = Gate(directory, published), Reply(), Reply()
    command = CheckHealth(reply_to=waiting)
    gate.tell(command)
    published.ended = deposed()
    gate.tell(CheckHealth(reply_to=late))
    gate.close()
    gate.give_up()
    assert desk.told == [command]
    for reply in (late, waiting):
        assert reply.get(0).denial.reason is DenialReason.DEPOSED
        assert "nothing here says that this was done" in reply.get(0).denial.text
