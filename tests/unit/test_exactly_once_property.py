"""Each response counts exactly once, in its highest revision, whatever the order, batches, repeats and lost chunks.

The pure parts of scoring run on encoded records; a dictionary of documents stands for the database, so that a chunk may
be lost before its commit and everything be loaded again, as after a kill. What must come out is computed apart.
"""

from __future__ import annotations

import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

import bson
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from kafka.consumer.fetcher import ConsumerRecord
from surveys import Answers, asked, plain_index, plain_moments, published, rater, scale, survey

from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.events import Event, Response, Withdrawal, digest
from services.common.index import Formula
from services.common.records import encode
from services.common.requeued import HEADER
from services.common.unit_index import Moments, Points
from services.scoring.answered import row_of
from services.scoring.answers import Forms
from services.scoring.chunk import Chunk
from services.scoring.letters import mark
from services.scoring.reading import Reading, Rules
from services.scoring.revisions import EFFECTS, Effect, Rejected, Row, effect
from services.scoring.tallies import Counts, Document, Stage, Tally, TallyKey, tally_key, total
from services.scoring.weighing import Sums, weighed_anew

UNITS = {"u1": "b1", "u2": "b1", "u3": "b2"}
GROUPS = (rater("g1", "b1", weight="3"), rater("g2", "b1", "b2"))
FIRST = survey((asked("q", "2", "g1", "g2"), asked("r", "1", "g2")), units=UNITS, groups=GROUPS)
SECOND = published(
    replace(
        survey(
            (asked("p", "0.7", "g1"), asked("q", "3", "g1", "g2", g2="2"), asked("r", "1", "g2")),
            units={"u4": "b2", **UNITS},
            groups=GROUPS,
            scales=(
                scale("five", {"X": "33.333333", "A": "100", "B": "75", "C": "50", "D": "25", "E": "0", "N": None}),
            ),
        ),
    ),
    FIRST,
)
"""The same survey with a leaf, an option and a unit more, and other points and weights."""
VERSIONS = {(campaign.code, campaign.version): campaign for campaign in (FIRST, SECOND)}
PARTITIONS = 3
HOUR = datetime(2022, 11, 18, 8, 30, tzinfo=UTC)


class Known:
    """Both versions; which is the newest may still be unknown where it matters."""

    def __init__(self, newest: int = 2) -> None:
        self.version = newest

    def newest(self, campaign: str) -> int:
        return max((version for code, version in VERSIONS if code == campaign and version <= self.version), default=0)

    def find(self, campaign: str, version: int) -> Campaign:
        if (campaign, version) not in VERSIONS:
            raise Rejected("unknown-campaign", f"{campaign} {version}")
        return VERSIONS[campaign, version]


@dataclass
class Partition:
    """A partition under scoring: what is committed, as documents, and what its owner has in memory."""

    number: int
    known: Known = field(default_factory=Known)
    records: list[ConsumerRecord] = field(default_factory=list)
    next: int = 0
    rows: dict[str, Row] = field(default_factory=dict)
    tallies: dict[TallyKey, bytes] = field(default_factory=dict)
    activity: dict[str, Document] = field(default_factory=dict)
    counted: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    letters: list[Document] = field(default_factory=list)
    weighed: Mapping[str, int] = field(default_factory=dict)
    memory: Counts = field(init=False)
    rejected: deque[int] = field(default_factory=deque)

    def __post_init__(self) -> None:
        self.rules = Rules(self.known)
        self.load()

    def weigh(self) -> None:
        """The second version becomes known, and what was counted is weighed by it."""
        self.known.version = 2
        newest = self.rules.newest("survey")
        if self.memory.weighed:
            sums = Sums("survey", self.rules.contribution("survey", newest))
            for row in self.rows.values():
                sums.add(row.group, row.ratings)
            for key, tally in self.memory.tallies.items():
                self.tallies[key] = bson.encode(weighed_anew(tally, sums[key]).document(self.number, key))
            self.weighed = {"survey": newest}
            self.load()

    def append(self, event: Event | bytes) -> None:
        """Writes a record to the log."""
        if isinstance(event, bytes):
            value, headers, timestamp = event, [("ce_type", b"parindex.response.submitted.v1")], 0
        else:
            record = encode(event, HOUR, source="/test")
            value, headers, timestamp = record.value, record.headers, record.timestamp_ms
        offset = len(self.records)
        self.records.append(
            ConsumerRecord("responses", self.number, 0, offset, timestamp, 0, b"", value, headers, None, 0, 0, 0)
        )

    def requeue(self, offset: int) -> None:
        """Writes a record again, as an operator does."""
        first = self.records[offset]
        headers = [*first.headers, (HEADER, f"responses/{self.number}/{offset}".encode())]
        self.records.append(first._replace(offset=len(self.records), headers=headers))

    def load(self) -> None:
        """What an owner does first; memory is then what was committed."""
        documents = [bson.decode(document) for document in self.tallies.values()]
        self.memory = Counts(
            self.number,
            {tally_key(document): Tally.of(document) for document in documents},
            {
                (key["campaign"], key["group"], key["day"]): {
                    name: n for name, n in day.items() if name not in ("_id", "p")
                }
                for day in self.activity.values()
                for key in [day["_id"]]
            },
            {campaign: dict(groups) for campaign, groups in self.counted.items()},
            self.weighed,
        )
        self.rejected = deque(
            row["_id"]["offset"] for row in self.letters if row["reason"] != "conflict" and "requeued_from" not in row
        )

    def apply(self, size: int, *, committed: bool = True) -> None:
        """Applies the next records as one chunk, up to its commit or past it."""
        records = self.records[self.next : self.next + size]
        reading = Reading(records, self.rules, self.memory.weighed)
        chunk = Chunk(reading, self.memory, self.rejected)
        changed = chunk.count({id_: self.rows[id_] for id_ in reading.ids if id_ in self.rows})
        assert list(changed) == sorted(changed)
        if not committed:
            return
        self.next = chunk.next
        self.rows |= {id_: row_of(row) for id_, row in changed.items()}
        self.tallies |= {tally_key(document): bson.encode(document) for document in chunk.stage.tally_documents()}
        self.activity |= {str(document["_id"]): document for document in chunk.stage.activity_documents()}
        self.counted, self.weighed = chunk.stage.counted, chunk.stage.weighed
        mark(self.letters, chunk.requeued)
        self.letters += chunk.letters
        _, self.rejected = chunk.adopt()


@dataclass(frozen=True)
class Requeued:
    """Of some partition, the record that was written so many records before is written again."""

    partition: int
    before: int


@dataclass(frozen=True)
class Step:
    """How the next chunk of a partition is cut, and what becomes of its first try.

    After a kill another process loads the partition; a chunk that is too large is halved with memory as it was. Before
    one that is weighed anew a second version is published, where it was not known yet.
    """

    size: int
    fate: Literal["committed", "killed", "too large", "weighed anew"]


def scored(said: Sequence[Event | bytes | Requeued], steps: Sequence[Step], newest: int = 2) -> list[Partition]:
    """The partitions after all was said and scored in steps, memory thrown away here and there.

    Args:
        said: in the order of the log.
        steps: how it is scored.
        newest: the version that is known from the start.
    """
    partitions = written(said)
    for partition in partitions:
        partition.known.version = newest
    for partition in partitions:
        score(partition, steps)
    return partitions


def written(said: Sequence[Event | bytes | Requeued]) -> list[Partition]:
    """The partitions with all that was said in their logs."""
    partitions = [Partition(number) for number in range(PARTITIONS)]
    for event in said:
        if isinstance(event, Requeued):
            chosen = partitions[event.partition]
            if event.before < len(chosen.records):
                chosen.requeue(len(chosen.records) - 1 - event.before)
            continue
        key = event.response if isinstance(event, Response | Withdrawal) else ""
        partitions[sum(key.encode()) % PARTITIONS].append(event)
    return partitions


def score(partition: Partition, steps: Sequence[Step]) -> None:
    """Scores what a partition's log holds in steps."""
    pace = iter([*steps, *[Step(len(partition.records), "committed")] * len(partition.records)])
    while partition.next < len(partition.records):
        step = next(pace)
        if step.fate == "weighed anew":
            partition.weigh()
        elif step.fate != "committed":
            partition.apply(step.size, committed=False)
        if step.fate == "killed":
            partition.load()
        partition.apply(1 + step.size // 2 if step.fate == "too large" else step.size)
        memory = partition.memory
        partition.load()
        assert partition.memory == memory, "what is loaded is not what was in memory"


def standing(said: Sequence[Response | Withdrawal]) -> dict[str, Response | Withdrawal]:
    """By id: the first content of the highest revision."""
    stands: dict[str, Response | Withdrawal] = {}
    for event in said:
        if event.response not in stands or event.revision > stands[event.response].revision:
            stands[event.response] = event
    return stands


def check_rows(said: Sequence[Response | Withdrawal], partitions: Sequence[Partition]) -> None:
    rows = {id_: row for partition in partitions for id_, row in partition.rows.items()}
    stands = standing(said)
    assert rows.keys() == stands.keys()
    for id_, event in stands.items():
        row = rows[id_]
        assert (row.revision, row.digest, row.version) == (event.revision, digest(event), event.campaign_version)
        assert row.withdrawn == isinstance(event, Withdrawal)
        assert row.ratings == (event.ratings if isinstance(event, Response) else {})
        if isinstance(event, Response):
            assert row.group == event.group


def check_counts(said: Sequence[Response | Withdrawal], partitions: Sequence[Partition]) -> None:
    counting = [event for event in standing(said).values() if isinstance(event, Response)]
    sources = [partition.memory.tallies for partition in partitions]
    for group in SECOND.group:
        for unit, block in {"u4": "b2", **UNITS}.items():
            forms = [event for event in counting if event.group == group and unit in event.ratings]
            found = total(sources, ("survey", group, unit))
            answers = Counter(place for event in forms for place in event.ratings[unit].items())
            assert found.n == len(forms)
            assert +Counter(dict(zip(SECOND.layout[group], found.counts, strict=False))) == answers
            for partition in partitions:
                mine = [event.ratings[unit] for event in forms if event.response in partition.rows]
                tally = partition.memory.tallies.get(("survey", group, unit), Tally())
                assert tally.moments == moments_of(mine, partition.weighed.get("survey", 2), group, unit, block)
    counted = Counter[str]()
    for partition in partitions:
        counted.update(partition.counted.get("survey", {}))
    assert +counted == Counter(event.group for event in counting)


def moments_of(said: Sequence[Mapping[str, str]], version: int, group: str, unit: str, block: str) -> Moments:
    """The moments of answers about a unit, which may have been given to a later version."""
    campaign = VERSIONS["survey", version]
    if unit not in campaign.unit:
        return Moments()
    known = {
        (leaf.code, option.code)
        for leaf in campaign.leaves
        if group in campaign.raters(leaf, block)
        for option in campaign.options(leaf)
    }
    return plain_moments(campaign, group, block, [dict(known & answers.items()) for answers in said])


def check_indices(said: Sequence[Response | Withdrawal], partitions: Sequence[Partition]) -> None:
    answers: dict[str, Counter[tuple[str, str, str]]] = defaultdict(Counter)
    for event in standing(said).values():
        if isinstance(event, Response):
            for unit, given_ in event.ratings.items():
                answers[unit].update((event.group, leaf, option) for leaf, option in given_.items())
    formula, sources = Formula(SECOND), [partition.memory.tallies for partition in partitions]
    for unit in SECOND.unit:
        tallies = {group: total(sources, ("survey", group, unit)) for group in SECOND.group}
        plain: Answers = answers[unit]
        earned, attainable, _ = plain_index(SECOND, unit, plain, AppraisalRow())
        assert formula.compute(unit, tallies, AppraisalRow()).points == Points(earned, attainable)


def effects(partitions: Sequence[Partition]) -> Counter[str]:
    found = Counter[str]()
    for partition in partitions:
        for day in partition.memory.activity.values():
            found.update({effect: day[effect] for effect in EFFECTS})
    return found


IDS = [str(uuid.UUID(int=number)) for number in range(1, 7)]


@st.composite
def forms(draw: st.DrawFn, response: str, revision: int) -> Response:
    """What a rater may send under either version."""
    campaign = draw(st.sampled_from([FIRST, SECOND]))
    group = draw(st.sampled_from(campaign.groups))
    units = [unit.code for unit in campaign.units if unit.block in group.rates]
    ratings = {
        unit: {
            leaf.code: draw(st.sampled_from([option.code for option in campaign.options(leaf)]))
            for leaf in campaign.leaves
            if group.code in leaf.groups and draw(st.booleans())
        }
        for unit in draw(st.lists(st.sampled_from(units), unique=True))
    }
    return Response(response, revision, "survey", campaign.version, group.code, "web", ratings)


@st.composite
def histories(draw: st.DrawFn) -> list[Response | Withdrawal]:
    """Of up to six responses all that was said, each in the order of its revisions, which may have gaps."""
    said: list[Response | Withdrawal] = []
    for response in IDS[: draw(st.integers(1, len(IDS)))]:
        revision = 0
        for _ in range(draw(st.integers(1, 4))):
            revision += draw(st.integers(1, 2))
            if draw(st.integers(0, 3)):
                said.append(draw(forms(response, revision)))
            else:
                said.append(Withdrawal(response, revision, "survey", draw(st.integers(1, 2))))
    return said


STEPS = st.lists(
    st.builds(Step, st.integers(1, 7), st.sampled_from(["committed", "killed", "too large", "weighed anew"])),
    max_size=12,
)


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[Response | Withdrawal], list[Response | Withdrawal]]:
    """A history, and the same with repeats, mixed at will but for each response's own first sayings in their order."""
    history = draw(histories())
    queues: dict[str, deque[Response | Withdrawal]] = defaultdict(deque)
    for event in history:
        queues[event.response].append(event)
    said: list[Response | Withdrawal] = []
    while queues:
        response = draw(st.sampled_from(sorted(queues)))
        said.append(queues[response].popleft())
        if not queues[response]:
            del queues[response]
        said += draw(st.lists(st.sampled_from(said), max_size=2))
    return history, said


@st.composite
def shuffled(draw: st.DrawFn) -> list[Response | Withdrawal]:
    """A history with repeats in any order at all, a response's revisions included."""
    history = draw(histories())
    return draw(st.permutations([*history, *draw(st.lists(st.sampled_from(history), max_size=6))]))


def in_the_order_of_front_ends(
    case: tuple[list[Response | Withdrawal], list[Response | Withdrawal]], steps: list[Step]
) -> None:
    """Rows, counts, indices and what happened are those of the plain history, scored at once."""
    history, said = case
    partitions = scored(said, steps)
    check_rows(history, partitions)
    check_counts(history, partitions)
    check_indices(history, partitions)
    once, found = effects(scored(history, [])), effects(partitions)
    for what in ("submitted", "edited", "withdrawn", "conflict"):
        assert found[what] == once[what]
    assert found["duplicate"] + found["superseded"] == len(said) - len(history)
    alone = scored(history, [])
    for event in history:
        assert [p.rows.get(event.response) for p in partitions] == [p.rows.get(event.response) for p in alone]


def in_any_order(said: list[Response | Withdrawal], steps: list[Step], newest: int = 2) -> None:
    """Rows, counts and indices follow from what was said alone, sums from that and the version in force."""
    partitions = scored(said, steps, newest)
    check_rows(said, partitions)
    check_counts(said, partitions)
    check_indices(said, partitions)
    assert effects(partitions).total() == len(said)


CONFLICTING = st.sampled_from(IDS[:3]).flatmap(
    lambda id_: st.integers(1, 3).flatmap(lambda revision: forms(id_, revision))
)
UNFIT = st.sampled_from(
    [
        b"",
        b"{}",
        Response(IDS[0], 9, "survey", 3, "g1", "web", {}),
        Response(IDS[0], 9, "other", 1, "g1", "web", {}),
        Response(IDS[0], 9, "survey", 1, "g3", "web", {}),
        Response(IDS[0], 9, "survey", 1, "g1", "web", {"u1": {"q": "A"}, "u3": {"q": "A"}}),
        Response(IDS[0], 9, "survey", 1, "g1", "web", {"u1": {"q": "A"}, "u2": {"q": "X"}}),
        Response(IDS[0], 9, "survey", 1, "g1", "web", {"u1": {"p": "A"}}),
        Response(IDS[0], 9, "survey", 2, "g2", "web", {"u1": {"p": "A"}}),
        Withdrawal(IDS[0], 9, "survey", 3),
    ]
)
LOG = st.lists(
    CONFLICTING
    | st.builds(Withdrawal, st.sampled_from(IDS[:3]), st.integers(1, 3), st.just("survey"), st.just(1))
    | UNFIT
    | st.builds(Requeued, st.integers(0, PARTITIONS - 1), st.integers(0, 9))
)


def offset_of(letter: Document) -> int:
    offset: int = letter["_id"]["offset"]
    return offset


def requeued_as(partition: Partition) -> dict[int, int]:
    """The offset of each letter that was requeued → that of the last record that was written again for it."""
    letters = {offset_of(letter) for letter in partition.letters}
    again = {
        int(headers[-1][1].rpartition(b"/")[2]): record.offset
        for record in partition.records
        if (headers := record.headers) and headers[-1][0] == HEADER
    }
    return {offset: later for offset, later in again.items() if offset in letters}


def in_any_chunks(said: list[Event | bytes | Requeued], steps: list[Step]) -> None:
    """Conflicts and dead letters included: a log has one result, however it is cut and whatever is lost on the way."""
    live, replayed = scored(said, steps), scored(said, [])
    for one, other in zip(live, replayed, strict=True):
        assert one.rows == other.rows
        assert sorted(one.letters, key=offset_of) == sorted(other.letters, key=offset_of)
        marked = {offset_of(letter): letter["requeued"] for letter in one.letters if "requeued" in letter}
        assert marked == requeued_as(one)
        assert one.memory.activity == other.memory.activity
        assert one.memory.counted == other.memory.counted
        assert {key: replace(tally, at=0) for key, tally in one.memory.tallies.items()} == {
            key: replace(tally, at=0) for key, tally in other.memory.tallies.items()
        }
    fit = [event for event in said if isinstance(event, Response | Withdrawal) and event.revision != 9]
    check_rows(fit, live)
    check_counts(fit, live)


@given(interleaved(), STEPS)
def test_interleaving_batches_repeats_and_lost_chunks_change_nothing(
    case: tuple[list[Response | Withdrawal], list[Response | Withdrawal]], steps: list[Step]
):
    in_the_order_of_front_ends(case, steps)


@given(shuffled(), STEPS, st.integers(1, 2))
def test_the_result_follows_from_what_was_said_in_any_order(
    said: list[Response | Withdrawal], steps: list[Step], newest: int
):
    in_any_order(said, steps, newest)


@given(LOG, STEPS)
def test_a_replay_of_the_log_gives_what_was_counted_live(said: list[Event | bytes | Requeued], steps: list[Step]):
    in_any_chunks(said, steps)


@given(LOG, STEPS)
def test_what_is_read_by_the_tables_is_counted_as_what_is_read_at_length(
    said: list[Event | bytes | Requeued], steps: list[Step]
):
    quick = scored(said, steps)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Forms, "read", lambda *_: None)
        long = scored(said, steps)
    for one, other in zip(quick, long, strict=True):
        assert (one.rows, one.letters, one.counted, one.weighed) == (
            other.rows,
            other.letters,
            other.counted,
            other.weighed,
        )
        assert (one.memory, one.activity) == (other.memory, other.activity)
        assert one.tallies == other.tallies


def late(said: Sequence[Response | Withdrawal], steps: Sequence[Step]) -> list[Partition]:
    """The partitions when the second version was published after all was said, and what it was for was requeued."""
    partitions = written(said)
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(VERSIONS, (SECOND.code, SECOND.version))
        for partition in partitions:
            score(partition, steps)
    waiting = sum(event.campaign_version == SECOND.version for event in said)
    assert sum(len(partition.letters) for partition in partitions) == waiting
    for partition in partitions:
        for letter in list(partition.letters):
            partition.requeue(offset_of(letter))
        score(partition, steps)
        assert all("requeued" in letter for letter in partition.letters)
    return partitions


@given(shuffled(), STEPS)
def test_what_was_rejected_and_is_requeued_counts_as_if_it_had_never_been(
    said: list[Response | Withdrawal], steps: list[Step]
):
    """The second version is published only after all was said, and what waits for it is requeued then."""
    partitions = late(said, steps)
    check_rows(said, partitions)
    check_counts(said, partitions)
    check_indices(said, partitions)


def without_duplicates_seen(row: Row | None, event: Response | Withdrawal, digest: str) -> Effect:
    """As `effect`, but what is said again is taken for new."""
    what = effect(row, event, digest)
    return {"duplicate": "edited", "conflict": "edited"}.get(what, what)  # type: ignore[return-value]


def without_order_seen(row: Row | None, event: Response | Withdrawal, digest: str) -> Effect:
    """As `effect`, but an older revision replaces a newer one."""
    what = effect(row, event, digest)
    return "edited" if what == "superseded" else what


def without_a_lookup(self: Chunk, _rows: object, count: Callable[..., object] = Chunk.count) -> object:
    """As `Chunk.count`, but blind to what earlier chunks have counted."""
    return count(self, {})


def without_a_stage(self: Stage, key: TallyKey) -> Tally:
    """As `Stage._tally`, but counting in what is there already."""
    tally = self.tallies[key] = self._counts.tallies.setdefault(key, Tally())
    tally.counts = list(tally.counts)
    return tally


FAULTS: list[tuple[str, str, object]] = [
    ("the old answers stay in on an edit", "services.scoring.chunk.Chunk._take_out", lambda *_: None),
    ("a repeat is counted again", "services.scoring.chunk.effect", without_duplicates_seen),
    ("an older revision replaces a newer", "services.scoring.chunk.effect", without_order_seen),
    ("earlier chunks are not looked up", "services.scoring.chunk.Chunk.count", without_a_lookup),
    ("a lost chunk stays in memory", "services.scoring.tallies.Stage._tally", without_a_stage),
]


@pytest.mark.parametrize(("where", "fault"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS])
def test_the_property_fails_where_scoring_is_wrong(monkeypatch: pytest.MonkeyPatch, where: str, fault: object):
    """A check of the check: each way of counting wrongly is found."""

    def attempt(check: Callable[..., None], *cases: st.SearchStrategy[Any]) -> None:
        quick = settings(max_examples=300, database=None, phases=[Phase.generate], report_multiple_bugs=False)
        quick(given(*cases)(check))()

    monkeypatch.setattr(where, fault)
    with pytest.raises(AssertionError):
        attempt(in_the_order_of_front_ends, interleaved(), STEPS)
