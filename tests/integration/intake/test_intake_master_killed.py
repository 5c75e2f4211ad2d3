"""The death of gunicorn's master: who is started in its place can listen at once."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from deploy.embedded.machine import is_free
from tests.intake import eventually, fresh_topics, response, running_intake


def test_workers_end_with_their_master_though_they_are_asked_all_the_while(kafka_server: str, tmp_path: Path) -> None:
    with fresh_topics(kafka_server) as settings, running_intake(settings, tmp_path) as intake:
        responses = f"{intake.campaign()}/responses"
        port = urlsplit(intake.url).port or 0

        def free_though_asked() -> bool:
            try:
                assert intake.http.post(responses, json=response()).status_code == httpx.codes.ACCEPTED
            except httpx.TransportError:
                return is_free(port)
            return False

        assert not free_though_asked()
        os.kill(intake.pid, signal.SIGKILL)
        eventually(free_though_asked, "nobody holds the address", timeout_s=10)
