"""`report.html`: one file that needs nothing else, and says what `report.json` says."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from decimal import Decimal
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from backstay.feeds.batches import PriceBatch
from backstay.feeds.signals import RecordedSignal
from backstay.feeds.simulated import simulated_prices, simulated_signals
from backstay.replay.report.html import page_html
from tests.acceptance.taped_replay import TapedReplay, simulated_replay, taped_replay
from tests.command_line import CommandLine
from trading.ladder_shape import ladder_from_percentages
from trading.model import Side

SVG = "http://www.w3.org/2000/svg"
HOSTILE = "</script><script>alert(1)</script><!--"


class Page(HTMLParser):
    """A page as a browser reads it: the text in each element that runs or styles, and all links."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.parts: list[tuple[str, str]] = []
        self.links: list[str] = []
        self._inside: str | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.links += [given[name] or "" for name in ("src", "href", "action") if name in given]
        if tag in {"script", "style"}:
            self._inside = given.get("type") or tag
            self.parts.append((self._inside, ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = None

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.parts[-1] = (self._inside, self.parts[-1][1] + data)

    def part(self, kind: str) -> str:
        (found,) = [text for name, text in self.parts if name == kind]
        return found


def data_of(path: Path) -> dict[str, Any]:
    data = json.loads(Page(path.read_text()).part("application/json"))
    assert isinstance(data, dict)
    return data


@pytest.fixture(scope="module")
def replay() -> TapedReplay:
    """A market that makes itself; some signals are denied."""
    return simulated_replay(3, balance=Decimal("120.5"))


def test_equal_replays_give_equal_pages(replay: TapedReplay, tmp_path: Path) -> None:
    """Nothing of the run itself is in it: no time of day, no address, no order of a set."""
    again = simulated_replay(3, balance=Decimal("120.5"))
    pages = {replay.write(tmp_path / "a").read_bytes(), again.write(tmp_path / "b").read_bytes()}
    assert len(pages) == 1


def test_the_page_holds_what_the_report_holds(replay: TapedReplay, tmp_path: Path) -> None:
    """Each figure of `report.json` to its last digit, denials included."""
    assert replay.report["denied"]
    assert data_of(replay.write(tmp_path))["report"] == json.loads(json.dumps(replay.report))


def test_the_curve_ends_where_the_books_end(replay: TapedReplay, tmp_path: Path) -> None:
    """The balance added up from the events is the ledger's, to the last digit."""
    data, wallet = data_of(replay.write(tmp_path)), replay.report["wallet"]
    assert data["curve"][0]["balance"] == wallet["initial_balance"]
    assert data["curve"][-1]["balance"] == wallet["total_balance"]
    assert data["curve"][-1]["equity"] == data["summary"]["equity"]
    deepest = max(Decimal(point["drawdown_pct"]) for point in data["curve"])
    assert deepest <= Decimal(data["summary"]["drawdown_pct"])


def test_each_position_is_drawn_as_it_went(replay: TapedReplay, tmp_path: Path) -> None:
    """Entry, rungs and exit at their prices; the last stop is the report's."""
    data = data_of(replay.write(tmp_path))
    for position in replay.report["positions"]:
        steps = data["steps"][str(position["id"])]
        kinds = [step["kind"] for step in steps]
        assert steps[0]["kind"] == "entry"
        assert steps[0]["price"] == position["entry_price"]
        assert kinds.count("exit") == (position["status"] == "CLOSED")
        assert sum("hit at" in step["text"] for step in steps) == position["rungs_hit"]
        if kinds[-1] == "exit":
            assert steps[-1]["price"] == position["exit_price"]
        stops = [step["stop"] for step in steps if "stop" in step]
        assert stops[-1] == position["stop_loss"]


def test_the_page_names_no_other_place(replay: TapedReplay, tmp_path: Path) -> None:
    """It opens without a network, now and in ten years."""
    page = Page(replay.write(tmp_path).read_text())
    imports = json.loads(page.part("importmap"))["imports"]
    modules = [b64decode(url.split(",")[1]).decode() for url in imports.values()]
    texts = [*modules, *(text for _, text in page.parts)]
    addresses = {found for text in texts for found in re.findall(r"\w+://[^\"'\s]+", text)}
    assert addresses == {SVG}
    assert all(link.startswith("#") for link in page.links)
    named = re.findall(r'from "(.+)"', page.part("module"))
    assert set(named) == set(imports)
    assert not any(re.search(r"\bimport\b.*from|@import|url\(", text) for text in modules)


def test_no_text_of_a_file_becomes_part_of_the_page(tmp_path: Path) -> None:
    """A signal may be called anything; its name stays text."""
    signals = [replace(signal, signal_id=HOSTILE) for signal in simulated_signals(5)[:1]]
    path = taped_replay(list(simulated_prices(5)), signals).write(tmp_path)
    harmless = simulated_replay(5).write(tmp_path / "harmless")
    assert data_of(path)["report"]["positions"][0]["signal_id"] == HOSTILE
    kinds = [kind for kind, _ in Page(path.read_text()).parts]
    assert kinds == [kind for kind, _ in Page(harmless.read_text()).parts]
    assert "alert(1)</script>" not in path.read_text()


def test_a_text_that_looks_like_a_place_of_the_page_stays_a_text() -> None:
    """What the page is put together from is not read again."""
    assert '"account":"{{style}}"' in page_html({"account": "{{style}}"})


def test_a_replay_without_positions_has_a_page(tmp_path: Path) -> None:
    """No signal was due, or none could be opened: that is an outcome too."""
    batch = PriceBatch("BTCUSDT", [1_000_000, 2_000_000], [Decimal(100), Decimal(101)])
    late = RecordedSignal(
        signal_id="late",
        time_us=3_000_000,
        symbol="BTCUSDT",
        side=Side.LONG,
        notional=Decimal(25),
        ladder=ladder_from_percentages(),
        line=2,
    )
    data = data_of(taped_replay([batch], [late]).write(tmp_path))
    assert data["summary"]["positions"] == 0
    assert data["report"]["unfilled"] == ["late"]
    assert [point["equity"] for point in data["curve"]] == ["1000.00000000"] * 2


def test_a_failed_write_leaves_the_last_page(
    replay: TapedReplay, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is there whole or not at all."""
    path = replay.write(tmp_path)
    path.write_text("the last page")

    def full(*_: Any) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match="no space"):
        replay.write(tmp_path)
    assert path.read_text() == "the last page"


def test_the_command_writes_the_page_beside_the_report(shell: CommandLine, tmp_path: Path) -> None:
    """`--report` gives people a page and programs the same figures."""
    Path("prices.csv").write_text("timestamp,price\n1700000000,100\n1700000001,110\n")
    Path("signals.csv").write_text(
        "id,timestamp,symbol,side,notional\ns1,1700000000,BTCUSDT,LONG,25\n"
    )
    printed = shell.says(
        "replay", "BTCUSDT=prices.csv", "--signals", "signals.csv", "--report", "out"
    )
    assert "out/report.html" in printed
    report = json.loads((tmp_path / "out/report.json").read_text())
    assert data_of(tmp_path / "out/report.html")["report"] == report
