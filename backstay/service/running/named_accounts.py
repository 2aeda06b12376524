"""Warn at the start of accounts that settings name and that do not exist.

The start does not fail, because an account may be opened at any time after it.
"""

from collections.abc import Collection, Iterator

import structlog

from backstay.service.settings.settings import Settings

log = structlog.get_logger("backstay")


def warn_of_unknown(settings: Settings, accounts: Collection[str]) -> None:
    """Log each account that a setting names and that does not exist."""
    for setting, name, effect in _named(settings):
        if name not in accounts:
            log.warning(
                f"{setting} names account {name}, which does not exist: {effect}; correct "
                f"{setting}, or open the account",
                account=name,
            )


def _named(settings: Settings) -> Iterator[tuple[str, str, str]]:
    """Each name with its setting, and the effect while there is no such account."""
    if settings.hook_secret is not None:
        yield (
            "hook_account",
            settings.hook_account,
            "alerts that name no account are refused",
        )
        for name in settings.hook_notionals:
            yield "hook_notionals", name, "its amount is not used"
    if settings.notify_urls:
        for name in settings.notify_accounts:
            yield "notify_accounts", name, "nothing is told of it"
