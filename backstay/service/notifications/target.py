"""One target of notifications, reached by Apprise: its name for people, and its sender.

Apprise takes a moment to import: this module is imported only where there is a target.
"""

import hashlib
import logging
import re
from urllib.parse import unquote

import apprise

from backstay.service.notifications.text import Message
from trading.events.words import Gravity

# The sender logs why a message did not arrive: once, and with the secrets masked.
_APPRISE_LOG = logging.getLogger("apprise")
_APPRISE_LOG.propagate = False
_APPRISE_LOG.addHandler(logging.NullHandler())
_APPRISE_LOG.setLevel(logging.WARNING)

_TYPES = {
    Gravity.INFO: apprise.NotifyType.INFO,
    Gravity.GAIN: apprise.NotifyType.SUCCESS,
    Gravity.LOSS: apprise.NotifyType.WARNING,
    Gravity.WARNING: apprise.NotifyType.WARNING,
    Gravity.FAILURE: apprise.NotifyType.FAILURE,
}
_SECRET_CHARS_MIN = 4


class Target:
    """A service that takes messages; `name` stands for its URL, which holds secrets."""

    def __init__(self, url: str) -> None:
        """Begin without a connection.

        Raises:
            ValueError: if Apprise does not understand the URL, which is not repeated.
        """
        # On the caller's thread and without Apprise's own time limit, whose pool of threads all
        # targets would share: one that hangs must not delay another.
        asset = apprise.AppriseAsset(app_id="Backstay", async_mode=False, service_timeout=0)
        service = apprise.Apprise.instantiate(url, asset=asset)
        scheme = url.partition("://")[0]
        if service is None:
            known = re.fullmatch(r"[a-z][a-z0-9+.-]*", scheme) and "://" in url
            which = f"one that begins {scheme}://" if known else "one without scheme://"
            raise ValueError(f"{which} is not understood: Apprise's documentation has the forms")
        if "overflow=" not in url:
            service.overflow_mode = apprise.OverflowMode.SPLIT
        self.name = f"{scheme}-{hashlib.sha256(url.encode()).hexdigest()[:8]}"
        self._service = apprise.Apprise(service, asset=asset)
        parts = {part for part in re.split(r"[/:@?&=,#]+", url.partition("://")[2]) if part}
        parts |= {unquote(part) for part in parts}
        self._secrets = sorted(
            (part for part in parts if len(part) >= _SECRET_CHARS_MIN), key=len, reverse=True
        )

    def send(self, message: Message) -> str | None:
        """Deliver a message, which may take long; returns the reason if it did not arrive."""
        with self._service.notify(
            title=message.title,
            body=message.body,
            notify_type=_TYPES[message.gravity],
            body_format=apprise.NotifyFormat.TEXT,
        ) as result:
            if result:
                return None
            why = "; ".join(dict.fromkeys(entry.message.strip() for entry in result.logs()))
        return self._masked(why) or "the service did not take it"

    def _masked(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def targets_of(urls: tuple[str, ...]) -> tuple[Target, ...]:
    """The targets behind these URLs, each once; raises ValueError as `Target` does."""
    return tuple(map(Target, dict.fromkeys(urls)))
