"""Touched units → indices and the campaign's state: one writer at a time, each refresh exactly one state of the log.

The process that owns the one partition of `appraisals` refreshes. It knows its own partitions from memory and the
others' from the database, all as of one snapshot, so what it writes is the result of the log up to the positions that
it states.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from pymongo import MongoClient, ReplaceOne
from pymongo.errors import PyMongoError
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from services.common import campaign_schema, mongo, release
from services.common.appraisals import AppraisalRow
from services.common.campaign import Campaign
from services.common.catalogue import Catalogue
from services.common.generation import POINTER, Generation
from services.common.release import Release
from services.common.settings import Settings
from services.scoring.appraisal_chunk import RowKey
from services.scoring.appraising import AppraisalsPartition
from services.scoring.chunk import Applied
from services.scoring.counting import ResponsesPartition
from services.scoring.indices import Indices, Sources
from services.scoring.ledger import Document, Unavailable
from services.scoring.mirrors import Mirrors, View
from services.scoring.standing_indices import changed_rows, changed_tallies, made, stands

UNITS_PER_TRANSACTION = 200
"""Some tenths of a second of work. Of a larger refresh counting goes on between the parts; readers see the last."""

NO_ROW = AppraisalRow()
"""Of a unit that nobody has appraised."""


@dataclass(slots=True)
class _Refresh:
    """Of one campaign, as of the view with which it begins: what it reads is not changed by what is counted later."""

    campaign: Campaign
    state: Document
    sources: Sources
    rows: Mapping[RowKey, AppraisalRow]
    left: list[str]
    """The units that are still to be written."""


class Refresher:
    """Keeps `indices` and `campaign_state` current. Used by the scorer's one thread.

    A token stored in the database fences whoever refreshed before: each transaction first finds it unchanged. After an
    error of unknown outcome it is taken anew, and with it the states as they are in the database.
    """

    def __init__(self, client: MongoClient[Document], catalogue: Catalogue, settings: Settings) -> None:
        self._db = mongo.database(client)
        self._catalogue = catalogue
        self._session = client.start_session(causal_consistency=True)
        self._token = ""
        self._mirrors = Mirrors(settings, self._newest)
        self._indices: dict[str, Indices] = {}
        self._states: dict[str, Document] = {}
        self._dirty_units: dict[str, set[str]] = {}
        self._dirty_campaigns: set[str] = set()
        self._under_way: dict[str, _Refresh] = {}
        self._taken_over = False
        """Whether it is still to be found out which indices have become others since their state."""

    @property
    def pending(self) -> bool:
        """Whether something is known that must be written."""
        return not self._token or self._taken_over or bool(self._dirty_campaigns) or self.under_way

    @property
    def under_way(self) -> bool:
        """Whether a refresh has been written in part: the next calls go on with it."""
        return bool(self._under_way)

    def close(self) -> None:
        self._session.end_session()

    def lose(self) -> None:
        """Forgets all it knew: the next refresh begins from what is in the database."""
        self._token = ""
        self._under_way.clear()

    def _take_over(self) -> None:
        token = uuid.uuid4().hex
        # As a transaction of the same session: what is left of a lost one of its own is ended by it, and where a dead
        # process still holds the lock it fails at once and is tried again, while counting goes on.
        with self._begin():
            self._db.refresher.update_one(
                {"_id": "refresher"}, {"$set": {"token": token, "writes": 0}}, upsert=True, session=self._session
            )
        # In the session that wrote the token, so that it finds what was committed before that.
        self._states = {found["_id"]: found for found in self._db.campaign_state.find({}, session=self._session)}
        self._mirrors.clear()
        # What is kept may never have been written, or another process may have released more meanwhile.
        self._indices.clear()
        self._dirty_units.clear()
        self._dirty_campaigns.clear()
        self._taken_over = True
        self._token = token

    def touch(self, applied: Applied) -> None:
        """Notes what a chunk of this process has changed."""
        self._dirty_campaigns |= applied.campaigns
        if applied.effects["rejected"]:
            # Whose record it was may not be known; the log has moved on for all.
            self._dirty_campaigns |= self._states.keys()
        for campaign, unit in applied.units:
            self._dirty_units.setdefault(campaign, set()).add(unit)

    def refresh(
        self, generation: Generation, own: Mapping[int, ResponsesPartition], appraisals: AppraisalsPartition
    ) -> int:
        """Writes what has changed; returns the number of units written.

        Of a campaign in which much has changed it writes a part, and with each further call another, all of the state
        of the log in which it began. Counting may go on between them, and other campaigns are refreshed as ever.

        Args:
            generation: what the partitions belong to.
            own: the partitions of responses that this process owns, by number.
            appraisals: the partition of appraisals, owned by this process.

        Raises:
            Fenced: a partition of `own` has moved in the database: another process owns it.
            Unavailable: MongoDB is away, another process has taken the refresh, or another generation has become
                current; the next call begins anew.
        """
        try:
            if not self._token:
                self._take_over()
            return self._refresh(generation, own, appraisals)
        except PyMongoError as error:
            self.lose()
            raise Unavailable(f"cannot refresh: {error}") from error

    def _refresh(
        self, generation: Generation, own: Mapping[int, ResponsesPartition], appraisals: AppraisalsPartition
    ) -> int:
        view = self._mirrors.look(generation, own, appraisals)
        written = 0
        if not self._turns_back(view):
            if self._taken_over:
                self._take_stock(generation, view, own, appraisals)
            self._take_in()
            self._note_definitions(view)
            for campaign in sorted(self._dirty_campaigns - self._under_way.keys()):
                written += self._begin_with(campaign, view, own, appraisals)
        for refresh in [*self._under_way.values()][:1]:
            written += self._write(refresh)
        return written

    def _take_stock(
        self,
        generation: Generation,
        view: View,
        own: Mapping[int, ResponsesPartition],
        appraisals: AppraisalsPartition,
    ) -> None:
        """Notes what has changed since the states that there are, and what was not made as it would be made here."""
        # All of it was read just now.
        self._mirrors.touched.clear()
        known = {}
        for code, state in self._states.items():
            self._dirty_campaigns.add(code)
            campaign = self._in_force(code, view)
            if campaign is not None and stands(state, campaign, view) and self._is_whole(campaign):
                known[code] = state
            else:
                self._touch_all(code)
        partitions = {**self._mirrors.tallies, **{p: owned.counts.tallies for p, owned in own.items()}}
        changed = changed_tallies(known, partitions) | changed_rows(generation, appraisals.position, known)
        for code, unit in changed | self._beyond(known):
            self._dirty_units.setdefault(code, set()).add(unit)
        self._taken_over = False

    def _is_whole(self, campaign: Campaign) -> bool:
        """Whether there are as many indices as units: without one of them nothing of the campaign can be read."""
        stored = self._db.indices.count_documents({"campaign": campaign.code}, session=self._session)
        return stored == len(campaign.units)

    def _beyond(self, known: Mapping[str, Document]) -> set[RowKey]:
        """The units whose indices were written for a state that never came to be."""
        return {
            (code, found["unit"])
            for code, state in known.items()
            for found in self._db.indices.find(
                {"campaign": code, "state": {"$gt": state["state"]}}, {"unit": 1}, session=self._session
            )
        }

    def _take_in(self) -> None:
        """Notes what other processes have counted."""
        for campaign, _, unit in self._mirrors.touched:
            self._dirty_campaigns.add(campaign)
            self._dirty_units.setdefault(campaign, set()).add(unit)
        if self._mirrors.moved:
            # Whose records changed no tally (duplicates, say) has moved on all the same.
            self._dirty_campaigns |= self._states.keys()
        self._mirrors.touched.clear()
        self._mirrors.moved = False

    def _turns_back(self, view: View) -> bool:
        """Whether a view is behind what readers were shown.

        A generation that has just become current may be, and a read on a primary that has just been elected: its
        snapshot may be older than that of a read on the one before (monotonic reads are promised to causally
        consistent sessions only, and a snapshot session cannot be one).
        """
        behind = [
            state
            for state in self._states.values()
            if any(
                view.positions[topic].get(partition, 0) < next_
                for topic, partitions in state["positions"].items()
                for partition, next_ in partitions.items()
            )
        ]
        if not behind:
            return False
        if any(state.get("generation", 0) == view.generation for state in behind):
            return True
        pointer = self._db[POINTER].find_one({"_id": "current"})
        # A log that was restored from an older copy ends before what was shown: it must be followed all the same.
        return pointer is None or not pointer["log_shorter"]

    def _newest(self, code: str) -> int:
        campaign = self._catalogue.current(code)
        return 0 if campaign is None else campaign.version

    def _note_definitions(self, view: View) -> None:
        """Notes every unit of a campaign whose state can go over to a newer definition."""
        for code in {campaign.code for campaign in self._catalogue} - self._under_way.keys():
            campaign, state = self._in_force(code, view), self._states.get(code)
            if campaign is not None and (state is None or state["version"] < campaign.version):
                self._touch_all(code)

    def _in_force(self, code: str, view: View) -> Campaign | None:
        """The definition by which all partitions have weighed their responses; where nobody has answered, the newest.

        None: they are between two, or it is not known here yet.
        """
        newest, weighed = self._newest(code), view.weighed.get(code, frozenset())
        if len(weighed) > 1:
            return None
        version = next(iter(weighed), newest)
        shown = self._states.get(code, {}).get("version", 0)
        # A version that readers were shown is taken back only if the log does not know it any more.
        return None if version < min(shown, newest) else self._catalogue.version(code, version)

    def _touch_all(self, code: str) -> None:
        campaign = self._catalogue.current(code)
        if campaign is not None:
            self._dirty_campaigns.add(code)
            self._dirty_units[code] = set(campaign.unit)

    def _begin_with(
        self,
        code: str,
        view: View,
        own: Mapping[int, ResponsesPartition],
        appraisals: AppraisalsPartition,
    ) -> int:
        """Refreshes a campaign, or gets ready to do so in parts; returns the number of units written."""
        campaign = self._in_force(code, view)
        if campaign is None:
            # The definition is on its way, or the sums are being made anew by it: readers have the state before.
            return 0
        self._keep_definition(campaign)
        # Units of a later version may have been rated; they are shown with it.
        units = sorted(self._dirty_units.pop(code, set()) & campaign.unit.keys())
        self._dirty_campaigns.discard(code)
        before = self._states.get(code, {})
        state = {
            "_id": code,
            "state": before.get("state", 0) + 1,
            "version": campaign.version,
            "generation": view.generation,
            "positions": view.positions,
            "counted": dict(view.counted.get(code, {})),
            "made": made(view),
        }
        if not units and state == {**before, "state": state["state"]}:
            # After a take-over: readers have it.
            return 0
        sources = [*(owned.counts.tallies for owned in own.values()), *self._mirrors.tallies.values()]
        refresh = _Refresh(campaign, state, sources, appraisals.rows, units)
        if len(units) <= UNITS_PER_TRANSACTION:
            return self._write(refresh)
        # Tallies and rows are replaced by others, never changed: so copies of the tables hold them as they are.
        refresh.sources, refresh.rows = [dict(tallies) for tallies in sources], dict(appraisals.rows)
        self._under_way[code] = refresh
        return 0

    def _write(self, refresh: _Refresh) -> int:
        """Writes the next part of a refresh, with the last of them the state; returns the number of units written."""
        part, refresh.left = refresh.left[:UNITS_PER_TRANSACTION], refresh.left[UNITS_PER_TRANSACTION:]
        self._commit(self._documents(refresh, part), refresh.state, whole=not refresh.left)
        if not refresh.left:
            self._states[refresh.campaign.code] = refresh.state
            self._under_way.pop(refresh.campaign.code, None)
        return len(part)

    def _keep_definition(self, campaign: Campaign) -> None:
        if self._states.get(campaign.code, {}).get("version") != campaign.version:
            self._db.campaigns.update_one(
                {"_id": {"campaign": campaign.code, "version": campaign.version}},
                {"$setOnInsert": {"definition": campaign_schema.dump(campaign)}},
                upsert=True,
            )

    def _documents(self, refresh: _Refresh, units: Sequence[str]) -> list[Document]:
        campaign, number, sources, rows = refresh.campaign, refresh.state["state"], refresh.sources, refresh.rows
        indices = self._indices.get(campaign.code)
        if indices is None or indices.campaign is not campaign:
            indices = self._indices[campaign.code] = Indices(campaign)
        releases = self._releases(campaign, indices.forgotten(units))
        return [
            indices.document(unit, number, sources, rows.get((campaign.code, unit), NO_ROW), releases.get(unit, {}))
            for unit in units
        ]

    def _releases(self, campaign: Campaign, units: Iterable[str]) -> dict[str, dict[str, Release]]:
        """What is released of units, as this process or the one before wrote it."""
        ids = [{"campaign": campaign.code, "unit": unit} for unit in units]
        if not ids:
            return {}
        # In the session that wrote the token: what was committed before that is found.
        wanted = {"_id": {"$in": ids}, "released": {"$exists": True}}
        found = self._db.indices.find(wanted, {"unit": 1, "released": 1}, session=self._session)
        return {document["unit"]: release.read(document["released"]) for document in found}

    def _begin(self) -> AbstractContextManager[object]:
        return self._session.start_transaction(ReadConcern("snapshot"), WriteConcern("majority", j=True))

    def _commit(self, documents: list[Document], state: Document, *, whole: bool) -> None:
        """Writes indices of a state and, with the last of them, the state."""
        with self._begin():
            held = self._db.refresher.update_one(
                {"_id": "refresher", "token": self._token}, {"$inc": {"writes": 1}}, session=self._session
            )
            if held.matched_count == 0:
                self.lose()
                raise Unavailable("another process has taken the refresh")
            if Generation.current(self._db, self._session).number != state["generation"]:
                self.lose()
                raise Unavailable("another generation has become current")
            if documents:
                self._db.indices.bulk_write(
                    [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents],
                    ordered=False,
                    session=self._session,
                )
            if whole:
                self._db.campaign_state.replace_one({"_id": state["_id"]}, state, upsert=True, session=self._session)
