"""Settings: their order, what is refused and how, and what is never shown."""

import os
import re
from decimal import Decimal
from pathlib import Path

import pytest
from pydantic import TypeAdapter

from backstay.feeds.venues.registry import VENUES
from backstay.service.settings.sources import NAMES, SettingsError, load
from backstay.service.settings.venues import FeedsSettings

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working directory, and no setting in the environment."""
    for name in tuple(os.environ):
        if name.startswith("BACKSTAY_") or name == "CREDENTIALS_DIRECTORY":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refused(options: dict[str, object] | None = None) -> list[str]:
    """The lines that a load is refused with."""
    with pytest.raises(SettingsError) as error:
        load(options)
    return error.value.lines


def test_without_anything_given_everything_has_a_default(data_home: Path) -> None:
    """A machine with nothing but Python runs the simulated market on a SQLite file."""
    loaded = load()
    assert loaded.settings.database == f"sqlite:///{data_home}/backstay/backstay.db"
    assert loaded.settings.feed == ("simulated",)
    assert loaded.settings.speed == 60
    assert (loaded.settings.host, loaded.settings.port) == ("127.0.0.1", 8470)
    assert set(loaded.sources.values()) == {"default"}


def test_the_first_source_that_gives_a_setting_wins(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Options, environment, a named file, a folder of secrets, backstay.toml, in this order."""
    (folder / "backstay.toml").write_text("port = 1\nseed = 1\nlease_seconds = 9\nspeed = 1.10\n")
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "port").write_text("2\n")
    (secrets / "seed").write_text("2\n")
    (secrets / "host").write_text("127.0.0.2\n")
    monkeypatch.setenv("BACKSTAY_SECRETS_DIR", str(secrets))
    (folder / "port.txt").write_text("3\n")
    monkeypatch.setenv("BACKSTAY_PORT_FILE", str(folder / "port.txt"))
    assert load().settings.port == 3
    monkeypatch.setenv("BACKSTAY_PORT", "4")
    assert load().settings.port == 4
    loaded = load({"port": 5, "host": None})
    settings, sources = loaded.settings, loaded.sources
    assert (settings.port, sources["port"]) == (5, "option --port")
    assert (settings.seed, sources["seed"]) == (2, f"file {secrets / 'seed'}")
    assert settings.host == "127.0.0.2"
    assert (settings.lease_seconds, sources["lease_seconds"]) == (9, "backstay.toml")
    assert settings.speed == Decimal("1.10")


def test_systemds_credentials_are_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A credential has a setting's name; others in the folder are not ours."""
    (folder / "database").write_text("postgresql://backstay:secret@db/backstay\n")
    (folder / "other").write_text("x")
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(folder))
    assert load().settings.database == "postgresql://backstay:secret@db/backstay"


def test_lists_and_tables_are_written_as_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commas separate; decimals stay exact."""
    monkeypatch.setenv("BACKSTAY_SYMBOLS", "btc-usdt, ETHUSDT")
    monkeypatch.setenv("BACKSTAY_HOOK_NOTIONALS", "demo=25.10, main=100")
    settings = load().settings
    assert settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert settings.hook_notionals == {"demo": Decimal("25.10"), "main": Decimal(100)}


def test_rates_in_toml_are_exact(folder: Path) -> None:
    """A number in backstay.toml never becomes a binary fraction."""
    (folder / "backstay.toml").write_text("fee_rate = 0.1000000000000001\n")
    assert load().settings.fee_rate == Decimal("0.1000000000000001")


def test_an_unknown_name_is_refused_with_the_nearest_one(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slip of the finger stops the start, wherever it was made."""
    (folder / "backstay.toml").write_text("prot = 8470\n")
    monkeypatch.setenv("BACKSTAY_DATABSE", "sqlite://")
    assert refused() == [
        "backstay.toml: prot is not a setting; did you mean port?",
        "environment variable BACKSTAY_DATABSE is not a setting; did you mean BACKSTAY_DATABASE?",
    ]


def test_variables_of_the_client_and_of_tests_are_no_settings(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They are known, and change nothing."""
    for name in ("BACKSTAY_TOKEN", "BACKSTAY_URL", "BACKSTAY_TEST_POSTGRES_URL"):
        monkeypatch.setenv(name, "x")
    assert set(load().sources.values()) == {"default"}


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("speed", "0", "write more than 0"),
        ("speed", "nan", "write a number, such as"),
        ("port", "70000", "write at most 65535"),
        ("port", "x", "write a whole number"),
        ("lease_seconds", "1", "write at least 2"),
        ("feed", "mtgox", "simulated, recorded, none, or one or more venues of binance, kraken"),
        ("feed", "simulated, kraken", "one or more venues of binance, kraken"),
        ("fee_rate", "1", "write less than 1"),
        ("price_jump_max", "0", "write more than 0"),
        ("demo_balance", "0.000000001", "above 0, up to 90000000000, with 8 decimals"),
        ("command_seconds", "inf", "write a number, such as"),
        ("symbols", "B$C", "letters and digits"),
        ("hook_notionals", "25", "ACCOUNT=AMOUNT"),
        ("log_level", "loud", "'debug', 'info', 'warning' or 'error'"),
    ],
)
def test_an_impossible_value_is_refused_with_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, allowed: str
) -> None:
    """One line: the name, the value, its source, what is allowed."""
    monkeypatch.setenv(f"BACKSTAY_{name.upper()}", value)
    [line] = refused()
    assert line.startswith(f"setting {name.replace('__', '.')}")
    assert f"{value} (environment variable BACKSTAY_{name.upper()}) is refused: " in line
    assert allowed in line


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://x", "wss://HOST/PATH"),
        ("ws://host:port", "ws://HOST:PORT"),
        ("ws://host:70000", "ws://HOST:PORT"),
        ("wss://me:secret@host/path", "without a password"),
        ("wss://host/path?key=secret", "without a password and without what follows a `?`"),
    ],
)
def test_a_venues_address_has_no_secrets_which_nobody_repeats(
    monkeypatch: pytest.MonkeyPatch, url: str, allowed: str
) -> None:
    """It is logged with each connection, so that it must hold none."""
    monkeypatch.setenv("BACKSTAY_FEEDS__KRAKEN__URL", url)
    [line] = refused()
    assert line.startswith("setting feeds.kraken.url (environment variable BACKSTAY_FEEDS__KRAKEN")
    assert allowed in line
    assert "secret" not in line


def test_every_wrong_setting_gets_its_line() -> None:
    """Nobody mends one and learns of the next."""
    assert len(refused({"port": -1, "speed": "0", "lease_seconds": 0})) == 3


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"feed": "recorded"}, "feed recorded plays files: name at least one in recorded"),
        ({"recorded": ["a.csv"]}, "feed simulated plays no files: set feed to recorded"),
        ({"feed": "none", "symbols": "BTCUSDT"}, "feed none brings no symbols"),
        ({"symbols": "XRPUSDT"}, "feed simulated has no XRPUSDT: choose among BTCUSDT"),
        ({"feed": "kraken"}, "feed kraken needs symbols: give --symbols BTCUSD,ETHUSD or feeds.k"),
        ({"feed": "kraken", "symbols": "FOO"}, "symbol 'FOO' does not separate its base"),
        ({"feed": "okx,bybit", "symbols": "BTCUSDT"}, "with several venues give each its own sym"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    options: dict[str, object], reason: str
) -> None:
    """Nothing that was asked for is silently left out."""
    [line] = refused(options)
    assert line.startswith(reason)


def test_each_venue_has_its_symbols_and_its_address(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A table each in backstay.toml; a variable stands over one of its settings only."""
    (folder / "backstay.toml").write_text(
        'feed = ["kraken", "okx"]\n'
        '[feeds.kraken]\nurl = "wss://proxy/kraken"\nsymbols = ["XBT/USD", "ethusd"]\n'
        '[feeds.okx]\nsymbols = ["BTC-USDT"]\n'
    )
    monkeypatch.setenv("BACKSTAY_FEEDS__KRAKEN__URL", "ws://127.0.0.1:9001")
    loaded = load()
    assert loaded.settings.feeds["kraken"].url == "ws://127.0.0.1:9001"
    assert loaded.sources["feeds.kraken.url"].endswith("BACKSTAY_FEEDS__KRAKEN__URL")
    assert loaded.sources["feeds.kraken.symbols"] == "backstay.toml"
    assert {
        venue: [(one.symbol, one.venue_symbol) for one in of_venue]
        for venue, of_venue in loaded.settings.listings().items()
    } == {
        "kraken": [("BTCUSD", "BTC/USD"), ("ETHUSD", "ETH/USD")],
        "okx": [("BTCUSDT", "BTC-USDT")],
    }


def test_a_symbol_is_bound_to_one_venue(folder: Path) -> None:
    """Two that differ would make its price jump to and fro."""
    (folder / "backstay.toml").write_text(
        'feed = "binance, bybit"\n'
        '[feeds.binance]\nsymbols = ["BTCUSDT"]\n[feeds.bybit]\nsymbols = ["btc-usdt"]\n'
    )
    assert refused() == ["BTCUSDT is bound to binance and to bybit: leave it out of one"]


def test_an_unknown_venue_or_one_of_its_settings_is_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the nearest name, as anything else."""
    (folder / "backstay.toml").write_text('[feeds.krakn]\nurl = "ws://x"\n')
    monkeypatch.setenv("BACKSTAY_FEEDS__OKX__SYMBOL", "BTCUSDT")
    assert refused() == [
        "backstay.toml: feeds.krakn.url is not a setting; did you mean feeds.kraken.url?",
        "environment variable BACKSTAY_FEEDS__OKX__SYMBOL is not a setting; "
        "did you mean BACKSTAY_FEEDS__OKX__SYMBOLS?",
    ]


@pytest.mark.parametrize("name", ["hook_secret", "database"])
def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The line names the setting and its source only."""
    monkeypatch.setenv(f"BACKSTAY_{name.upper()}", "geheim:1")
    [line] = refused()
    assert line.startswith(f"setting {name} (environment variable")
    assert "geheim" not in line


@pytest.mark.parametrize(
    ("url", "file"),
    [
        ("sqlite+aiosqlite:///x", "FILE"),
        ("postgresql+pg8000://db/x", "FILE"),
        ("copy.db", "copy.db"),
        ("/backups/copy.db", "/backups/copy.db"),
        ("user:geheim@host/db", "FILE"),
        ("", "FILE"),
    ],
)
def test_a_database_that_nobody_can_open_is_refused(url: str, file: str) -> None:
    """Before anything is started: another kind, a driver that is not there, a file's bare name."""
    [line] = refused({"database": url})
    assert "geheim" not in line
    assert line.endswith(
        f"give sqlite:///{file}, sqlite:// (in memory) or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
    )


def test_an_unreadable_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A secret that is not there stops the start."""
    monkeypatch.setenv("BACKSTAY_HOOK_SECRET_FILE", "/nowhere/secret")
    [line] = refused()
    assert line == (
        "BACKSTAY_HOOK_SECRET_FILE: file /nowhere/secret cannot be read: No such file or directory"
    )


def test_secrets_are_shown_masked() -> None:
    """`backstay config`, and the settings' own text, hide what must stay hidden."""
    secret, password = "a-long-secret-of-a-hook", "hunter2"
    loaded = load(
        {"hook_secret": secret, "database": f"postgresql://me:{password}@db/x?password={password}"}
    )
    shown = {name: value for name, value, _ in loaded.shown()}
    assert shown["hook_secret"] == "********"
    assert shown["database"] == "postgresql://me:***@db/x?password=***"
    assert secret not in repr(loaded)
    assert password not in repr(loaded)


def test_every_setting_is_documented() -> None:
    """`docs/operations.md` has a row for each, with its default."""
    text = (ROOT / "docs" / "operations.md").read_text()
    rows = {line.split("|")[1].strip(" `") for line in text.splitlines() if line.startswith("| `")}
    known = {re.sub(r"(?<=feeds\.)\w+(?=\.)", "VENUE", name) for name in NAMES}
    assert known - rows == set()


def test_a_venues_symbols_without_a_feed_are_refused(folder: Path) -> None:
    """Who lists symbols of Kraken does not get the simulated market without a word."""
    toml = folder / "backstay.toml"
    toml.write_text('[feeds.kraken]\nsymbols = ["BTCUSD"]\n')
    assert refused() == [
        "feeds.kraken.symbols is given, but no feed: set feed to kraken, or to simulated for the "
        "simulated market"
    ]
    for feed in ("kraken", "simulated"):
        assert load({"feed": feed}).settings.feed == (feed,)


def test_symbols_may_be_separated_by_blanks() -> None:
    """`BTCUSDT ETHUSDT` are two."""
    assert load({"symbols": "BTCUSDT ETHUSDT"}).settings.symbols == ("BTCUSDT", "ETHUSDT")
    assert load({"symbols": "BTCUSDT, ETHUSDT,"}).settings.symbols == ("BTCUSDT", "ETHUSDT")


def test_every_venue_of_the_registry_has_settings_and_no_other_name_has() -> None:
    """A new venue is a file and a line of the registry."""
    assert list(load().settings.feeds) == list(VENUES)
    with pytest.raises(ValueError, match="krakn is not a venue: choose among binance, kraken"):
        TypeAdapter(FeedsSettings).validate_python({"krakn": {}})
