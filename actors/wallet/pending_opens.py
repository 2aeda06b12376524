"""The opens that a wallet has begun and not decided."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from actors.auditor.messages import CheckHealth
from actors.commit.messages import PositionRead, ReadFailed, ReadPosition
from actors.denials import no_market, unreadable_position
from actors.engine.directory import Directory
from actors.engine.machine import Machine
from actors.engine.pooled import Recipient
from actors.market.messages import Disarm, PriceQuoted, QuoteDenied, QuotePrice, ReleaseQuotes
from actors.messages import Denied
from actors.wallet.canonical import canonical_request, is_same_request
from actors.wallet.denials import key_conflict, key_without_row
from actors.wallet.denied_opens import DeniedOpens
from actors.wallet.messages import BooksJudged, BooksVerdict, OpenDone, OpenPosition
from actors.wallet.new_position import QuotedOpen
from persistence.state import PositionRecord
from trading.model import Denial, Position


class OpenState(StrEnum):
    """How far an open has come."""

    ASKED = "ASKED"
    QUOTED = "QUOTED"
    OPENED = "OPENED"
    DENIED = "DENIED"


class OpenStep(StrEnum):
    """What moves an open on."""

    QUOTE = "the market quotes a price"
    COMMIT = "its commit is durable"
    DENIAL = "it is denied"


OPEN = Machine(
    name="an open",
    start=OpenState.ASKED,
    moves=MappingProxyType(
        {
            (OpenState.ASKED, OpenStep.QUOTE): OpenState.QUOTED,
            (OpenState.ASKED, OpenStep.DENIAL): OpenState.DENIED,
            (OpenState.QUOTED, OpenStep.COMMIT): OpenState.OPENED,
            (OpenState.QUOTED, OpenStep.DENIAL): OpenState.DENIED,
        }
    ),
)
"""ASKED waits for the market, QUOTED for the commit. The last two end it, and answer every caller
that waits. An open whose commit is returned, or is refused with others, stays QUOTED."""


@dataclass(slots=True)
class PendingOpen:
    """An open on its way, and every caller that waits for its outcome."""

    request: OpenPosition
    waiting: list[Recipient] = field(default_factory=list)
    state: OpenState = OPEN.start

    def take(self, step: OpenStep) -> None:
        """Move it on."""
        self.state = OPEN.after(self.state, step)


class PendingOpens:
    """A wallet's opens by the position id that each would get, and by idempotency key.

    An id is given out once. One whose open is denied is never used, so that an answer which comes
    late means nothing.
    """

    __slots__ = (
        "_account",
        "_by_id",
        "_by_key",
        "_denied",
        "_directory",
        "_position_ids",
        "_wallet",
    )

    def __init__(
        self,
        directory: Directory,
        account: str,
        wallet: Recipient,
        position_ids: Iterator[int],
        denied: DeniedOpens,
    ) -> None:
        """Quotes are answered to `wallet`; `position_ids` gives out each id once."""
        self._directory = directory
        self._account = account
        self._wallet = wallet
        self._position_ids = position_ids
        self._denied = denied
        self._by_id: dict[int, PendingOpen] = {}
        self._by_key: dict[str, int] = {}

    def release_former(self, opened: frozenset[int]) -> None:
        """Tell the markets which opens that a former life was quoted were made."""
        for symbol in tuple(self._directory.markets):
            release = ReleaseQuotes(account=self._account, opened=opened)
            self._directory.to_market(symbol, release)

    def begin(self, request: OpenPosition) -> None:
        """Ask the market for a price."""
        position_id = next(self._position_ids)
        self._by_id[position_id] = PendingOpen(request, [request.reply_to])
        if request.idempotency_key is not None:
            self._by_key[request.idempotency_key] = position_id
        self._ask_price(position_id, request.symbol)

    def answer_known(self, request: OpenPosition, taken_keys: Mapping[str, int]) -> bool:
        """Answer an open whose idempotency key is taken; tells whether it is."""
        key = request.idempotency_key
        position_id = taken_keys.get(key) if key is not None else None
        if position_id is None:
            return False
        answer = RepeatedOpen(self._directory, request, self._denied)
        self._directory.to_committer(ReadPosition(position_id=position_id, reply_to=answer))
        return True

    def join(self, request: OpenPosition) -> bool:
        """Let a request wait for the open that was begun with its key; tells if there is one."""
        if request.idempotency_key not in self._by_key:
            return False
        pending = self._by_id[self._by_key[request.idempotency_key]]
        if canonical_request(pending.request) == canonical_request(request):
            pending.waiting.append(request.reply_to)
        else:
            self._denied.deny(request, key_conflict(request))
        return True

    def has_key(self, key: str) -> bool:
        """Whether an open was begun with a key and is not decided."""
        return key in self._by_key

    def quoted(self, quote: PriceQuoted, *, opened: bool) -> QuotedOpen | None:
        """The open that a quote is for, if it was not quoted before.

        A market's next life may quote a price a second time. Where the open has ended and no
        position was `opened`, the market need not keep what comes after it.
        """
        pending = self._by_id.get(quote.position_id)
        if pending is None and not opened:
            self._directory.to_market(quote.symbol, Disarm(position_id=quote.position_id))
        if pending is None or pending.state is not OpenState.ASKED:
            return None
        pending.take(OpenStep.QUOTE)
        return QuotedOpen(request=pending.request, quote=quote)

    def quote_denied(self, message: QuoteDenied) -> None:
        """There is no price to open at: deny."""
        pending = self._by_id.get(message.position_id)
        if pending is not None and pending.state is OpenState.ASKED:
            self.deny(message.position_id, message.denial)

    def ask_again(self, symbol: str) -> None:
        """A symbol's market has started anew: ask it what the former one was asked."""
        unquoted = [
            position_id
            for position_id, pending in self._by_id.items()
            if pending.request.symbol == symbol and pending.state is OpenState.ASKED
        ]
        for position_id in unquoted:
            self._ask_price(position_id, symbol)

    def deny(self, position_id: int, denial: Denial) -> None:
        """Answer that an open is certainly not made."""
        pending = self._by_id[position_id]
        was_quoted = pending.state is OpenState.QUOTED
        self._end(position_id, OpenStep.DENIAL)
        if was_quoted:
            self._directory.to_market(pending.request.symbol, Disarm(position_id=position_id))
        for waiting in pending.waiting:
            self._directory.send(waiting, Denied(denial=denial))
        self._denied.record(pending.request, denial)

    def done(self, position: Position, opened_at_us: int) -> None:
        """Answer that a position was opened; only the first who asked has opened it."""
        ended = self._end(position.position_id, OpenStep.COMMIT)
        record = PositionRecord(position=position, opened_at_us=opened_at_us)
        for index, waiting in enumerate(ended.waiting):
            self._directory.send(waiting, OpenDone(record=record, repeated=index > 0))

    def _ask_price(self, position_id: int, symbol: str) -> None:
        question = QuotePrice(
            account=self._account, position_id=position_id, for_open=True, reply_to=self._wallet
        )
        if not self._directory.offer_to_market(symbol, question):
            self.deny(position_id, no_market(symbol))

    def _end(self, position_id: int, step: OpenStep) -> PendingOpen:
        pending = self._by_id.pop(position_id)
        pending.take(step)
        if pending.request.idempotency_key is not None:
            del self._by_key[pending.request.idempotency_key]
        return pending


class RepeatedOpen:
    """Takes the row of the position that a known key has opened, and answers with it.

    Whether it was opened by the same request, the row tells: memory keeps no requests.
    """

    __slots__ = ("_denied", "_directory", "_request")

    def __init__(self, directory: Directory, request: OpenPosition, denied: DeniedOpens) -> None:
        """Answer this request."""
        self._directory = directory
        self._request = request
        self._denied = denied

    def tell(self, message: PositionRead | ReadFailed) -> None:
        """Take the row that was read."""
        request = self._request
        if isinstance(message, ReadFailed):
            self._denied.deny(request, unreadable_position(request.account, message.detail))
            return
        if message.record is None:
            # The database lacks what it once had: nothing may build on what the wallet remembers.
            denial = key_without_row(request, message.position_id)
            self._denied.deny(request, denial)
            halt = BooksJudged(
                account=request.account, verdict=BooksVerdict.ROW_CHANGED, detail=denial.text
            )
            self._directory.to_wallet(request.account, halt)
            self._directory.to_auditor(CheckHealth(account=request.account))
            return
        position = message.record.position
        # The key may be that of a change of this position, which another key or none has opened.
        has_opened = position.idempotency_key == request.idempotency_key
        if not has_opened or not is_same_request(position.request, request):
            self._denied.deny(request, key_conflict(request))
        else:
            answer = OpenDone(record=message.record, repeated=True)
            self._directory.send(request.reply_to, answer)
