"""What can go wrong on somebody's machine, told with the remedy."""

from __future__ import annotations

import errno
from pathlib import Path


class StartError(Exception):
    """A part of the stack cannot be had or started; the message tells a person why, and what to do."""


def cannot_write(path: Path, error: OSError, remedy: str) -> StartError:
    """The error for a folder that takes no files.

    Args:
        path: what could not be written.
        error: what the system said.
        remedy: how to name another folder.
    """
    if error.errno == errno.ENOSPC:
        return StartError(f"The disk is full: {path} could not be written. Free 1 GB there, or {remedy}.")
    return StartError(
        f"{path} could not be written ({error.strerror or error}). Make the folder writable, or {remedy}."
    )
