"""gunicorn's configuration of intake: few processes of many threads, because a thread mostly waits for Kafka.

What many waiting threads of one process hand to the producer travels in one request.
"""

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
    share_metrics,
    timeout,
)
from services.common.settings import read_settings

_settings = read_settings()
share_metrics("intake")

proc_name = "intake"
wsgi_app = "services.intake.app:from_environment()"
bind = _settings.intake_bind
workers = _settings.intake_workers
threads = _settings.intake_threads
worker_class = "deploy.gunicorn_manners.Worker"
loglevel = _settings.log_level.lower()
graceful_timeout = 15
worker_connections = 1_000
backlog = 2_048


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Connects the worker to Kafka: a producer does not survive a fork."""
    worker.wsgi.extensions["intake"].start()


def worker_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Waits for what is on its way to Kafka."""
    app = getattr(worker, "wsgi", None)
    if app is not None:
        app.extensions["intake"].stop()
