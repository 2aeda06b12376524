"""Accounts that settings name, and that may not exist."""

from collections.abc import Collection

from structlog.testing import capture_logs

from service.named_accounts import warn_of_unknown
from service.settings import Settings

SETTINGS = Settings.model_validate(
    {
        "hook_secret": "a-secret-of-the-hook",
        "hook_account": "nope",
        "hook_notionals": {"demo": "25", "gone": "5"},
        "notify_urls": ("json://127.0.0.1:1/x",),
        "notify_accounts": ("demo", "nobody"),
    }
)


def warnings(settings: Settings, accounts: Collection[str]) -> list[str]:
    """What is warned of where these accounts exist."""
    with capture_logs() as lines:
        warn_of_unknown(settings, accounts)
    assert {line["log_level"] for line in lines} <= {"warning"}
    return [line["event"] for line in lines]


def test_each_name_without_an_account_is_a_warning_at_the_start() -> None:
    """With the setting, what it means, and what to do."""
    assert warnings(SETTINGS, {"demo"}) == [
        "hook_account names account nope, which does not exist: alerts that name no account are "
        "refused; correct hook_account, or open the account",
        "hook_notionals names account gone, which does not exist: its amount is not used; correct "
        "hook_notionals, or open the account",
        "notify_accounts names account nobody, which does not exist: nothing is told of it; "
        "correct notify_accounts, or open the account",
    ]


def test_names_that_have_accounts_are_not_told() -> None:
    """Nothing is wrong with them."""
    assert warnings(SETTINGS, {"demo", "nope", "gone", "nobody"}) == []


def test_names_without_effect_are_not_told() -> None:
    """Without a hook and without targets these settings do nothing."""
    settings = Settings.model_validate({"hook_account": "nope", "notify_accounts": ("nobody",)})
    assert warnings(settings, {"demo"}) == []
