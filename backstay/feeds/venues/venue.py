"""A session's description of a venue; the figures are from the venues' documentation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backstay.feeds.venues.frames import Decoded

QUIET_SECONDS = 120.0
"""Without heartbeats, a connection without trades for this long may be dead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """The protocol of one venue; all of it is pure.

    `decode` returns the contents of a frame's bytes, and raises nothing: a frame that it does not
    understand is an `Unknown`. `spell` makes the venue's spelling of a base and a quote currency.
    `subscribe` makes the frames that ask for some symbols' trades. Where frames are numbered,
    `resubscribe` makes the frames that end the served subscriptions and begin them again, for the
    snapshots that fill a gap: few frames, however many symbols. `ping` is the text that the venue
    wants every `ping_seconds`.

    A connection without any frame for `silence_seconds` is lost, and a connection is renewed before
    it is `renew_seconds` old. Answers to pings prove a socket, but not market data. So where the
    venue sends heartbeats of its own, a connection that serves a symbol and brings neither a
    heartbeat nor a trade for `heartbeat_seconds` is lost too. Where the venue sends none, a
    connection that brings no trade for `quiet_seconds` is renewed beside the old one, which misses
    no price if the old one still works. At most `messages_per_second` are sent, and connections
    begin at least `connect_seconds_min` apart.
    """

    name: str
    url: str
    decode: Callable[[bytes], Sequence[Decoded]]
    spell: Callable[[str, str], str]
    subscribe: Callable[[Sequence[str]], Sequence[str]]
    resubscribe: Callable[[Sequence[str]], Sequence[str]] | None = None
    ping: str | None = None
    ping_seconds: float = 20.0
    silence_seconds: float = 30.0
    heartbeat_seconds: float | None = None
    quiet_seconds: float | None = None
    renew_seconds: float | None = None
    messages_per_second: float = 4.0
    connect_seconds_min: float = 1.0
