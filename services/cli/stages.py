"""What a long command is doing: a bar on a terminal, a line every few seconds in a log; and what each stage took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

LINE_S = 3.0

Advance = Callable[[int], None]
Unit = Literal["things", "bytes"]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that is done: how much of what, in which time."""

    title: str
    amount: int
    seconds: float
    unit: Unit

    @property
    def size(self) -> str:
        """The amount with its unit."""
        return _size(self.amount, self.unit)


class Stages:
    """Shows stages one after the other and remembers them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = console.is_terminal and not console.is_dumb_terminal
        self.done: list[Stage] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None, unit: Unit = "things") -> Iterator[Advance]:
        """Shows one stage while the block runs; yields what is called with the amount of each step done.

        Args:
            title: what is being done, e.g. "Send the responses".
            total: how much there is to do, when that is known.
            unit: of what.
        """
        started = time.monotonic()
        with (self._bar if self._bars else self._lines)(title, total, unit) as count:
            yield count.add
        stage = Stage(title, count.amount, time.monotonic() - started, unit)
        self.done.append(stage)
        self._say(f"{title}: {f'{stage.size} in ' if stage.amount else ''}{stage.seconds:.1f} s")

    @contextmanager
    def _bar(self, title: str, total: int | None, unit: Unit) -> Iterator[_Count]:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
        if total:
            columns.insert(3, DownloadColumn() if unit == "bytes" else MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield _Count(lambda amount: progress.advance(task, amount))

    @contextmanager
    def _lines(self, title: str, total: int | None, unit: Unit) -> Iterator[_Count]:
        count = _Count(lambda _: None)
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(LINE_S):
                done, whole = (_size(amount, unit) for amount in (count.amount, total or 0))
                self._say(f"{title}: {f'{done} of {whole}' if total else f'{time.monotonic() - started:.0f} s'} …")

        started = time.monotonic()
        self._say(f"{title} …")
        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield count
        finally:
            ended.set()
            teller.join()

    def _say(self, line: str) -> None:
        self._console.print(line, markup=False, highlight=False)


class _Count:
    """Adds up what several threads have done."""

    def __init__(self, shown: Advance) -> None:
        self._shown = shown
        self._lock = threading.Lock()
        self.amount = 0

    def add(self, amount: int) -> None:
        with self._lock:
            self.amount += amount
        self._shown(amount)


def _size(amount: int, unit: Unit) -> str:
    return f"{amount / 1e6:.1f} MB" if unit == "bytes" else f"{amount:,}"


def table(done: list[Stage]) -> Table:
    """What each stage took, and its rate where it had an amount."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("stage")
    for column in ("amount", "seconds", "per second"):
        shown.add_column(column, justify="right")
    for stage in done:
        rate = _size(round(stage.amount / stage.seconds), stage.unit) if stage.amount and stage.seconds else ""
        shown.add_row(stage.title, stage.size if stage.amount else "", f"{stage.seconds:.1f}", rate)
    return shown
