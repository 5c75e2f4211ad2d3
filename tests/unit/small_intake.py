"""A small intake for senders: keeps what it took, refuses what it is told to, and fails when it is told to."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import orjson

Fault = Callable[[int], int | None]
"""The number of a request → the status to refuse it with, 0 to hang up, None to take it."""


class Intake:
    """A small intake: keeps what it took by id and revision, refuses unknown options, and fails when told to."""

    def __init__(self, fault: Fault) -> None:
        self.fault = fault
        self.lock = threading.Lock()
        self.requests: list[tuple[str, str, bytes]] = []
        self.log: list[tuple[str, int]] = []
        intake = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with intake.lock:
                    number = len(intake.requests)
                    intake.requests.append((self.command, self.path, body))
                status = intake.fault(number)
                if status == 0:
                    intake.take(self.path, body, number)
                    self.close_connection = True
                    return
                if status is not None:
                    self.answer(status, {"title": "not now"})
                elif self.path.endswith("/batch"):
                    self.answer(200, *intake.take(self.path, body, number))
                else:
                    (said,) = intake.take(self.path, body, number)
                    self.answer(said["status"], said)

            def do_DELETE(self) -> None:
                response, _, revision = self.path.rpartition("/")[2].partition("?revision=")
                self.answer(202, {"receipt": intake.append(response, int(revision))})

            def answer(self, status: int, *documents: object) -> None:
                body = b"\n".join(map(orjson.dumps, documents))
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.url = f"http://127.0.0.1:{self.server.server_port}/front"

    def take(self, path: str, body: bytes, number: int) -> list[dict[str, Any]]:
        assert path.startswith("/front/v1/campaigns/small/responses")
        said = []
        for line, text in enumerate(body.splitlines(), 1):
            document = orjson.loads(text)
            if any("never" in option for answers in document["ratings"].values() for option in answers.values()):
                said.append({"line": line, "status": 422, "problem": {}})
            elif line == 2 and number % 3 == 0:
                said.append({"line": line, "status": 503, "problem": {}})
            else:
                receipt = self.append(document["response"], document["revision"])
                said.append({"line": line, "status": 202, "receipt": receipt})
        return said

    def append(self, response: str, revision: int) -> dict[str, int]:
        with self.lock:
            self.log.append((response, revision))
            return {"partition": len(self.log) % 3, "offset": len(self.log) // 3}


@contextmanager
def serving(fault: Fault = lambda _: None) -> Iterator[Intake]:
    """Runs one until the block ends."""
    made = Intake(fault)
    made.thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        made.thread.join()
