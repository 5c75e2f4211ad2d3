"""Reads for the answers that memory does not hold: in one snapshot, bounded in time, and an absent MongoDB is a 503."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import PyMongoError

from services.common import problems
from services.common.generation import Generation
from services.common.problems import Problem
from services.reporting.standing import in_order

Document = dict[str, Any]

READ_S = 2.0
"""What takes longer is answered 503: a reader asks again sooner than it waits."""


@contextmanager
def snapshot(db: Database[Document]) -> Iterator[tuple[Generation, ClientSession]]:
    """What is current, and a session whose reads all see one committed state of it.

    Raises:
        Problem: 503, MongoDB does not answer.
    """
    with bounded(), db.client.start_session(snapshot=True) as session:
        yield Generation.current(db, session), session


@contextmanager
def bounded() -> Iterator[None]:
    """Reads in it must answer soon.

    Raises:
        Problem: 503, MongoDB does not answer.
    """
    try:
        with pymongo.timeout(READ_S):
            yield
    except PyMongoError as error:
        raise Problem(problems.UNAVAILABLE, f"MongoDB does not answer: {type(error).__name__}") from error


def positions(derived: Generation, topic: str, session: ClientSession) -> Mapping[str, int]:
    """By partition of a topic: the offset of the first record that is not applied yet."""
    found = derived.positions.find({"_id.topic": topic}, {"next": 1}, session=session)
    return in_order({str(stored["_id"]["partition"]): stored["next"] for stored in found})
