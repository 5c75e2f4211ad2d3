"""New definitions while responses come in: every state that is shown is of one version, whatever crashes."""

from __future__ import annotations

import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from pymongo import MongoClient

from services.common import index_document, kafka, mongo
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign, Leaf, Text, Unit
from services.common.campaign_versions import extended_layout
from services.common.settings import Settings
from services.common.unit_index import Moments, Points
from services.scoring import weighing
from services.scoring.counting import Counting, ResponsesPartition
from services.scoring.ledger import Document, Fenced, Ledger, Unavailable
from tests.conftest import environment
from tests.integration.conftest import Known, Partition, response, settings_of, withdrawal
from tests.integration.doomed import ARMED
from tests.integration.reckoning import BAD, DEPUTY, GOOD, Account, Reckoned, reckon, recounted
from tests.integration.test_fault_scorer_killed_at_a_step import Case
from tests.integration.test_rebuild import rebuild
from tests.integration.test_scoring_process import Survey, eventually
from tests.integration.test_verify import verified
from tests.unit.surveys import plain_index, plain_moments

NEW = {"w1": {"l2": "B", "l3": "A", "l4": "C"}, "w3": {"l2": "A", "l4": "A"}}
"""What only the second version lets anyone say."""


def followed(before: Campaign, **changes: Any) -> Campaign:  # noqa: ANN401 - fields of any kind
    """The next version of a definition."""
    made = replace(before, version=before.version + 1, **changes)
    return replace(made, layout=extended_layout(made, before.layout))


def with_leaves(before: Campaign, *leaves: Leaf, **changes: Any) -> Campaign:  # noqa: ANN401 - likewise
    """The next version, with these leaves in the place of all others."""
    (field,) = before.fields
    (criterion,) = field.criteria
    return followed(before, fields=(replace(field, criteria=(replace(criterion, leaves=leaves),)),), **changes)


@pytest.fixture(scope="session")
def versions(small: Campaign) -> dict[int, Campaign]:
    """Points, a question and a unit are changed or added; then weights; then nothing but a label."""
    l1, l2, l3 = small.leaves
    l4 = replace(l2, code="l4", max_points=Decimal("0.7"), weights={})
    unit = Unit("w3", Text("Phường Ba"), "ward")
    second = with_leaves(small, l1, l2, replace(l3, max_points=Decimal(4)), l4, units=(*small.units, unit))
    third = with_leaves(second, l1, replace(l2, weights={"citizen": Decimal(9)}), *second.leaves[2:])
    fourth = followed(third, title=Text("Đợt thử, sửa tên"))
    return {campaign.version: campaign for campaign in (small, second, third, fourth)}


def moments_of(campaign: Campaign, group: str, unit: str, said: Iterable[Mapping[str, Any]]) -> Moments:
    """The moments of what is counted of a group, which may have answered a later version."""
    block = campaign.unit[unit].block
    asked = {leaf.code for leaf in campaign.leaves if group in campaign.raters(leaf, block)}
    answers = [content["ratings"][unit] for content in said if content["group"] == group and unit in content["ratings"]]
    known = [{leaf: option for leaf, option in each.items() if leaf in asked} for each in answers]
    return plain_moments(campaign, group, block, known)


@dataclass
class Seen:
    """What a reader saw: a state with its indices, as of one snapshot."""

    state: Document
    indices: dict[str, Document]

    @classmethod
    def now(cls, db: mongo.Database[Document]) -> Seen | None:
        """What there is to be seen; None between two transactions of a refresh."""
        with db.client.start_session(snapshot=True) as session:
            state = db.campaign_state.find_one({"_id": "small"}, session=session)
            indices = {found["unit"]: found for found in db.indices.find({}, session=session)}
        if state is None or any(found["state"] > state["state"] for found in indices.values()):
            return None
        return cls(state, indices)

    def check(self, settings: Settings, versions: Mapping[int, Campaign]) -> None:
        """Every figure is what the log says up to the state's positions, by the state's version."""
        campaign = versions[self.state["version"]]
        log = reckon(settings, {int(p): next_ for p, next_ in self.state["positions"]["responses"].items()})
        assert +Counter(self.state["counted"]) == Counter(content["group"] for content in log.counting)
        assert self.indices.keys() == campaign.unit.keys()
        assert {found["version"] for found in self.indices.values()} == {campaign.version}
        for unit, document in self.indices.items():
            self._check(campaign, unit, document, log)

    @staticmethod
    def _check(campaign: Campaign, unit: str, document: Document, log: Reckoned) -> None:
        result = index_document.read(document)
        answers = Counter[tuple[str, str, str]]()
        for content in log.counting:
            given = content["ratings"].get(unit, {})
            answers.update((content["group"], leaf, option) for leaf, option in given.items())
        earned, attainable, _ = plain_index(campaign, unit, answers, AppraisalRow())
        assert result.points == Points(earned, attainable)
        for group, found in result.groups.items():
            assert found.moments == moments_of(campaign, group, unit, log.counting)


class Reader(threading.Thread):
    """Looks again and again, as reporting does, and keeps what it sees."""

    def __init__(self, survey: Survey) -> None:
        super().__init__(daemon=True)
        self._db = survey.db
        self._stopping = threading.Event()
        self.seen: dict[int, Seen] = {}
        self.version = 0
        """Of the state it has seen last."""

    def run(self) -> None:
        while not self._stopping.wait(0.01):
            seen = Seen.now(self._db)
            if seen is not None:
                self.seen[seen.state["state"]] = seen
                self.version = seen.state["version"]

    def stop(self) -> list[Seen]:
        """Ends it; what was seen, in the order of the states."""
        self._stopping.set()
        self.join(timeout=10)
        return [self.seen[number] for number in sorted(self.seen)]


@pytest.fixture
def survey(settings: Settings, client: MongoClient[Document]) -> Iterator[Survey]:
    kafka.create_topics(settings)
    made = Survey(settings, client)
    yield made
    made.producer.close(timeout=2)


def shown(survey: Survey, version: int, counted: int) -> bool:
    state = survey.db.campaign_state.find_one()
    return state is not None and (state["version"], sum(state["counted"].values())) == (version, counted)


def answered(number: int, version: int) -> Any:  # noqa: ANN401 - an event
    """What a rater says who has the form of a version before him."""
    if version > 1 and number % 2:
        return response(number, NEW, version=version)
    if number % 5 == 0:
        return response(number, DEPUTY, group="deputy", version=version)
    return response(number, BAD if number % 3 else GOOD, version=version)


def test_every_state_is_the_log_by_one_version_while_definitions_change_and_responses_come_in(
    survey: Survey, versions: dict[int, Campaign]
) -> None:
    """Two scorers, and four definitions, the last three in quick succession; edits of answers to any of them."""
    reader = Reader(survey)
    survey.publish(versions[1])
    survey.say("responses", *(answered(number, 1) for number in range(1, 301)))
    with survey.scorer() as one, survey.scorer() as other:
        eventually(lambda: shown(survey, 1, 300) and one.consumer.owned and other.consumer.owned)
        reader.start()
        number = 300
        for version in (1, 2, 3, 4):
            if version > 1:
                survey.publish(versions[version])
            for _ in range(4 if version == 2 else 8):
                said = [answered(number + each, version) for each in range(1, 11)]
                edits = [response(number // 2 + each, GOOD, revision=version + 1, version=version) for each in (1, 2)]
                survey.say("responses", *said, *edits, withdrawal(number - 7, revision=9))
                number += 10
        log = reckon(survey.settings)
        # Its snapshots may be a little older than what has just been written.
        eventually(lambda: shown(survey, 4, len(log.counting)) and reader.version == 4)
        seen = reader.stop()
    chosen = seen[:: max(1, len(seen) // 20)]
    assert {one.state["version"] for one in seen} >= {1, 4}
    for one in (*chosen, seen[-1]):
        one.check(survey.settings, versions)
    assert [one.state["version"] for one in seen] == sorted(one.state["version"] for one in seen)
    assert all(found["weighed"] == {"small": 4} for found in survey.db.positions.find({"weighed": {"$exists": True}}))
    assert verified(survey)["first"] == []
    before = recounted(survey.db)
    with survey.scorer():
        done = rebuild(survey.settings, "--json")
        assert done.exit_code == 0, done.output
        eventually(lambda: survey.db.campaign_state.find_one({"generation": 1}))
    assert json.loads(done.stdout)["generation"] == 1
    for name in ("responses", "tallies", "activity", "rejected"):
        assert without_at(survey.db[f"{name}.1"].find()) == without_at(before[name]), name
    assert [index_document.read(found) for found in recounted(survey.db)["indices"]] == [
        index_document.read(found) for found in before["indices"]
    ]


def without_at(documents: Iterable[Document]) -> list[Document]:
    """Tallies without after which chunk they were written, which depends on how the log was cut."""
    bare = [{name: value for name, value in document.items() if name != "at"} for document in documents]
    return sorted(bare, key=lambda document: str(document["_id"]))


KILLED = ("after new sums", "before the commit of new sums", "after the commit of new sums")


class Weighed(Case):
    """A survey whose scorer dies while it makes sums anew."""

    second: Campaign

    def meet_its_end(self) -> None:
        eventually(self.account.is_through)
        self.process.send_signal(signal.SIGUSR1)
        assert any(line == ARMED for line in self.process.stdout)
        self.account.survey.publish(self.second)
        self.account.say(30, first=30)
        assert self.process.wait(20) == -signal.SIGKILL
        self.killed_at = time.monotonic()

    def noted_through(self) -> bool:
        state = self.account.survey.db.campaign_state.find_one()
        return super().noted_through() and state["version"] == 2


@pytest.fixture(scope="module")
def killed(kafka_server: str, mongo_server: str, versions: dict[int, Campaign]) -> Iterator[dict[str, Weighed]]:
    """All at the same time, because each waits for the group to notice a death."""
    with ExitStack() as stack:
        made: dict[str, Weighed] = {}
        for step in KILLED:
            own = stack.enter_context(environment(kafka_server, mongo_server))
            settings = settings_of(own)
            kafka.create_topics(settings)
            client = stack.enter_context(mongo.client(settings.mongo))
            case = made[step] = Weighed(step, own, Account(Survey(settings, client)))
            case.second = versions[2]
            stack.callback(case.account.survey.producer.close, timeout=2)
            case.start(versions[1])
            stack.callback(case.process.kill)
        for case in made.values():
            case.meet_its_end()
        yield made


@pytest.mark.parametrize("step", KILLED)
def test_a_scorer_killed_while_it_makes_sums_anew_leaves_no_mixture(
    killed: dict[str, Weighed], versions: dict[int, Campaign], step: str
) -> None:
    case = killed[step]
    survey = case.account.survey
    left = Seen.now(survey.db)
    assert left is not None
    assert left.state["version"] == 1
    left.check(survey.settings, versions)
    between = [0 in found.get("weighed", {}).values() for found in survey.db.positions.find()]
    assert sum(between) == (1 if step == "after the commit of new sums" else 0)
    assert verified(survey)["first"] == []
    with survey.scorer():
        eventually(case.noted_through)
    case.account.check(versions[2])
    last = Seen.now(survey.db)
    assert last is not None
    last.check(survey.settings, versions)
    assert verified(survey)["first"] == []


class Owner:
    """A process that has loaded a partition, and knows some definitions."""

    def __init__(self, partition: Partition, client: MongoClient[Document], *known: Campaign) -> None:
        self.ledger = Ledger(client)
        self.counting = Counting(self.ledger, Known(*known))
        position = self.ledger.position(partition.log.topic, 0, partition.owned.position.topic_id)
        self.owned: ResponsesPartition = self.counting.load(position)

    def weigh(self) -> None:
        """Makes all sums those of the newest definition."""
        while (campaign := self.counting.stale(self.owned)) is not None:
            assert self.counting.weigh(self.owned, campaign).go_on(60)


def said(partition: Partition) -> list[dict[str, Any]]:
    """What the rows say that count."""
    return [row for row in partition.db.responses.find() if not row["withdrawn"]]


def check_sums(partition: Partition, campaign: Campaign) -> None:
    """Every tally has the moments of one version."""
    for found in partition.db.tallies.find():
        group, unit = found["_id"]["group"], found["_id"]["unit"]
        expected = moments_of(campaign, group, unit, said(partition)) if unit in campaign.unit else Moments()
        assert Moments(found["opinions"], int(found["s1"]), int(found["s2"])) == expected


@pytest.fixture
def partition(client: MongoClient[Document], settings: Settings, versions: dict[int, Campaign]) -> Iterator[Partition]:
    """Answered while nobody knew of a second version."""
    made = Partition(client, settings, (versions[1],))
    made.say(*(answered(number, 1) for number in range(1, 41)))
    yield made
    made.ledger.close()


def test_sums_are_made_anew_and_what_is_loaded_is_what_is_in_memory(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign]
) -> None:
    check_sums(partition, versions[1])
    owner = Owner(partition, client, *(versions[number] for number in (1, 2, 3)))
    owner.weigh()
    check_sums(partition, versions[3])
    again = Owner(partition, client, *versions.values()).owned
    assert again == owner.owned
    assert (again.counts.weighed, again.position.weighings) == ({"small": 3}, 1)


def test_a_response_of_a_later_version_counts_by_the_one_in_force(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign]
) -> None:
    """It may come before the sums are made anew, and be edited after that."""
    owner = Owner(partition, client, *versions.values())
    records = partition.log.say(answered(101, 2), answered(102, 3), response(1, NEW, revision=2, version=2))
    owner.counting.apply(owner.owned, records)
    check_sums(partition, versions[1])
    owner.weigh()
    check_sums(partition, versions[4])
    records = partition.log.say(response(101, GOOD, revision=2, version=2), withdrawal(1, revision=3))
    owner.counting.apply(owner.owned, records)
    check_sums(partition, versions[4])


@pytest.mark.parametrize("moves", ["sums", "responses"])
def test_of_two_owners_the_one_that_comes_second_is_fenced(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign], moves: str
) -> None:
    """One has counted or weighed since the other, a zombie, last looked."""
    zombie, owner = (Owner(partition, client, *versions.values()) for _ in range(2))
    records = partition.log.say(answered(101, 2))
    if moves == "sums":
        owner.weigh()
        with pytest.raises(Fenced):
            zombie.counting.apply(zombie.owned, records)
        check_sums(partition, versions[4])
    else:
        weighed = zombie.counting.weigh(zombie.owned, "small")
        owner.counting.apply(owner.owned, records)
        with pytest.raises(Fenced):
            weighed.go_on(60)
        check_sums(partition, versions[1])


def test_two_owners_that_weigh_by_different_versions_do_not_mix_them(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "PART", 1)
    zombie, owner = Owner(partition, client, versions[1], versions[2]), Owner(partition, client, *versions.values())
    first = zombie.counting.weigh(zombie.owned, "small")
    assert not first.go_on(0)
    with pytest.raises(Fenced):
        owner.weigh()
    owner = Owner(partition, client, *versions.values())
    assert owner.owned.counts.weighed == {"small": 0}
    owner.weigh()
    with pytest.raises(Fenced):
        first.go_on(60)
    check_sums(partition, versions[4])


def test_nothing_is_counted_while_sums_are_of_no_version(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weighing, "PART", 1)
    owner = Owner(partition, client, versions[1], versions[2])
    assert not owner.counting.weigh(owner.owned, "small").go_on(0)
    next_one = Owner(partition, client, *versions.values())
    records = partition.log.say(answered(101, 1))
    with pytest.raises(Unavailable, match="made anew first"):
        next_one.counting.apply(next_one.owned, records)
    next_one.weigh()
    next_one.counting.apply(next_one.owned, records)
    check_sums(partition, versions[4])


def test_a_definition_that_weighs_nothing_otherwise_reads_no_row(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign], monkeypatch: pytest.MonkeyPatch
) -> None:
    Owner(partition, client, *(versions[number] for number in (1, 2, 3))).weigh()
    monkeypatch.setattr(Ledger, "after", None)
    owner = Owner(partition, client, *versions.values())
    owner.weigh()
    assert owner.owned.counts.weighed == {"small": 4}
    check_sums(partition, versions[4])


class TestDocumentsOfAnEarlierScorer:
    """It weighed each response by its own version, and does not tell what sums are of."""

    EARLIER: Mapping[str, str] = {"weighed": "", "weighed_at": "", "weighings": ""}

    def test_with_one_version_all_is_as_it_was(
        self,
        partition: Partition,
        client: MongoClient[Document],
        versions: dict[int, Campaign],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        partition.db.positions.update_one({}, {"$unset": self.EARLIER})
        monkeypatch.setattr(Ledger, "after", None)
        owner = Owner(partition, client, versions[1])
        assert owner.counting.stale(owner.owned) is None
        owner.counting.apply(owner.owned, partition.log.say(answered(101, 1)))
        check_sums(partition, versions[1])

    def test_with_several_the_sums_are_made_anew_before_anything_is_counted(
        self, partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign]
    ) -> None:
        partition.db.positions.update_one({}, {"$unset": self.EARLIER})
        partition.db.tallies.update_many({}, {"$set": {"s1": "1", "s2": "2"}})
        owner = Owner(partition, client, versions[1], versions[2])
        assert owner.owned.counts.weighed == {"small": 0}
        owner.weigh()
        check_sums(partition, versions[2])

    def test_one_that_goes_on_in_between_is_found_out(
        self, partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign]
    ) -> None:
        Owner(partition, client, versions[1], versions[2]).weigh()
        partition.db.positions.update_one({}, {"$inc": {"next": 1, "records": 1}})
        assert Owner(partition, client, versions[1], versions[2]).owned.counts.weighed == {"small": 0}


def test_a_version_that_the_log_does_not_have_any_more_is_none(
    partition: Partition, client: MongoClient[Document], versions: dict[int, Campaign]
) -> None:
    Owner(partition, client, *versions.values()).weigh()
    owner = Owner(partition, client, versions[1], versions[2])
    assert owner.owned.counts.weighed == {"small": 0}
    owner.weigh()
    check_sums(partition, versions[2])
