"""Alerts that were refused: each is one log line and one count, because senders read no answers."""

from enum import StrEnum

import structlog

from backstay.web.problems import Problem

log = structlog.get_logger("backstay")


class AlertRefusal(StrEnum):
    """Why an alert was refused; a closed set."""

    SECRET = "secret"
    INVALID = "invalid"
    ACCOUNT = "account"
    BODY = "body"
    TOO_MANY = "too_many"
    NOT_STORED = "not_stored"
    NOT_ADMITTED = "not_admitted"
    """The Host or Origin header is not this service's."""


_REASONS = {
    400: AlertRefusal.INVALID,
    403: AlertRefusal.NOT_ADMITTED,
    404: AlertRefusal.ACCOUNT,
    408: AlertRefusal.BODY,
    409: AlertRefusal.NOT_STORED,
    413: AlertRefusal.BODY,
    421: AlertRefusal.NOT_ADMITTED,
    422: AlertRefusal.INVALID,
    429: AlertRefusal.TOO_MANY,
    503: AlertRefusal.NOT_STORED,
}


class RefusedAlerts:
    """Counts of refused alerts, by reason."""

    def __init__(self) -> None:
        """None was."""
        self.counts = dict.fromkeys(AlertRefusal, 0)

    def wrong_secret(self, client: str) -> None:
        """Tell of an alert whose address has another secret, or of one where there is no hook."""
        detail = "the address does not have the hook's secret; compare it with hook_secret"
        self._tell(AlertRefusal.SECRET, detail, client, 404)

    def problem(self, problem: Problem, client: str) -> None:
        """Tell of an alert that is answered with a problem."""
        self._tell(_REASONS[problem.status], problem.detail, client, problem.status)

    def _tell(self, reason: AlertRefusal, detail: str, client: str, status: int) -> None:
        self.counts[reason] += 1
        log.warning(
            "alert refused", reason=str(reason), detail=detail, client=client, status=status
        )
