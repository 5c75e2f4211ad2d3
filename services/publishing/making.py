"""Makes publications, and makes them again: from the log, up to a cut, into the log and into the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from typing import Any

from pymongo.database import Database

from services.common import kafka, mongo, publication_store, release
from services.common.campaign import Campaign
from services.common.publications import Publication, Reason
from services.common.settings import Settings
from services.publishing.database import Known, compared, near_released, unstored
from services.publishing.disclosure import Level
from services.publishing.edition import Edition, Issue
from services.publishing.form import FORM
from services.publishing.recount import Advance, Counted, Cut, Offsets, Recount
from services.publishing.register import Made, Register
from services.reporting.figures import label
from services.scoring.audit.difference import Difference
from services.scoring.ledger import Halted

Document = dict[str, Any]


class Unknown(Exception):
    """There is no such campaign or publication; the message says which there are."""


@dataclass(frozen=True, slots=True)
class Words:
    """Who makes a publication, and what is said of it."""

    by: str
    """The name of the operator's token."""
    title: Mapping[str, str] = field(default_factory=dict)
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A publication that is ready to be made: the event, the edition, and what stands against it."""

    event: Publication
    edition: Edition
    compared: bool
    """Whether it was compared with what is served: no record came since."""
    differences: Sequence[Difference]
    """Where what is served is not what the log says."""

    @property
    def pending(self) -> Mapping[str, tuple[str, ...]]:
        """By unit the leaves without points."""
        return self.edition.pending

    @property
    def without_breakdown(self) -> Sequence[str]:
        """Units, because of what earlier publications showed."""
        return self._at_level("index")

    @property
    def without_index(self) -> Sequence[str]:
        """Units, likewise."""
        return self._at_level("nothing")

    def _at_level(self, level: Level) -> Sequence[str]:
        # Of an open campaign no breakdown is shown of any unit.
        return [] if "open" in self.event.forced else self.edition.at_level(level)


@dataclass(frozen=True, slots=True)
class Checked:
    """A publication recomputed: what it is now, and where that is not what was published."""

    event: Publication
    digest: str
    root: str
    size: int
    stored: bool | None
    """Whether the database holds just that; None where it holds nothing of it."""

    @property
    def equal(self) -> bool:
        """Whether the log still says what was published."""
        event = self.event
        return (self.digest, self.root, self.size) == (event.digest, event.root, event.size)


class Making:
    """One session of an operator's command: `open`, then any of the others; `close` at the end.

    Every method may raise
        Unknown: there is no such campaign or publication.
        Halted: the settings do not fit the topics, or the log has lost records.
        Unavailable, KafkaError, PyMongoError: a server does not answer.
    """

    def __init__(self, settings: Settings) -> None:
        kafka.require_accelerators()
        self._recount = Recount(settings)
        self._register = Register(settings, self._recount.log, self._recount.topics)
        self._client = mongo.client(settings.mongo)
        self._db: Database[Document] = mongo.database(self._client)

    def open(self) -> None:
        """Reads the definitions and the publications."""
        self._recount.open()
        self._known: Mapping[str, Known] = self._register.read()

    def close(self) -> None:
        self._recount.close()
        self._client.close()

    def known(self, campaign: str) -> Known:
        """The publications of a campaign that the log knows."""
        self._newest(campaign)
        return self._known.get(campaign, {})

    def find(self, campaign: str, number: int) -> Made:
        """One of them."""
        known = self.known(campaign)
        if number not in known:
            there = ", ".join(map(str, sorted(known))) or "none"
            raise Unknown(f"the log has no publication {number} of campaign {campaign!r}; there are: {there}")
        return known[number]

    def records(self) -> int:
        """How many records the log has."""
        return sum(sum(partitions.values()) for partitions in self._recount.ends().values())

    def draft(self, code: str, words: Words, now: datetime, told: Advance) -> Draft:
        """A publication of a campaign as it stands at the end of the log; nothing is written.

        Args:
            code: of the campaign.
            words: what is said of it.
            now: the moment, with a zone.
            told: is told how many records were applied.
        """
        known = self.known(code)
        if not self._register.there():
            raise Halted("there is no topic for publications yet: run `parindex topics`")
        campaign = self._newest(code)
        cut = Cut(campaign, self._recount.ends())
        is_open, withheld = not release.ended(campaign, now), near_released(self._db, campaign)
        issues, last = self._issues(known, cut, None, told)
        edition = Edition([*issues, Issue(last, is_open, withheld)])
        forced: list[Reason] = ["open"] if is_open else []
        forced += ["pending"] if edition.pending else []
        forced += ["withheld"] if not is_open and edition.at_level("nothing") else []
        event = Publication(
            campaign=code,
            number=len(known) + 1,
            version=campaign.version,
            by=words.by,
            at=now.astimezone(UTC).replace(minute=0, second=0, microsecond=0),
            positions=cut.positions,
            digest=edition.content.digest,
            root=edition.tree.root,
            size=len(edition.tree.ids),
            form=FORM,
            software=metadata.version("parindex"),
            forced=tuple(forced),
            rejected=last.rejected,
            withheld=withheld,
            title=words.title or label(campaign.title),
            note=words.note,
        )
        return Draft(event, edition, *compared(self._db, edition, cut))

    def publish(self, draft: Draft) -> None:
        """Writes a draft into the log, then its content into the database.

        Raises:
            Taken: another publication has its number.
        """
        mongo.prepare(self._db)
        made = self._register.add(draft.event)
        self._known = {**self._known, draft.event.campaign: made}
        self._store(made[draft.event.number], draft.edition)

    def check(self, code: str, number: int, told: Advance) -> Checked:
        """Recomputes a publication from the log, and looks whether the database holds just that."""
        made, edition = self._again(code, number, told)
        content, tree = edition.content, edition.tree
        stored = None
        if any(event.number == number for event, _ in publication_store.heads(self._db, code)):
            held = publication_store.digest(publication_store.pieces(self._db, code, number))
            roots = [part["root"] for part in publication_store.tree(self._db, code, number)]
            expected = [publication_store.tree_part(*part)["root"] for part in tree.parts()]
            stored = held == content.digest and roots == expected
        return Checked(made.event, content.digest, tree.root, len(tree.ids), stored)

    def missing(self) -> list[tuple[str, int]]:
        """Campaign and number of the publications of which the database does not hold what was published."""
        return unstored(self._db, self._known)

    def restore(self, code: str, number: int, told: Advance) -> bool:
        """Stores a publication as it follows from the log; False, and nothing stored, where that is not what was."""
        made, edition = self._again(code, number, told)
        if (edition.content.digest, edition.tree.root) != (made.event.digest, made.event.root):
            return False
        mongo.prepare(self._db)
        self._store(made, edition)
        return True

    def _again(self, code: str, number: int, told: Advance) -> tuple[Made, Edition]:
        made = self.find(code, number)
        before = {one: found for one, found in self.known(code).items() if one < number}
        issues, last = self._issues(before, self._cut(made), made.event.rejected, told)
        return made, Edition([*issues, _issue(last, made.event)])

    def _issues(self, before: Known, cut: Cut, rejected: Offsets | None, told: Advance) -> tuple[list[Issue], Counted]:
        """What earlier publications counted, and what there is to be counted up to a cut."""
        cuts = [self._cut(before[number]) for number in sorted(before)]
        *earlier, last = self._recount.count([*cuts, cut], told, rejected)
        return [self._as_then(found, before[at], told) for at, found in zip(sorted(before), earlier, strict=True)], last

    def _as_then(self, counted: Counted, made: Made, told: Advance) -> Issue:
        """What a publication counted. What could not be read then may be readable now: it is counted as it was then."""
        event = made.event
        if counted.rejected != event.rejected:
            (counted,) = self._recount.count([counted.cut], told, event.rejected)
        return _issue(counted, event)

    def _cut(self, made: Made) -> Cut:
        event = made.event
        campaign = self._recount.catalogue.version(event.campaign, event.version)
        if campaign is None:
            raise Halted(f"the log has no version {event.version} of campaign {event.campaign!r}: definitions are lost")
        return Cut(campaign, event.positions)

    def _newest(self, code: str) -> Campaign:
        found = self._recount.catalogue.current(code)
        if found is None:
            there = ", ".join(sorted(known.code for known in self._recount.catalogue)) or "none"
            raise Unknown(f"the log has no campaign {code!r}; known: {there}")
        return found

    def _store(self, made: Made, edition: Edition) -> None:
        parts = (publication_store.tree_part(*part) for part in edition.tree.parts())
        publication_store.write(self._db, made.event, made.offset, edition.content.pieces, parts)


def _issue(counted: Counted, event: Publication) -> Issue:
    return Issue(counted, "open" in event.forced, event.withheld)
