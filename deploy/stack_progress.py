"""Tells what a start or a stop of the stack is doing: on a terminal with bars, elsewhere a line for each step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import count
from typing import Protocol

from rich import progress as bars
from rich.console import Console

from deploy.embedded.jars import FileProgress, Jar


class Progress(Protocol):
    """Is told what a start or a stop is doing."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def fetching(self, missing: list[Jar]) -> AbstractContextManager[FileProgress | None]:
        """Jars are being fetched, until the context ends."""


class Silent:
    """Shows nothing."""

    def step(self, text: str) -> None:
        """Says nothing."""

    def fetching(self, missing: list[Jar]) -> AbstractContextManager[FileProgress | None]:  # noqa: ARG002 - the protocol
        return nullcontext()


class Shown:
    """Shows the steps on a console, and a bar for what is fetched."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def step(self, text: str) -> None:
        self._console.print(f"{text} …", highlight=False, markup=False)

    @contextmanager
    def fetching(self, missing: list[Jar]) -> Iterator[FileProgress]:
        """Counts jars and bytes."""
        size, many = sum(jar.size for jar in missing), len(missing)
        self.step(f"Fetching {many} of Kafka's jars, {size / 1e6:.0f} MB, once")
        columns = (
            bars.BarColumn(),
            bars.DownloadColumn(),
            bars.TransferSpeedColumn(),
            bars.TextColumn("{task.fields[jars]} of " + f"{many} jars, {{task.description}}"),
        )
        with bars.Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task("", total=size, jars=0)
            arrived = count(1)

            @contextmanager
            def file(name: str, _size: int) -> Iterator[Callable[[int], None]]:
                progress.update(task, description=name)
                yield lambda size: progress.advance(task, size)
                progress.update(task, jars=next(arrived))

            yield file
