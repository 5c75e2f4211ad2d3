"""What gunicorn is told alike for intake and reporting; each configuration imports these names as its own settings."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import sys
import tempfile
from typing import Any

from deploy.embedded import tether
from deploy.gunicorn_shares import Shares

logger_class = "deploy.gunicorn_manners.Logger"
# A line of an access log would tell when an address sent which response.
accesslog = None
# A worker that shows no life for so long hangs. A request waits 3 s for Kafka at most, a batch longer.
timeout = 60
# Longer than a proxy keeps its connections, so that none is closed under a request on its way.
keepalive = 75
limit_request_line = 4_094
limit_request_fields = 100
limit_request_field_size = 8_190
# It would open a socket in the home folder.
control_socket_disable = True


_shares = Shares(0)


def share_metrics(service: str) -> None:
    """Lets the workers share their metrics through files in a folder that goes with the master.

    prometheus_client looks for the folder's name when it is first imported, so this must come before.
    """
    folder = tempfile.mkdtemp(prefix=f"parindex-{service}-metrics-")
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
    master = os.getpid()

    def remove() -> None:
        if os.getpid() == master:
            shutil.rmtree(folder, ignore_errors=True)

    atexit.register(remove)


def share_connections(workers: int) -> None:
    """Lets so many workers share the service's connections evenly."""
    global _shares  # noqa: PLW0603 - gunicorn knows functions of a module only
    _shares = Shares(workers)


def pre_fork(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Gives a worker its share of the connections."""
    _shares.begin(worker)


def post_fork(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Has a worker end when its master does, however that ends.

    Left alone it would go on serving the connections that it has and hold the address meanwhile: a master that is
    started again could not listen, and nobody new would be served.
    """
    if sys.platform == "linux":
        tether.tie(worker.ppid, signal.SIGTERM)


def child_exit(_: object, worker: Any) -> None:  # noqa: ANN401 - gunicorn's worker
    """Forgets the gauges of a worker, however it ended."""
    from services.common import metrics

    _shares.end(worker)
    metrics.worker_ended(worker.pid)
