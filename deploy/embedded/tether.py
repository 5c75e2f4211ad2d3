"""Runs a command that cannot outlive the process that started it: `tether.py PARENT_PID COMMAND...`.

The kernel sends the command SIGKILL when its parent dies, however it dies (`prctl(PR_SET_PDEATHSIG)`, which survives
exec). It is run as a script and imports little, because it stands before every process of the stack.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1


def main() -> None:
    """Ties this process to its parent, then becomes the command."""
    parent = int(sys.argv[1])
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
    # A parent that died before the call above sends nothing any more.
    if os.getppid() != parent:
        sys.exit("the process that started this command has ended")
    # Python ignores SIGPIPE, and what is ignored stays so through exec.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - there is no shell to be fooled


if __name__ == "__main__":
    main()
