"""The check: what clients were told against the log, the log against what is stored, that against what is served.

Nothing here is taken from scoring. Each rule yields what it finds as violations; a run without any kept its promises.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from kafka.consumer.fetcher import ConsumerRecord

from services.common import events
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.events import Appraisal
from services.common.records import decode
from services.common.settings import Settings
from tests.faults.evidence import Evidence, Key, Statement
from tests.faults.model import Model, Row, Tally, digest, standing
from tests.faults.served import served
from tests.faults.statuses import statuses
from tests.faults.stored import Logged, Partitions, Stored, stored
from tests.faults.violation import Found, Violation, differences

Places = dict[Key, list[tuple[int, int]]]
"""Where in the log (partition, offset) each thing that was said stands."""


def check(evidence: Evidence, settings: Settings, reporting_urls: Sequence[str]) -> list[Violation]:
    """All rules.

    Args:
        evidence: the journals.
        settings: where Kafka and MongoDB are.
        reporting_urls: of those that are asked for statuses.
    """
    logged = Logged.of(settings)
    held = stored(settings, logged.campaign)
    model = Model(logged.campaign)
    for records in logged.responses.values():
        for record in records:
            model.take(record)
    for record in logged.appraisals:
        model.appraise(record)
    places = _places(logged.responses)
    return [
        *_answers(evidence),
        *_in_the_log(evidence, places),
        *_last_revisions(evidence, held.rows, places),
        *_appraisals(evidence, logged.appraisals, model),
        *_replay(held, model),
        *_sums(held, logged.campaign),
        *_positions(held, logged, settings),
        *served(evidence.reads, logged),
        *statuses(evidence.statements.values(), model, reporting_urls),
    ]


def _answers(evidence: Evidence) -> Found:
    """What was valid was taken, what was wrong was refused, and everybody got an answer in the end."""
    for statement in evidence.statements.values():
        name = _name(statement.key)
        if statement.expected == "refused" and statement.acknowledged:
            yield Violation("acknowledged what cannot be", name, "a refusal", "202")
        if statement.expected == "accepted" and statement.refusals:
            yield Violation("refused what is valid", name, "202", "; ".join(statement.refusals))
        if statement.digests - {statement.key[2]}:
            yield Violation("receipt of another content", name, statement.key[2], ", ".join(statement.digests))
    for name in evidence.slow:
        yield Violation("no final answer", name, "an answer once all is well", "none")


def _places(responses: Partitions) -> Places:
    """Where each thing that was said stands in the log."""
    places: Places = {}
    for partition, records in responses.items():
        for record in records:
            event = decode(record.value, record.headers)
            if not isinstance(event, events.Response | events.Withdrawal):
                raise TypeError(f"a {type(event).__name__} among responses")
            places.setdefault((event.response, event.revision, digest(record)), []).append((partition, record.offset))
    return places


def _in_the_log(evidence: Evidence, places: Places) -> Found:
    """What was acknowledged is in the log where the receipt says; what was refused or never said is not."""
    for statement in evidence.statements.values():
        found = places.get(statement.key, [])
        for partition, offset in statement.receipts:
            if (partition, offset) not in found and not (
                offset is None and any(partition == there for there, _ in found)
            ):
                yield Violation(
                    "acknowledged but not in the log", _name(statement.key), f"{partition}/{offset}", f"{found}"
                )
        if statement.refusals and not statement.acknowledged and found:
            yield Violation("refused but in the log", _name(statement.key), "nowhere", f"{found}")
    for key in places.keys() - evidence.statements.keys():
        yield Violation("in the log but never said", _name(key), "nowhere", f"{places[key]}")


def _last_revisions(evidence: Evidence, rows: Mapping[str, Row], places: Places) -> Found:
    """Each response counts with its highest acknowledged revision, or a higher one whose sender heard nothing."""
    said: dict[str, list[Statement]] = defaultdict(list)
    for statement in evidence.statements.values():
        said[statement.key[0]].append(statement)
    for response, statements in said.items():
        row = rows.get(response)
        highest = max((statement.key[1] for statement in statements if statement.acknowledged), default=0)
        if row is None:
            if highest:
                yield Violation("acknowledged but not counted", response, f"revision {highest}", "no row")
            continue
        if row.revision < highest:
            yield Violation("an older revision counts", response, f"revision {highest}", f"revision {row.revision}")
        # Of two contents of one revision the first in the log stands; the log is one partition for an id.
        rivals = [key for statement in statements if (key := statement.key)[1] == row.revision and key in places]
        first = min(rivals, key=lambda key: places[key][0], default=None)
        if first is None or row.digest != first[2]:
            yield Violation("another content counts", response, f"{first}", row.digest)
            continue
        yield from _content(evidence.statements[first], row)
    for response in rows.keys() - said.keys():
        yield Violation("counted but never said", response, "no row", f"{rows[response]}")


def _content(statement: Statement, row: Row) -> Found:
    """The row has what the statement says, and the statement may count."""
    name = _name(statement.key)
    if statement.refusals and not statement.acknowledged:
        yield Violation("counted although refused", name, "no row", f"{row}")
    meant = statement.content
    expected = (None, {}) if meant is None else (meant["group"], meant["ratings"])
    found = (None if row.withdrawn else row.group, row.ratings)
    if expected != found:
        yield Violation("a row with other answers", name, f"{expected}", f"{found}")


def _appraisals(evidence: Evidence, records: Iterable[ConsumerRecord], model: Model) -> Found:
    """Each change that was answered 200 has made the row that the answer shows; none is there that was not said."""
    said = {_change_key(change.unit, change.change) for change in evidence.changes}
    for record in records:
        event = decode(record.value, record.headers)
        if not isinstance(event, Appraisal):
            raise TypeError(f"a {type(event).__name__} among appraisals")
        ((unit, document),) = events.content_of(event)["changes"].items()
        sent = {"leaves": document["leaves"], **document["adjustments"]}
        if _change_key(unit, sent) not in said:
            yield Violation("an appraisal that was never said", f"offset {record.offset}", "nowhere", f"{sent}")
    for change in evidence.changes:
        for shown in change.rows:
            row = model.rows_appraised.get((change.unit, shown["version"]))
            found = None if row is None else _appraised(row)
            if found != _normal(shown):
                yield Violation(
                    "an appraisal answered but not in the log",
                    f"{change.unit}, version {shown['version']}",
                    f"{_normal(shown)}",
                    f"{found}",
                )


def _replay(held: Stored, model: Model) -> Found:
    """What is stored is what the log says, from its first record on."""
    yield from differences("a row differs from the log", model.rows, held.rows)
    yield from differences("counted differs from the log", +model.counted, _without_zeros(held.counted))
    yield from differences("activity differs from the log", model.activity, held.activity)
    yield from differences("conflicts differ from the log", dict.fromkeys(model.conflicts, "conflict"), held.rejected)
    yield from differences(
        "an appraisal differs from the log",
        {unit: _appraised(row) for unit, row in model.appraised.items()},
        {unit: _normal(found) for unit, found in held.appraised.items()},
    )


def _sums(held: Stored, campaign: Campaign) -> Found:
    """The tallies are the sums of the rows, `counted` their number."""
    summed = standing(iter(held.rows.values()), campaign).by_key
    expected = {key: _plain(tally) for key, tally in summed.items() if tally.n}
    found = {key: _plain(tally) for key, tally in held.tallies.items() if _plain(tally) != _plain(Tally())}
    yield from differences("tallies are not the sums of rows", expected, found)
    counted = Counter((row.p, row.group) for row in held.rows.values() if not row.withdrawn)
    yield from differences("counted is not the number of rows", counted, _without_zeros(held.counted))


def _positions(held: Stored, logged: Logged, settings: Settings) -> Found:
    """Scoring has reached the ends of the log, and no further."""
    for topic, ends in (
        ("responses", {partition: len(records) for partition, records in logged.responses.items()}),
        ("appraisals", {0: len(logged.appraisals)}),
    ):
        yield from differences(f"positions of {topic}", ends, held.positions.get(settings.topic(topic), {}))


def _without_zeros(counted: Mapping[tuple[int, str], int]) -> dict[tuple[int, str], int]:
    return {key: n for key, n in counted.items() if n}


def _plain(tally: Tally) -> tuple[object, ...]:
    counts = {place: count for place, count in tally.counts.items() if count}
    return tally.n, tally.opinions, tally.s1, tally.s2, counts


def _change_key(unit: str, change: Mapping[str, Any]) -> str:
    leaves = {code: _numbers(leaf) for code, leaf in change.get("leaves", {}).items()}
    amounts = {name: _number(change[name]) for name in ("bonus", "penalty") if name in change}
    return f"{unit} {leaves} {amounts}"


def _appraised(row: AppraisalRow) -> dict[str, Any]:
    return _normal(
        {
            "version": row.version,
            "leaves": {code: events.leaf_document(leaf) for code, leaf in row.leaves.items()},
            "bonus": row.bonus,
            "penalty": row.penalty,
        }
    )


def _normal(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of an appraisal with its numbers as numbers."""
    return {
        "version": row["version"],
        "leaves": {code: _numbers(leaf) for code, leaf in sorted(row["leaves"].items())},
        "bonus": _number(row["bonus"]),
        "penalty": _number(row["penalty"]),
    }


def _numbers(leaf: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if leaf is None:
        return None
    return {name: _number(value) if "points" in name else value for name, value in leaf.items()}


def _number(value: object) -> Fraction | None:
    return None if value is None else Fraction(Decimal(str(value)))


def _name(key: Key) -> str:
    return f"{key[0]}, revision {key[1]}"
