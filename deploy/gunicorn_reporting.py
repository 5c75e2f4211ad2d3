"""gunicorn's configuration of reporting: one gevent worker holds thousands of idle event streams beside its answers."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

from services.common.settings import read_settings

if TYPE_CHECKING:
    from gunicorn.workers.ggevent import GeventWorker

_settings = read_settings()

wsgi_app = "services.reporting.app:from_environment()"
bind = _settings.reporting_bind
workers = _settings.reporting_workers
worker_class = "gevent"
worker_connections = 12_000
# A dashboard's whole audience reconnects at once when a worker is started again.
backlog = 4_096
# Longer than a proxy keeps its connections, so that none is closed under a request on its way.
keepalive = 75
graceful_timeout = 10
# A line of an access log could hold a response's id.
accesslog = None
loglevel = _settings.log_level.lower()
# It would open a socket in the home folder.
control_socket_disable = True

_LOOK_S = 0.2


def post_worker_init(worker: GeventWorker) -> None:
    """Lets the worker's event streams end when it is asked to: it would wait for them in vain."""

    def end_streams_with_the_worker() -> None:
        while worker.alive:
            time.sleep(_LOOK_S)
        worker.wsgi.extensions["reporting"].close()

    threading.Thread(target=end_streams_with_the_worker, name="end of streams", daemon=True).start()
