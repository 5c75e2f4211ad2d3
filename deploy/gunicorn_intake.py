"""gunicorn's configuration of intake: few processes, because a request mostly waits for Kafka.

What many requests of one process hand to the producer travels together.
"""

from __future__ import annotations

from importlib import import_module
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
share_metrics("intake")
share_connections(_settings.intake_workers)

proc_name = "intake"
wsgi_app = "services.intake.app:from_environment()"
bind = _settings.intake_bind
workers = _settings.intake_workers
worker_class = "deploy.gunicorn_greenlets.WorkerWithThreads"
loglevel = _settings.log_level.lower()
graceful_timeout = 15
worker_connections = 1_000
backlog = 2_048


def on_starting(_: object) -> None:
    """Reads the code before the workers fork: once, and it lies in memory once. What runs is made in each of them."""
    import_module("services.intake.app")


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Connects the worker to Kafka: a producer does not survive a fork."""
    worker.wsgi.extensions["intake"].start()


def worker_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Waits for what is on its way to Kafka."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["intake"].stop()
