"""The service's first requests to its actors, which must succeed before the start goes on."""

import time
from concurrent.futures import wait as wait_for
from decimal import Decimal
from typing import Any

import structlog

from actors.auditor.messages import CheckHealth, HealthChecked
from actors.messages import Denied, Reply
from actors.system import System
from actors.wallet.messages import OpenAccount
from backstay.service.running.ownership import StopAskedError, Wait
from trading.books import HealthStatus

log = structlog.get_logger("backstay")

ANSWER_SECONDS_MAX = 30.0
CHECK_SECONDS_MAX = 10.0
ASK_AGAIN_SECONDS = 1.0


class StartError(Exception):
    """The service cannot start, for a reason that is not in its settings."""


def open_account(system: System, account: str, balance: Decimal, wait: Wait) -> None:
    """Open an account; raises `StartError` if that is denied or not answered."""
    reply = Reply()
    system.tell(OpenAccount(account=account, initial_balance=balance, reply_to=reply))
    if not _await(reply, time.monotonic() + ANSWER_SECONDS_MAX, wait):
        raise StartError(f"no answer within {ANSWER_SECONDS_MAX:g} s: see the log")
    answer = reply.get(0)
    if isinstance(answer, Denied):
        raise StartError(answer.denial.text)


def check_health(system: System, wait: Wait) -> dict[str, Any]:
    """Check all books; if that takes longer than a start may, the start goes on meanwhile."""
    replies = {account: Reply() for account in system.published.version.wallets}
    for account, reply in replies.items():
        system.tell(CheckHealth(account=account, reply_to=reply))
    end = time.monotonic() + CHECK_SECONDS_MAX
    for reply in replies.values():
        _await(reply, end, wait)
    answers = {name: reply.get(0) for name, reply in replies.items() if reply.future.done()}
    sound = {
        account
        for account, answer in answers.items()
        if isinstance(answer, HealthChecked) and answer.report.status is HealthStatus.HEALTHY
    }
    slow = sorted(replies.keys() - answers.keys())
    if slow:
        log.warning("health check still under way: /readyz waits for it", accounts=slow)
    return {"healthy": len(sound), "in_doubt": sorted(replies.keys() - sound)}


def _await(reply: Reply, end: float, wait: Wait) -> bool:
    """Wait for an answer until a monotonic time; returns whether it came."""
    while not reply.future.done():
        left = end - time.monotonic()
        if left <= 0:
            return False
        wait_for((reply.future,), min(left, ASK_AGAIN_SECONDS))
        if wait(0):
            raise StopAskedError
    return True
