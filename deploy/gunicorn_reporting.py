"""gunicorn's configuration of reporting: one gevent worker holds thousands of idle event streams beside its answers."""

from __future__ import annotations

from typing import Any

from deploy.gunicorn_common import (  # noqa: F401 - gunicorn reads them as this module's settings
    accesslog,
    child_exit,
    control_socket_disable,
    keepalive,
    limit_request_field_size,
    limit_request_fields,
    limit_request_line,
    logger_class,
    post_fork,
    pre_fork,
    share_connections,
    share_metrics,
    timeout,
)
from services.common.settings import read_settings

_settings = read_settings()
if _settings.reporting_workers > 1:
    share_metrics("reporting")

share_connections(_settings.reporting_workers)

proc_name = "reporting"
wsgi_app = "services.reporting.app:from_environment()"
bind = _settings.reporting_bind
workers = _settings.reporting_workers
worker_class = "deploy.gunicorn_greenlets.Worker"
loglevel = _settings.log_level.lower()
graceful_timeout = 10
worker_connections = 12_000
# A dashboard's whole audience reconnects at once when a worker is started again.
backlog = 4_096


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
