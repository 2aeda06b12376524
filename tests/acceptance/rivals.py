"""Several services that want one PostgreSQL database, and what its rows say of them."""

import itertools
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from harness.http_api import PREFIX, Api
from harness.service_process import ServiceProcess, run_command
from tests.acceptance.house import run_sql

SYMBOL = "BTCUSDT"
AN_OPEN = {"account": "demo", "symbol": SYMBOL, "side": "LONG", "notional": "25"}
STANDS_BY = "standby: waiting for the owner's lease"


class Rivals:
    """Services in one folder over one database; leaving the context kills those that still run."""

    def __init__(self, folder: Path, database: str, lease_seconds: int = 2) -> None:
        self.database = database
        self._folder = folder
        self._env = {
            "BACKSTAY_DATABASE": database,
            "BACKSTAY_FEED": "none",
            "BACKSTAY_LEASE_SECONDS": str(lease_seconds),
            "BACKSTAY_DEMO_BALANCE": "1000000",
        }
        self._services: list[ServiceProcess] = []

    def start(self, *arguments: str, **env: str) -> ServiceProcess:
        """Start one more, and do not wait."""
        service = ServiceProcess(self._folder, *arguments, env=self._env | env, warm=True)
        self._services.append(service.start())
        return self._services[-1]

    def owner(self) -> ServiceProcess:
        """Start one that owns the database, and give it a price."""
        owner = self.start("--standby").wait_ready()
        with Api(owner) as api:
            api.price(SYMBOL, "100")
        return owner

    def standby(self) -> ServiceProcess:
        """Start one that waits for the owner."""
        standby = self.start("--standby")
        standby.wait_for(STANDS_BY)
        return standby

    def contents(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every table, but for when the owner has last renewed its lease."""
        tables = [
            str(name)
            for (name,) in run_sql(
                self.database, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
        ]
        assert {"alembic_version", "owner", "accounts"} <= set(tables)
        columns = {"owner": "id, epoch, holder, lease_seconds, released"}
        return {
            table: run_sql(self.database, f"SELECT {columns.get(table, '*')} FROM {table}")
            for table in tables
        }

    def assert_sound(self) -> None:
        """All books balance, and no owner has written among another's commits."""
        audit = run_command("audit", "--database", self.database, folder=self._folder)
        assert audit.returncode == 0, audit.stdout + audit.stderr
        assert "HEALTHY" in audit.stdout
        blocks: list[Any] = run_sql(
            self.database,
            "SELECT epoch, min(id), max(id) FROM commits GROUP BY epoch ORDER BY epoch",
        )
        for (_, _, last), (_, first, _) in itertools.pairwise(blocks):
            assert last < first, blocks

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for service in self._services:
            service.kill()


def ask_to_open(service: ServiceProcess, key: str, timeout_seconds: float = 30.0) -> httpx.Response:
    """Ask for a position under a key; the answer, whatever it is."""
    with service.client(timeout_seconds) as client:
        headers = {"Idempotency-Key": key}
        return client.post(f"{PREFIX}/positions", json=AN_OPEN, headers=headers)
