"""A target of notifications: it must get every event, in order, and at most one message twice."""

from backstay.simulation.dispatcher import Violation

TARGET = "phone"


def is_wanted(kind: str, _account: str | None) -> bool:
    """Whether the phone is told of a kind of event: not of all, so that some are passed over."""
    return kind not in ("funds_transferred", "open_denied")


class Phone:
    """Remembers the events that it has received."""

    def __init__(self) -> None:
        """Begin without a message."""
        self.told: list[int] = []
        self._last: tuple[int, ...] = ()
        self._late: set[int] = set()

    def take(self, events: tuple[int, ...], *, is_first: bool) -> None:
        """Take a message; the first one of a life may repeat what the last one of another said."""
        repeated = [event for event in events if self.told and event <= self.told[-1]]
        if repeated and not (is_first and repeated[0] >= self._last[0]):
            raise Violation(f"the phone is told again of {repeated}, after {self._last}")
        self.told += events[len(repeated) :]
        self._last = events

    def take_late(self, epoch: int) -> None:
        """A deposed owner may repeat one message, which is never confirmed."""
        if epoch in self._late:
            raise Violation(f"deposed owner {epoch} goes on telling the phone")
        self._late.add(epoch)

    def expect_everything(self, wanted: list[int]) -> None:
        """Raise unless every event that it is to be told of was told, in order."""
        if self.told != wanted:
            missing = sorted(set(wanted) ^ set(self.told))
            raise Violation(f"the phone was not told of {missing}, or of too much")
