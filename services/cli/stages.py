"""What a long command is doing: a bar on a terminal, a line every few seconds in a log; and what each stage took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

LINE_S = 3.0

Advance = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage that is done: how much of what, in which time."""

    title: str
    amount: int
    seconds: float


class Stages:
    """Shows stages one after the other and remembers them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bars = console.is_terminal and not console.is_dumb_terminal
        self.done: list[Stage] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Shows one stage while the block runs; yields what is called with the amount of each step done.

        Args:
            title: what is being done, e.g. "Send the responses".
            total: how much there is to do, when that is known.
        """
        started = time.monotonic()
        with (self._bar if self._bars else self._lines)(title, total) as count:
            yield count.add
        stage = Stage(title, count.amount, time.monotonic() - started)
        self.done.append(stage)
        amount = f"{stage.amount:,} in " if stage.amount else ""
        self._say(f"{title}: {amount}{stage.seconds:.1f} s")

    @contextmanager
    def _bar(self, title: str, total: int | None) -> Iterator[_Count]:
        columns = [SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn()]
        if total:
            columns.insert(3, MofNCompleteColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            task = progress.add_task(title, total=total)
            yield _Count(lambda amount: progress.advance(task, amount))

    @contextmanager
    def _lines(self, title: str, total: int | None) -> Iterator[_Count]:
        count = _Count(lambda _: None)
        ended = threading.Event()

        def tell() -> None:
            while not ended.wait(LINE_S):
                self._say(f"{title}: {count.amount:,}{f' of {total:,}' if total else ''} …")

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


def table(done: list[Stage]) -> Table:
    """What each stage took, and its rate where it had an amount."""
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("stage")
    for column in ("amount", "seconds", "per second"):
        shown.add_column(column, justify="right")
    for stage in done:
        rate = f"{stage.amount / stage.seconds:,.0f}" if stage.amount and stage.seconds else ""
        shown.add_row(stage.title, f"{stage.amount:,}" if stage.amount else "", f"{stage.seconds:.1f}", rate)
    return shown
