"""A real nginx before the service, with the configuration that the docs give."""

import os
import re
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs" / "access.md"
NAME = "backstay.example"

MAIN = """\
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
{user}
events {{}}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{server}
}}
"""


def documented_server() -> str:
    """The `server` block that docs/access.md gives."""
    found = re.search(r"```nginx\n(.*?)```", DOCS.read_text(), re.DOTALL)
    assert found is not None, "docs/access.md has no nginx configuration"
    return found[1]


def replaced(text: str, old: str, new: str) -> str:
    """The text with something else in it, which must be there."""
    assert old in text, f"{old!r} is not in\n{text}"
    return text.replace(old, new)


def a_certificate(folder: Path) -> Path:
    """A certificate of our own making, with its key in the same file."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("there is no openssl to make a certificate with")
    file = folder / "certificate.pem"
    command = f"{openssl} req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN={NAME}"
    command += f" -addext subjectAltName=DNS:{NAME} -keyout {file} -out {file}.only"
    subprocess.run(command.split(), check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + Path(f"{file}.only").read_bytes())
    return file


def a_free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        port: int = bound.getsockname()[1]
        return port


@contextmanager
def nginx(folder: Path, server: str) -> Iterator[None]:
    """Run nginx with a `server` block, in a folder; skips the test where there is no nginx."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None:
        pytest.skip("no nginx here: apt-get install nginx-light")
    user = "user root;" if os.geteuid() == 0 else ""
    config = folder / "nginx.conf"
    config.write_text(MAIN.format(folder=folder, user=user, server=server))
    command = [program, "-p", str(folder), "-c", str(config), "-e", f"{folder}/error.log"]
    # nginx binds its sockets before this test of its own ends; what follows cannot fail on them.
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    process = subprocess.Popen(command)
    try:
        for port in re.findall(r"listen\s+(?:127\.0\.0\.1:)?(\d+)", server):
            _wait_for(int(port), process)
        yield
    finally:
        process.terminate()
        process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Return once nginx listens; fails if it ends instead."""
    while process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            with suppress(subprocess.TimeoutExpired):
                process.wait(0.02)
        else:
            return
    raise AssertionError(f"nginx ended with {process.returncode} before it listened on {port}")


def through_tls(folder: Path, port: int, service_url: str) -> str:
    """The documented `server` block, with this port, certificate and service."""
    certificate = a_certificate(folder)
    server = replaced(documented_server(), "listen 443 ssl", f"listen 127.0.0.1:{port} ssl")
    server = replaced(server, "/etc/ssl/backstay.pem", str(certificate))
    server = replaced(server, "/etc/ssl/backstay.key", str(certificate))
    return replaced(server, "http://127.0.0.1:8470", service_url)
