"""gunicorn's configuration of intake: few processes of many threads, because a thread mostly waits for Kafka.

What many waiting threads of one process hand to the producer travels in one request; see docs/scaling.md.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

from services.common.settings import read_settings

_settings = read_settings()

# The workers share their metrics through files here. prometheus_client looks for the name when it is first imported.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = _folder = tempfile.mkdtemp(prefix="parindex-intake-metrics-")
_master = os.getpid()


@atexit.register
def _remove_folder() -> None:
    if os.getpid() == _master:
        shutil.rmtree(_folder, ignore_errors=True)


proc_name = "intake"
wsgi_app = "services.intake.app:from_environment()"
bind = _settings.intake_bind
workers = _settings.intake_workers
threads = _settings.intake_threads
worker_class = "deploy.gunicorn_manners.Worker"
logger_class = "deploy.gunicorn_manners.Logger"
loglevel = _settings.log_level.lower()
# A line of an access log would tell when an address sent which response.
accesslog = None
# A request waits up to 3 s for Kafka, a batch longer; a worker that shows no life for so long hangs.
timeout = 60
graceful_timeout = 15
# Longer than a proxy keeps its connections, so that none is closed under a request on its way.
keepalive = 75
worker_connections = 1_000
backlog = 2_048
limit_request_line = 4_094
limit_request_fields = 100
limit_request_field_size = 8_190
# It would open a socket in the home folder.
control_socket_disable = True


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Connects the worker to Kafka: a producer does not survive a fork."""
    worker.wsgi.extensions["intake"].start()


def worker_exit(_: object, worker: Any) -> None:  # noqa: ANN401
    """Waits for what is on its way to Kafka."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["intake"].stop()


def child_exit(_: object, worker: Any) -> None:  # noqa: ANN401
    """Forgets the gauges of a worker, however it ended."""
    from services.common import metrics

    metrics.worker_ended(worker.pid)
