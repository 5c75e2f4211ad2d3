"""Shows on a terminal what a start of the stack is doing, and nothing that moves where there is no terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from deploy.embedded.jars import FileProgress, Jar


class Shown:
    """The progress of a start, a line for each step and bars for what is fetched."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, text: str) -> None:
        self._console.print(f"{text} …", highlight=False)

    @contextmanager
    def fetching(self, missing: list[Jar]) -> Iterator[FileProgress]:
        """Counts jars and bytes."""
        size, many = sum(jar.size for jar in missing), len(missing)
        self.step(f"Fetching {many} of Kafka's jars, {size / 1e6:.0f} MB, once")
        columns = (
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TextColumn("{task.fields[jars]} of " + f"{many} jars, {{task.description}}"),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=size, jars=0)
            arrived = count(1)

            @contextmanager
            def file(name: str, _size: int) -> Iterator[Callable[[int], None]]:
                progress.update(task, description=name)
                yield lambda size: progress.advance(task, size)
                progress.update(task, jars=next(arrived))

            yield file
