"""The board of the books: do they balance, and what became of the money."""

from grafana.boards.parts import PER_BAR, Board, Graph, Query, Row, Tile, Timeline, Word
from grafana.boards.promql import now, per_bar, series, some_per_bar, within_range

CURRENCY = "in the account's currency; with several accounts chosen, the sum of theirs"
COUNTED = "Estimated from counters: the exact figures are in the ledger."

BALANCED = {0: Word("MISMATCH", "red"), 1: Word("Balanced", "green")}
KINDS = {"total": "semi-dark-blue", "locked": "semi-dark-orange", "available": "semi-dark-green"}
SMALLEST = 1e-8  # the last place that money has


def _balance(kind: str, description: str) -> Tile:
    return Tile(
        title=kind.capitalize(),
        description=f"{description}, {CURRENCY}.",
        queries=(Query(now("wallet_balance", matcher=f'kind="{kind}"')),),
        no_data="No account",
        unit="locale",
        decimals=2,
        width=3,
    )


NOW = Row(
    "Now",
    (
        Tile(
            title="Healthy",
            description=(
                "Whether every check of every chosen account's last health check passed. An account"
                " with a mismatch gets no new positions; the runbook says what to look at."
            ),
            queries=(Query(f"min({series('wallet_healthy')})"),),
            no_data="Not checked yet",
            unit="none",
            words=BALANCED,
            width=3,
        ),
        Tile(
            title="Drift",
            description=(
                "The largest difference between what is kept and what the ledger says, by the last"
                " health checks. 0 when they agree: any other figure is an error."
            ),
            queries=(Query(f"max(abs({series('wallet_drift')}))"),),
            no_data="Not checked yet",
            unit="none",
            decimals=8,
            steps=((SMALLEST, "red"),),
            width=3,
        ),
        Tile(
            title="First divergent entry",
            description=(
                "The number of the first ledger entry that diverges, by the last health check; 0"
                " while none does. With several accounts chosen, the highest of theirs."
            ),
            queries=(Query(f"max({series('wallet_first_divergent_entry')})"),),
            no_data="Not checked yet",
            unit="none",
            decimals=0,
            steps=((1, "red"),),
            width=3,
        ),
        _balance("total", "All money of the accounts"),
        _balance("locked", "Money held for open positions"),
        _balance("available", "Money that new positions can be opened with"),
        Tile(
            title="Open positions",
            description="Open positions of all accounts, on both sides.",
            queries=(Query(now("positions_open")),),
            no_data="Nothing scraped",
            width=3,
        ),
        Tile(
            title="Last check",
            description=(
                "How long ago a health check passed last, for the account that has waited longest."
                " If this grows, a drift of 0 says nothing: nobody looks, or the checks fail."
            ),
            queries=(
                Query(f"time() - min({series('health_check_last_success_timestamp_seconds')})"),
            ),
            no_data="None passed",
            unit="s",
            decimals=0,
            steps=((30, "orange"), (60, "red")),
            width=3,
        ),
    ),
)

BALANCES = Row(
    "Balances",
    (
        Graph(
            title="Balances",
            description=f"Money {CURRENCY}. Total is locked plus available.",
            queries=(Query(now("wallet_balance", "kind"), "{{kind}}"),),
            no_data="No account",
            unit="locale",
            colors=KINDS,
        ),
        Graph(
            title="Total by account",
            description="All money of each account, in its currency.",
            queries=(Query(now("wallet_balance", "account", 'kind="total"'), "{{account}}"),),
            no_data="No account",
            unit="locale",
        ),
        Timeline(
            title="Health by account",
            description="The outcome of each account's last health check, over time.",
            queries=(Query(f"min by (account) ({series('wallet_healthy')})", "{{account}}"),),
            no_data="Not checked yet",
            unit="none",
            words=BALANCED,
            width=8,
        ),
        Graph(
            title="Drift by account and check",
            description=(
                "What is kept less what the ledger says, by the check that compares them. Lines on"
                " 0 are what it should look like."
            ),
            queries=(Query(now("wallet_drift", "account, check"), "{{account}} {{check}}"),),
            no_data="Not checked yet",
            unit="none",
            width=8,
        ),
        Graph(
            title="Health checks",
            description=f"How health checks ended, {PER_BAR}.",
            queries=(Query(per_bar("health_checks_total", "result"), "{{result}}"),),
            no_data="Nothing scraped",
            bars=True,
            colors={"healthy": "semi-dark-green", "mismatch": "red"},
            width=8,
        ),
    ),
)

RESULTS = Row(
    "Results in the time shown",
    (
        Tile(
            title="Net PnL",
            description=f"Gains less losses of what was closed, after costs. {COUNTED}",
            queries=(Query(f"{within_range('gains_total')} - {within_range('losses_total')}"),),
            no_data="Nothing scraped",
            unit="locale",
            decimals=2,
            width=6,
        ),
        Tile(
            title="Costs",
            description=f"Fees, spread and slippage of what was closed. {COUNTED}",
            queries=(Query(within_range("costs_total")),),
            no_data="Nothing scraped",
            unit="locale",
            decimals=2,
            width=6,
        ),
        Tile(
            title="Ledger entries",
            description="Entries that were written to the ledgers of all accounts.",
            queries=(Query(within_range("ledger_entries_total")),),
            no_data="Nothing scraped",
            decimals=0,
            width=6,
        ),
        Tile(
            title="Shortfalls",
            description=(
                "Losses that an account could not carry, each covered by an entry of its own. There"
                " should be none."
            ),
            queries=(Query(within_range("shortfalls_total")),),
            no_data="Nothing scraped",
            decimals=0,
            steps=((0.5, "red"),),
            width=6,
        ),
        Graph(
            title="Gains and losses",
            description=(
                "Money gained and lost by the parts of positions that were closed, after costs,"
                f" {PER_BAR}; losses are below 0. {COUNTED}"
            ),
            queries=(
                Query(per_bar("gains_total"), "gains"),
                Query(f"-{per_bar('losses_total')}", "losses"),
            ),
            no_data="Nothing scraped",
            unit="locale",
            bars=True,
            colors={"gains": "semi-dark-green", "losses": "semi-dark-red"},
        ),
        Graph(
            title="Costs by kind",
            description=f"What fees, spread and slippage cost, {PER_BAR}. {COUNTED}",
            queries=(Query(some_per_bar("costs_total", "kind"), "{{kind}}"),),
            no_data="None in this time",
            unit="locale",
            bars=True,
        ),
        Graph(
            title="Ledger entries by type",
            description=f"Entries of all accounts, {PER_BAR}.",
            queries=(Query(some_per_bar("ledger_entries_total", "type"), "{{type}}"),),
            no_data="None in this time",
            bars=True,
        ),
        Graph(
            title="Shortfalls over time",
            description=f"Losses that accounts could not carry, {PER_BAR}. There should be none.",
            queries=(Query(per_bar("shortfalls_total"), "shortfalls"),),
            no_data="Nothing scraped",
            bars=True,
            colors={"shortfalls": "red"},
        ),
    ),
)

BOOKS = Board(
    uid="backstay-books",
    title="Backstay / Books",
    description="Whether the books balance, what the accounts hold, and what became of it.",
    rows=(NOW, BALANCES, RESULTS),
)
