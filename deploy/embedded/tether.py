"""Ties a process to the one that started it, so that nothing is left behind: `tether.py PARENT_PID COMMAND...`.

The kernel sends the command a signal when its parent dies, however it dies (`prctl(PR_SET_PDEATHSIG)`, which survives
exec). It is run as a script and imports little, because it stands before every process of the stack.
"""

import ctypes
import os
import resource
import signal
import sys

PR_SET_PDEATHSIG = 1
OPEN_FILES = 65_536
"""A broker, a database and a worker with many live streams all need more than the usual 1,024."""


def tie(parent: int, on_death: signal.Signals = signal.SIGKILL) -> None:
    """Has the kernel send this process a signal when its parent dies.

    The parent is, strictly, the thread that forked: it must be one that lives as long as its process.

    Args:
        parent: the process that started this one; when it is gone already, this one ends at once.
        on_death: the signal.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, on_death, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    # A parent that died before the call above sends nothing any more.
    if os.getppid() != parent:
        sys.exit("the process that started this one has ended")


def main() -> None:
    """Ties this process to its parent, then becomes the command."""
    tie(int(sys.argv[1]))
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = OPEN_FILES if most == resource.RLIM_INFINITY else min(most, OPEN_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, most))
    # Python ignores SIGPIPE, and what is ignored stays so through exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - there is no shell to be fooled


if __name__ == "__main__":
    main()
