"""One server for all workers of a parallel run: the first that needs it starts it, and stays until none needs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fcntl import LOCK_EX, LOCK_SH, LOCK_UN, flock
from pathlib import Path

from deploy.embedded.server import Server, running


@contextmanager
def shared(home: Path, make: Callable[[Path], Server]) -> Iterator[str]:
    """The address of a server.

    Locks on files say who is there, because they are let go by whoever dies.

    Args:
        home: the server's folder, the same for all workers of a run and for no other run.
        make: makes the server that runs in the folder.
    """
    home.mkdir(exist_ok=True)
    address = home / "address"
    with (home / "starting").open("w") as starting, (home / "used").open("w") as used:
        flock(starting, LOCK_EX)
        flock(used, LOCK_SH)
        if address.exists():
            flock(starting, LOCK_UN)
            yield address.read_text()
            return
        server = make(home)
        with running(server):
            address.write_text(server.address)
            flock(starting, LOCK_UN)
            yield server.address
            # Who comes from now on starts another; who is there is waited for.
            flock(starting, LOCK_EX)
            flock(used, LOCK_EX)
            address.unlink()
