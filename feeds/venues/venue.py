"""What a session has to know of a venue; the figures are from the venues' documentation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from feeds.venues.frames import Decoded


@dataclass(frozen=True, slots=True, kw_only=True)
class Venue:
    """How one venue is spoken to; all of it is pure.

    `decode` says what a frame's bytes mean, and raises nothing: what is not understood is an
    `Unknown`. `spell` makes the venue's spelling of a base and a quote currency. `subscribe` makes
    the frames that ask for some symbols' trades. Where frames are numbered, `resubscribe` makes
    those that end what is served and begin it anew, for the snapshots that fill a gap: few frames,
    however many symbols. `ping` is the text that the venue wants every `ping_seconds`. A connection
    without any frame for `silence_seconds` is taken for lost, and one is renewed before it is
    `renew_seconds` old. At most `messages_per_second` are sent, and a connection is begun at most
    every `connect_seconds_min`.
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
    renew_seconds: float | None = None
    messages_per_second: float = 4.0
    connect_seconds_min: float = 1.0
