"""Every setting in one place: its name, its bounds and its default.

The first source that gives a value wins: the command line's options, the environment
(`BACKSTAY_PORT`), files that the environment names (`BACKSTAY_PORT_FILE`) or that lie in a folder
of secrets, `backstay.toml` in the working directory, the default.
"""

import ipaddress
import re
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BeforeValidator,
    Field,
    SecretStr,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from backstay.feeds.simulated import SYMBOLS
from backstay.feeds.venues.registry import VENUES
from backstay.feeds.venues.spelling import Listing
from backstay.service.notifications.text import DEFAULT_KINDS
from backstay.service.settings.data_folder import TOKENS_NAME, default_database, default_file
from backstay.service.settings.names import PREFIX
from backstay.service.settings.venues import FeedsSettings, listed, listed_symbols, listings
from persistence.event_codec import EVENT_TYPES
from trading.costs import DEFAULT_RATES
from trading.model import CostRates
from trading.money import AMOUNT_MAX, is_money, plain
from trading.symbols import normalised

if TYPE_CHECKING:
    from backstay.web.backend import HookSettings

ALONE = ("simulated", "recorded", "none")
FEEDS = frozenset((*ALONE, *VENUES))
_ROOT_PATH = re.compile(r"(/[A-Za-z0-9_-]+)+")
_OWN_PATHS = frozenset({"api", "docs", "healthz", "login", "logout", "metrics", "readyz", "static"})
_HOOK_SECRET = re.compile(r"[A-Za-z0-9_-]{16,128}")
_BETWEEN_URLS = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")
_DATABASE_FILE = re.compile(r"[\w./ -]+\.(db|sqlite3?)")
_DATABASE_SCHEMES = ("sqlite", "sqlite+pysqlite", "postgresql", "postgresql+psycopg2")


def _listed_urls(value: object) -> object:
    """A list of URLs as text; a comma within a URL, as in a mail address, does not separate."""
    if isinstance(value, str):
        return [part for part in _BETWEEN_URLS.split(value.strip()) if part]
    return value


def _mapped(value: object) -> object:
    """A table as text: `demo=25, main=100`."""
    if isinstance(value, str):
        parts = [part.partition("=") for part in value.split(",") if part.strip()]
        if not all(equals for _, equals, _ in parts):
            raise ValueError("write ACCOUNT=AMOUNT, separated by commas")
        return {name.strip(): amount.strip() for name, _, amount in parts}
    return value


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed)]
Symbols = Annotated[tuple[str, ...], NoDecode, BeforeValidator(listed_symbols)]
SecretUrls = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_listed_urls)]
Amounts = Annotated[dict[str, Decimal], NoDecode, BeforeValidator(_mapped)]
Rate = Annotated[Decimal, Field(ge=0, lt=1, decimal_places=18)]


def _usual_speed(values: dict[str, Any]) -> Decimal:
    return Decimal(1) if values.get("feed") == ("recorded",) else Decimal(60)


class Settings(BaseSettings):
    """The service's settings; `load` of the module `sources` gathers them with their sources.

    Amounts and rates are exact decimals; rates are fractions of a notional.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, hide_input_in_errors=True
    )

    database: str = Field(default_factory=default_database, repr=False)
    feed: Names = ("simulated",)
    recorded: Names = ()
    symbols: Symbols = ()
    feeds: FeedsSettings = Field(default_factory=dict, validate_default=True)
    speed: Decimal = Field(default_factory=_usual_speed, gt=0, le=100_000)
    seed: int = Field(7, ge=0)
    host: str = Field("127.0.0.1", min_length=1)
    port: int = Field(8470, ge=0, le=65_535)
    allowed_hosts: Names = ()
    trusted_proxies: Names = ("127.0.0.1", "::1")
    root_path: str = ""
    tokens_file: Path = Field(default_factory=partial(default_file, TOKENS_NAME))
    hook_secret: SecretStr | None = None
    hook_account: str = Field("demo", min_length=1)
    hook_notionals: Amounts = Field(default_factory=dict)
    hook_alerts_per_minute: int = Field(3_000, ge=1, le=100_000)
    notify_urls: SecretUrls = Field((), max_length=10)
    notify_kinds: Names = DEFAULT_KINDS
    notify_accounts: Names = ()
    demo_balance: Decimal = Field(Decimal(1000), gt=0)
    fee_rate: Rate = DEFAULT_RATES.fee
    spread_rate: Rate = DEFAULT_RATES.spread
    slippage_rate: Rate = DEFAULT_RATES.slippage
    price_age_seconds_max: int = Field(60, ge=1, le=86_400)
    price_jump_max: Decimal = Field(Decimal("0.5"), gt=0, le=1)
    command_seconds: float = Field(5, gt=0, le=60, allow_inf_nan=False)
    audit_seconds: float = Field(10, ge=1, le=86_400, allow_inf_nan=False)
    lease_seconds: int = Field(5, ge=2, le=300)
    standby: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["auto", "json", "text"] = "auto"

    @field_validator("database")
    @classmethod
    def _database_known(cls, value: str) -> str:
        scheme = value.partition("://")[0]
        try:
            possible = scheme in _DATABASE_SCHEMES and "://" in value
            possible = possible and (urlsplit(value).port or 0) >= 0
        except ValueError:
            possible = False
        if not possible:
            # Only a plain file name is repeated: any other text may hold a password.
            file = value if _DATABASE_FILE.fullmatch(value) else "FILE"
            raise ValueError(
                f"give sqlite:///{file}, sqlite:// (in memory) or "
                "postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
            )
        return value

    @field_validator("feed")
    @classmethod
    def _feed_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not (set(value) <= VENUES.keys() if len(value) > 1 else set(value) <= FEEDS):
            raise ValueError(
                f"it should be {', '.join(ALONE)}, or one or more venues of {', '.join(VENUES)}"
            )
        return tuple(dict.fromkeys(value)) or ("none",)

    @field_validator("symbols")
    @classmethod
    def _symbols_spelled(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        spelled = {normalised(symbol): symbol for symbol in value}
        # A venue's own spelling tells base from quote: it is kept.
        is_venue = set(info.data.get("feed", ())) <= VENUES.keys()
        return tuple(spelled.values() if is_venue else spelled)

    @field_validator("trusted_proxies")
    @classmethod
    def _proxies_are_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in value:
            try:
                ipaddress.ip_network(proxy)
            except ValueError:
                raise ValueError(
                    f"{proxy!r} is not an address or a network: give one like 10.0.0.5 or "
                    "10.0.0.0/8"
                ) from None
        return value

    @field_validator("root_path")
    @classmethod
    def _root_path_apart(cls, value: str) -> str:
        path = value.rstrip("/")
        if path and not _ROOT_PATH.fullmatch(path):
            raise ValueError("give a path like /backstay; letters, digits, - and _ within slashes")
        if path.split("/")[:2][-1] in _OWN_PATHS:
            raise ValueError(f"{path} is a path of the service's own: give another, as /backstay")
        return path

    @field_validator("hook_secret")
    @classmethod
    def _hook_secret_hard(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not _HOOK_SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("give 16 to 128 letters, digits, - or _: it stands in a URL")
        return value

    @field_validator("notify_urls")
    @classmethod
    def _notify_urls_understood(cls, value: tuple[SecretStr, ...]) -> tuple[SecretStr, ...]:
        if value:
            # Apprise takes a moment to import, and most users do not need it.
            from backstay.service.notifications.target import Target  # noqa: PLC0415

            for url in value:
                Target(url.get_secret_value())
        return value

    @field_validator("notify_kinds")
    @classmethod
    def _notify_kinds_known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        unknown = [kind for kind in value if kind not in EVENT_TYPES]
        if unknown:
            raise ValueError(
                f"unknown kind {', '.join(unknown)}: choose among {', '.join(EVENT_TYPES)}"
            )
        return value

    @field_validator("demo_balance")
    @classmethod
    def _balance_is_money(cls, value: Decimal) -> Decimal:
        return _money(value)

    @field_validator("hook_notionals")
    @classmethod
    def _notionals_are_money(cls, value: dict[str, Decimal]) -> dict[str, Decimal]:
        return {account: _money(amount) for account, amount in value.items()}

    @model_validator(mode="after")
    def _feed_named(self) -> Self:
        idle = [venue for venue in VENUES if self.feeds[venue].symbols]
        if idle and "feed" not in self.model_fields_set:
            raise ValueError(
                f"feeds.{idle[0]}.symbols is given, but no feed: set feed to {', '.join(idle)}, or "
                "to simulated for the simulated market"
            )
        return self

    @model_validator(mode="after")
    def _feed_possible(self) -> Self:
        feed = ", ".join(self.feed)
        if feed == "recorded" and not self.recorded:
            raise ValueError("feed recorded plays files: name at least one in recorded")
        if feed != "recorded" and self.recorded:
            raise ValueError(f"feed {feed} plays no files: set feed to recorded")
        if feed == "none" and self.symbols:
            raise ValueError("feed none brings no symbols: leave symbols out")
        unknown = [symbol for symbol in self.symbols if symbol not in SYMBOLS]
        if feed == "simulated" and unknown:
            raise ValueError(
                f"feed simulated has no {', '.join(unknown)}: choose among {', '.join(SYMBOLS)}"
            )
        listings(self.venues, self.feeds, self.symbols)
        return self

    @property
    def venues(self) -> tuple[str, ...]:
        """The venues that are feeds."""
        return tuple(name for name in self.feed if name in VENUES)

    def listings(self) -> dict[str, tuple[Listing, ...]]:
        """The markets that each venue brings, by the venue's name."""
        return listings(self.venues, self.feeds, self.symbols)

    @property
    def rates(self) -> CostRates:
        """The cost rates of a trade."""
        return CostRates(fee=self.fee_rate, spread=self.spread_rate, slippage=self.slippage_rate)

    @property
    def hook(self) -> "HookSettings | None":
        """The settings of TradingView's hook; None without a secret."""
        if self.hook_secret is None:
            return None
        # It imports the web's library, which `backstay config` does not need.
        from backstay.web.backend import HookSettings  # noqa: PLC0415

        return HookSettings(
            secret=self.hook_secret.get_secret_value(),
            account=self.hook_account,
            notionals=self.hook_notionals,
            alerts_per_minute=self.hook_alerts_per_minute,
        )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take only the values that `sources.load` has gathered, so that there is one order."""
        del settings_cls, env_settings, dotenv_settings, file_secret_settings
        return (init_settings,)


def _money(value: Decimal) -> Decimal:
    if not (is_money(value) and value > 0):
        raise ValueError(f"give an amount above 0, up to {plain(AMOUNT_MAX)}, with 8 decimals")
    return value
