"""A service outside that takes notifications: a local server that can fail, hang and come back."""

import json
import threading
from collections.abc import Callable
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

WITHIN = 60.0
READ_SECONDS_MAX = 30
"""After so long Apprise gives up a message that hangs."""


class Mood(Enum):
    """What becomes of a message that comes in."""

    TAKES = auto()
    REFUSES = auto()
    HANGS = auto()


class Webhook:
    """Takes what Apprise sends to a `json://` URL, and remembers it."""

    def __init__(self, mood: Mood = Mood.TAKES) -> None:
        self.mood = mood
        self.messages: list[dict[str, Any]] = []
        self.attempts = 0
        self.before_answer: Callable[[], None] = lambda: None
        self._changed = threading.Condition()
        self._released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        """Where Apprise is to send."""
        port, seconds = self._server.server_port, READ_SECONDS_MAX
        return f"json://127.0.0.1:{port}/hook-secret?cto={seconds}&rto={seconds}"

    @property
    def lines(self) -> list[str]:
        """The lines of all messages that were taken, without their times."""
        bodies = [message["message"] for message in self.messages]
        return [line.partition(" UTC: ")[2] for body in bodies for line in body.splitlines()]

    def wait_for(self, done: Callable[[], bool]) -> None:
        """Wait until something is so; it is looked at after each attempt."""
        with self._changed:
            assert self._changed.wait_for(done, WITHIN), (self.attempts, self.messages)

    def wait_for_line(self, text: str) -> None:
        """Wait for a line that has a text."""
        self.wait_for(lambda: any(text in line for line in self.lines))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(WITHIN)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = hook._take(json.loads(body))
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:  # who sent it has given up, or is dead
                    pass

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler

    def _take(self, message: dict[str, Any]) -> int:
        with self._changed:
            mood = self.mood
            self.attempts += 1
            if mood is Mood.TAKES:
                self.messages.append(message)
            self._changed.notify_all()
        if mood is Mood.HANGS:
            self._released.wait(WITHIN)
        self.before_answer()
        return 200 if mood is Mood.TAKES else 503
