"""What reporting says of the survey of lecturers, held against what was meant, computed apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import Any

import httpx

from tests.system.front_end import AT_ONCE, Delivery, Step
from tests.system.lecturers import CAMPAIGN, POINTS, Survey, standings, thirty_decimals


class Reporting:
    """The results as anybody sees them."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/v1/campaigns/{CAMPAIGN}", timeout=10, trust_env=False)

    def ask(self, address: str, **query: object) -> dict[str, Any]:
        answer = self._client.get(address, params={name: str(value) for name, value in query.items()})
        assert answer.status_code == httpx.codes.OK, f"{address}: {answer.status_code} {answer.text}"
        found: dict[str, Any] = answer.json()
        return found

    def as_of(self, survey: Survey) -> dict[str, Any]:
        """How far the log is in the figures; nothing while there are none."""
        answer = self._client.get("/rankings", params={"block": survey.departments[0]})
        if answer.status_code != httpx.codes.OK:
            return {"counted": 0, "positions": {"responses": {}}}
        found: dict[str, Any] = answer.json()["as_of"]
        return found

    def holds(self, survey: Survey, ends: Mapping[int, int]) -> bool:
        """Whether every acknowledged record is in the figures."""
        reached = self.as_of(survey)["positions"]["responses"]
        return all(reached.get(str(partition), 0) >= end for partition, end in ends.items())


def check_rankings(reporting: Reporting, survey: Survey) -> int:
    """Ranks, ties, indices, points and forms of every lecturer in every department; returns how many lecturers."""
    rows = 0
    for block, expected in standings(survey).items():
        found = reporting.ask("/rankings", block=block)
        assert found["as_of"]["counted"] == len(survey.students)
        assert {
            row["unit"]: (row["rank"], row["tied"], row["index_exact"], Fraction(row["attainable"]), row["n"])
            for row in found["rows"]
        } == {
            lecturer: (said.rank, said.tied, thirty_decimals(said.index), POINTS, said.n)
            for lecturer, said in expected.items()
        }
        assert [row["rank"] for row in found["rows"]] == sorted(row["rank"] for row in found["rows"])
        assert not any(row["provisional"] for row in found["rows"])
        rows += len(found["rows"])
    return rows


def check_participation(reporting: Reporting, survey: Survey, said: list[Step], delivery: Delivery) -> None:
    """Forms by group, by lecturer and group, and what the records of the log did."""
    found = reporting.ask("/participation")
    groups = Counter(student.group for student in survey.students)
    assert {row["group"]: row["counted"] for row in found["groups"]} == groups
    assert found["as_of"]["counted"] == groups.total()
    forms = Counter((lecturer, student.group) for student in survey.students for lecturer in student.ratings)
    assert {
        (unit["unit"], group["group"]): group["n"] for unit in found["units"] for group in unit["groups"] if group["n"]
    } == forms
    totals = found["activity"]["totals"]
    content = {(step.response, step.revision): step.content is None for step in said}
    firsts = {response for response, _ in content}
    withdrawn = {key for key, is_withdrawal in content.items() if is_withdrawal}
    again = {(response, revision + 1) for response, revision in withdrawn}
    assert totals["submitted"] == len(firsts) + len(again)
    assert totals["withdrawn"] == len(withdrawn)
    assert totals["edited"] == len(content) - len(firsts) - len(again) - len(withdrawn)
    assert totals["conflict"] == totals["rejected"] == 0
    again_sent = totals["duplicate"] + totals["superseded"] - (len(said) - len(content))
    if delivery.sent.keys() <= {"single", "batched", "withdrawn"}:
        assert (again_sent, totals["superseded"]) == (0, 0)
    else:
        # An attempt that was not answered may be in the log as well, even behind a later revision.
        assert again_sent >= 0


def check_receipts(reporting: Reporting, delivery: Delivery, every: int = 1) -> None:
    """Whoever asks with the last receipt of a response hears that it is counted, and so does who has only the id.

    `every` so many receipts are asked for, and of these every tenth by its id alone.
    """

    def status(receipt: dict[str, Any], *names: str) -> tuple[str, int, str]:
        known = {name: receipt[name] for name in names if receipt[name] is not None}
        found = reporting.ask(f"/responses/{receipt['response']}", **known)
        return found["status"], found["revision"], found["digest"]

    def with_receipt(receipt: dict[str, Any]) -> bool:
        found = status(receipt, "revision", "digest", "partition", "offset")
        return found == ("counted", receipt["revision"], receipt["digest"])

    def by_id(receipt: dict[str, Any]) -> bool:
        return status(receipt) == ("counted", receipt["revision"], receipt["digest"])

    receipts = list(delivery.receipts.values())[::every]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        assert all(pool.map(with_receipt, receipts))
        assert all(pool.map(by_id, receipts[::10]))
