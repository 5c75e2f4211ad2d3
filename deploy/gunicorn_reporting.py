"""gunicorn's configuration of reporting: one gevent worker holds thousands of idle event streams beside its answers."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from typing import Any

from services.common.settings import read_settings

_settings = read_settings()

if _settings.reporting_workers > 1:
    # Workers share their metrics through files here. prometheus_client looks for the name when it is first imported.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = _folder = tempfile.mkdtemp(prefix="parindex-reporting-metrics-")
    _master = os.getpid()

    @atexit.register
    def _remove_folder() -> None:
        if os.getpid() == _master:
            shutil.rmtree(_folder, ignore_errors=True)


proc_name = "reporting"
wsgi_app = "services.reporting.app:from_environment()"
bind = _settings.reporting_bind
workers = _settings.reporting_workers
worker_class = "deploy.gunicorn_streams.Worker"
logger_class = "deploy.gunicorn_manners.Logger"
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


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Connects the worker to MongoDB, and lets its event streams end when it is asked to: it waits for them."""
    running = worker.wsgi.extensions["reporting"]
    running.start()
    worker.when_ending(running.live.close)


def worker_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Ends the watching."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["reporting"].stop()


def child_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Forgets the gauges of a worker, however it ended."""
    from services.common import metrics

    metrics.worker_ended(worker.pid)
