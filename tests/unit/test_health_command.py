"""`parindex health`: exit 0 only when the service says that all is well."""

from __future__ import annotations

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from click.testing import CliRunner, Result

from services.cli.health import health


class Service(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        wrong = self.path == "/readyz"
        body = b'{"checks":{"mongodb":"MongoDB does not answer"}}' if wrong else b'{"status":"ok"}'
        self.send_response(503 if wrong else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Keeps still."""


@pytest.fixture
def service() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Service)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def ask(url: str, **environment: str) -> Result:
    return CliRunner().invoke(health, [url], env=environment)


def test_a_service_that_is_well(service: str):
    result = ask(f"{service}/livez")
    assert (result.exit_code, result.stdout) == (0, '{"status":"ok"}\n')


def test_a_service_that_is_not_ready_is_quoted(service: str):
    result = ask(f"{service}/readyz")
    assert result.exit_code == 1
    assert "answers 503" in result.stderr
    assert "MongoDB does not answer" in result.stderr


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/livez", "livez", "http://"])
def test_no_answer_is_no_health(url: str):
    result = ask(url)
    assert result.exit_code == 1
    assert f"{url} does not answer" in result.stderr


def test_a_proxy_of_the_environment_does_not_answer_for_the_service(service: str):
    assert ask(f"{service}/livez", HTTP_PROXY="http://127.0.0.1:1").exit_code == 0
