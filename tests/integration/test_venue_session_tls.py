"""A venue that cannot prove who it is."""

import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.venues.listening import hurried, listening


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[str]:
    """The URL of a server with a certificate of its own making."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost"
    command += f" -addext subjectAltName=DNS:localhost -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                sock, _ = listener.accept()
                with suppress(OSError):
                    context.wrap_socket(sock, server_side=True).close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"wss://localhost:{listener.getsockname()[1]}/v2"
    listener.shutdown(socket.SHUT_RDWR)
    listener.close()
    thread.join()


def test_a_venue_with_an_unknown_certificate_is_not_listened_to(impostor: str) -> None:
    """Whoever sits between us and a venue cannot make prices."""
    with listening(hurried("kraken"), impostor) as (session, sink):
        assert "certificate verify failed" in sink.wait_for("lost")
        assert not session.state.connected
