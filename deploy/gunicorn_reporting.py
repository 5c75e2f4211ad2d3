"""gunicorn's configuration of reporting: one gevent worker holds thousands of idle event streams beside its answers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
import time
from typing import Any

from services.common import metrics
from services.common.settings import read_settings

_settings = read_settings()

if _settings.reporting_workers > 1:
    # prometheus_client looks at it when it is imported, which the workers do.
    os.environ[metrics.FOLDER] = _folder = tempfile.mkdtemp(prefix="parindex-reporting-metrics-")
    _master = os.getpid()

    @atexit.register
    def _remove_folder() -> None:
        if os.getpid() == _master:
            shutil.rmtree(_folder, ignore_errors=True)


proc_name = "reporting"
wsgi_app = "services.reporting.app:from_environment()"
bind = _settings.reporting_bind
workers = _settings.reporting_workers
worker_class = "gevent"
loglevel = _settings.log_level.lower()
# A line of an access log could hold a response's id.
accesslog = None
timeout = 60
graceful_timeout = 10
# Longer than a proxy keeps its connections, so that none is closed under a request on its way.
keepalive = 75
worker_connections = 12_000
# A dashboard's whole audience reconnects at once when a worker is started again.
backlog = 4_096
limit_request_line = 4_094
limit_request_fields = 100
limit_request_field_size = 8_190
# It would open a socket in the home folder.
control_socket_disable = True

_LOOK_S = 0.2


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Connects the worker to MongoDB, and sees to it that its event streams end when it shall: it waits for them."""
    running = worker.wsgi.extensions["reporting"]
    running.start()

    def end_streams_with_the_worker() -> None:
        while worker.alive:
            time.sleep(_LOOK_S)
        running.live.close()

    threading.Thread(target=end_streams_with_the_worker, name="end of streams", daemon=True).start()


def worker_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Ends the watching."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["reporting"].stop()


def child_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Forgets the gauges of a worker, however it ended."""
    metrics.worker_ended(worker.pid)
