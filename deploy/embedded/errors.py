"""What can go wrong with a server on somebody's machine, told with the remedy."""

from __future__ import annotations

import errno
from pathlib import Path


class EmbeddedError(Exception):
    """A server cannot be had or started; the message says why and what to do. It is meant to be read by a person."""


def cannot_write(path: Path, error: OSError, remedy: str) -> EmbeddedError:
    """The error for a folder that takes no files.

    Args:
        path: what could not be written.
        error: what the system said.
        remedy: how to name another folder.
    """
    if error.errno == errno.ENOSPC:
        return EmbeddedError(f"The disk is full: {path} could not be written. Free 1 GB there, or {remedy}.")
    return EmbeddedError(
        f"{path} could not be written ({error.strerror or error}). Make the folder writable, or {remedy}."
    )
