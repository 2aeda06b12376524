"""Settings of the venues: the address of each, and the symbols that it brings."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, field_validator

from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.spelling import Listing, listing


def _has_port(parts: SplitResult) -> bool:
    """Whether the URL's port is valid or left out."""
    try:
        return parts.port != 0
    except ValueError:
        return False


def listed(value: object) -> object:
    """A list as text: `BTCUSDT, ETHUSDT`."""
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


def listed_symbols(value: object) -> object:
    """A list of symbols as text, which commas or blanks separate."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class VenueSettings(BaseModel):
    """One venue; `url` replaces the venue's own address, `symbols` are as the user wrote them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: str | None = None
    symbols: Annotated[tuple[str, ...], BeforeValidator(listed_symbols)] = ()

    @field_validator("url")
    @classmethod
    def _url_speaks_websocket(cls, value: str | None) -> str | None:
        if value is not None:
            parts = urlsplit(value)
            if parts.scheme not in ("ws", "wss") or not parts.hostname or not _has_port(parts):
                raise ValueError("give wss://HOST/PATH, or ws://HOST:PORT for a server nearby")
            if parts.username is not None or parts.query:
                # Venues want neither, and the address is logged as it is.
                raise ValueError("give it without a password and without what follows a `?`")
        return value


def _every_venue(given: Mapping[str, VenueSettings]) -> Mapping[str, VenueSettings]:
    unknown = [name for name in given if name not in VENUES]
    if unknown:
        raise ValueError(f"{', '.join(unknown)} is not a venue: choose among {', '.join(VENUES)}")
    return {name: given.get(name, VenueSettings()) for name in VENUES}


FeedsSettings = Annotated[Mapping[str, VenueSettings], AfterValidator(_every_venue)]
"""Every venue's settings by its name in the registry."""

VENUE_SETTINGS = tuple(
    f"feeds.{venue}.{name}" for venue in VENUES for name in VenueSettings.model_fields
)
"""The names of all venues' settings, as they are in backstay.toml."""


def listings(
    venues: tuple[str, ...], feeds: Mapping[str, VenueSettings], symbols: tuple[str, ...]
) -> dict[str, tuple[Listing, ...]]:
    """The markets of each venue; `symbols` belong to the only venue, if it names none itself.

    Raises:
        ValueError: for a venue without symbols, an invalid name, or one that two would bring.
    """
    if symbols and len(venues) > 1:
        names = " and ".join(f"feeds.{venue}.symbols" for venue in venues)
        raise ValueError(f"with several venues give each its own symbols, in {names}")
    found: dict[str, tuple[Listing, ...]] = {}
    bound: dict[str, str] = {}
    for venue in venues:
        texts = symbols or feeds[venue].symbols
        if not texts:
            raise ValueError(
                f"feed {venue} needs symbols: give --symbols BTCUSD,ETHUSD or feeds.{venue}.symbols"
            )
        of_venue = {one.symbol: one for one in (listing(text, VENUES[venue]) for text in texts)}
        for symbol in of_venue:
            if symbol in bound:
                raise ValueError(
                    f"{symbol} is bound to {bound[symbol]} and to {venue}: leave it out of one"
                )
            bound[symbol] = venue
        found[venue] = tuple(of_venue.values())
    return found
