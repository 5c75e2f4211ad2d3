"""A small disk in memory that can be filled, mounted where a server keeps its data."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

BALLAST = "ballast"


class NotPermitted(Exception):
    """This user may not mount; the message says what the system said."""


class Disk:
    """A tmpfs of a limited size.

    Args:
        folder: made if it is missing; what stood in it is hidden until `close`.
        megabytes: its size.

    Raises:
        NotPermitted: it cannot be mounted.
    """

    def __init__(self, folder: Path, megabytes: int) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "parindex-faults", str(folder)]
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError as error:
            raise NotPermitted(str(error)) from error
        if done.returncode != 0:
            raise NotPermitted(done.stderr.strip())

    def fill(self) -> None:
        """Takes all that is free, as often as it is called."""
        descriptor = os.open(self._ballast, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            while free := os.statvfs(self.folder).f_bavail * os.statvfs(self.folder).f_frsize:
                os.posix_fallocate(descriptor, os.fstat(descriptor).st_size, free)
        except OSError:
            # Somebody else has taken it meanwhile: full is full.
            return
        finally:
            os.close(descriptor)

    def free(self) -> None:
        """Gives it back."""
        self._ballast.unlink(missing_ok=True)

    def close(self) -> None:
        """Takes the disk away, with all that is on it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)

    @property
    def _ballast(self) -> Path:
        return self.folder / BALLAST
