"""TLS: a venue that can prove who it is, and some that cannot."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from harness.venues.listening import hurried, listening
from harness.venues.server import VenueServer


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate of our own making, of localhost, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    file = tmp_path / "certificate.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {file} -out {file}.only"
    subprocess.run(command.split(), check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.only").read_bytes())
    return file


@pytest.fixture
def venue() -> Iterator[VenueServer]:
    """Kraken, without TLS."""
    with VenueServer("kraken") as server:
        yield server


@pytest.fixture
def front(venue: VenueServer, certificate: Path) -> Iterator[str]:
    """Where the venue is behind TLS, less the host: `:port/path`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    plain = urlsplit(venue.url)
    listener = socket.create_server(("127.0.0.1", 0))

    threads: list[threading.Thread] = []

    def begin(what: Callable[..., None], *ends: socket.socket) -> None:
        threads.append(threading.Thread(target=what, args=ends, daemon=True))
        threads[-1].start()

    def pump(source: socket.socket, target: socket.socket) -> None:
        with source:
            with suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)
            with suppress(OSError):
                target.shutdown(socket.SHUT_RDWR)

    def serve() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with suppress(OSError):
                    secure = context.wrap_socket(sock, server_side=True)
                    behind = socket.create_connection((plain.hostname, plain.port))
                    begin(pump, secure, behind)
                    begin(pump, behind, secure)

    begin(serve)
    yield f":{listener.getsockname()[1]}{plain.path}"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    for thread in threads:
        thread.join()


def test_a_venue_whose_certificate_is_trusted_is_listened_to(
    venue: VenueServer, front: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As every real venue's is."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with listening(hurried("kraken"), f"wss://localhost{front}") as (_, sink):
        venue.wait_subscribed("BTC/USD")
        venue.trade("BTC/USD", "5")
        sink.wait_for("price BTC/USD", "5")
        assert sink.of("lost") == []


def test_a_venue_with_an_unknown_certificate_is_not_listened_to(front: str) -> None:
    """Whoever sits between us and a venue cannot make prices."""
    with listening(hurried("kraken"), f"wss://localhost{front}") as (session, sink):
        assert "certificate verify failed" in sink.wait_for("lost")
        assert not session.state.connected


def test_a_venue_with_anothers_certificate_is_not_listened_to(
    front: str, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is trusted, and of another host."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with listening(hurried("kraken"), f"wss://127.0.0.1{front}") as (session, sink):
        assert "IP address mismatch" in sink.wait_for("lost")
        assert not session.state.connected
