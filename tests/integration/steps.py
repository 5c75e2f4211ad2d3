"""The steps of scoring's transactions as its driver takes them, so that a fault can be put at exactly one of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from pymongo.monitoring import CommandFailedEvent, CommandListener, CommandStartedEvent, CommandSucceededEvent

BEFORE = {
    ("responses", "the compare"): "before the update",
    ("responses", "commitTransaction"): "before the commit",
    ("refresh", "commitTransaction"): "before the commit of a refresh",
    ("weighing", "commitTransaction"): "before the commit of new sums",
}
AFTER = {
    ("responses", "the compare"): "after the update",
    ("responses", "insert responses"): "after the rows",
    ("responses", "update responses"): "after the rows",
    ("responses", "update tallies"): "after the tallies",
    ("responses", "commitTransaction"): "after the commit",
    ("refresh", "commitTransaction"): "after the commit of a part of a refresh",
    ("weighing", "update tallies"): "after new sums",
    ("weighing", "commitTransaction"): "after the commit of new sums",
}
"""By the kind of transaction (of a chunk of responses, of new sums of what was counted, of a refresh) and command."""


class Steps(CommandListener):
    """Calls `reached(step)` on the thread that works.

    A step "before" is reached when nothing of its command has been sent, a step "after" when the answer is there.
    """

    def __init__(self, reached: Callable[[str], None] = lambda _: None) -> None:
        self.sent: Counter[str] = Counter()
        """What was sent, by command and collection: `update tallies`, `commitTransaction`, …"""
        self.refused: Counter[tuple[str, int]] = Counter()
        """By command and error code: what the server answered with an error; 0 where the connection broke."""
        self._reached = reached
        self._kinds: dict[tuple[bytes, int], str] = {}
        self._answered: dict[int, str] = {}

    def started(self, event: CommandStartedEvent) -> None:
        command = event.command
        name = _name(command, event.command_name)
        self.sent[name] += 1
        if "autocommit" not in command:
            return
        transaction = bytes(command["lsid"]["id"]), int(command["txnNumber"])
        if command.get("startTransaction"):
            self._kinds[transaction] = _kind(command, name)
            name = "the compare"
        place = self._kinds[transaction], name
        if place in AFTER:
            self._answered[event.request_id] = AFTER[place]
        if place in BEFORE:
            self._reached(BEFORE[place])

    def succeeded(self, event: CommandSucceededEvent) -> None:
        step = self._answered.pop(event.request_id, None)
        if step is not None:
            self._reached(step)

    def failed(self, event: CommandFailedEvent) -> None:
        self._answered.pop(event.request_id, None)
        self.refused[event.command_name, int(event.failure.get("code", 0))] += 1


def _name(command: Mapping[str, Any], name: str) -> str:
    target = command.get(name)
    # The collections of a later generation have its number behind their names.
    return f"{name} {target.partition('.')[0]}" if isinstance(target, str) else name


def _kind(command: Mapping[str, Any], name: str) -> str:
    """What a transaction is for, by the first thing that it does."""
    if name == "update refresher":
        return "refresh"
    if name == "update positions":
        compared, changes = command["updates"][0]["q"], command["updates"][0]["u"]["$set"]
        topic: str = compared["_id"]["topic"]
        weighs = changes.get("weighings") != compared.get("weighings")
        return "weighing" if weighs else topic.rpartition(".")[2]
    return "another"
