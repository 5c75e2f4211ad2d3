"""The answers of a response read straight from its record, by tables made of the definition once. Pure.

Intake writes a response in one form only (`events.canonical`), in which the same answer is the same bytes everywhere.
What is of exactly that form is read by looking its pieces up: most of what a response costs would otherwise be spent on
taking its text apart, checking it and writing it down again. Anything else is left to `records.decode`, which gives the
same.
"""

from __future__ import annotations

import hashlib
import re
import struct
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import getitem
from typing import Any, NamedTuple

import bson

from services.common.campaign import Campaign
from services.common.contribution import NOT_ASKED, Contribution, Rounding, Worths
from services.common.events import CHANNELS, Channel, Response
from services.scoring.quality import LONG, Filled
from services.scoring.revisions import Row
from services.scoring.tallies import PLACES, Rated, Units

RATINGS = b',"ratings":{'
RESPONSE = b'},"response":"'
END = re.compile(rb'([0-9a-f-]{36})","revision":([1-9][0-9]{0,14})\}')
COMMENT = re.compile(rb'(.*),"comment":"([^"\\\x00-\x1f]*)"(,"group":"[^"]*")')
"""A comment that is written as it is read. Others have escapes."""

RUN = 4
"""Answers that are looked up together: of five options each they can be so many that the memory bears it."""
MOST_RUNS = 8_000
"""That are kept of a group's answers about a block, some 600 bytes each."""

_LONG = LONG * array(PLACES).itemsize
_length = struct.Struct("<i").pack
new: Callable[[type[Any], tuple[object, ...]], Any] = tuple.__new__
"""A named tuple in a third of the time that it takes to call it."""


class Encoded(Mapping[str, Mapping[str, str]]):
    """Ratings that are at hand as BSON, for the row; they are taken apart only for those who look into them."""

    __slots__ = ("_decoded", "raw")

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self._decoded: Mapping[str, Mapping[str, str]] | None = None

    @property
    def decoded(self) -> Mapping[str, Mapping[str, str]]:
        if self._decoded is None:
            self._decoded = bson.decode(self.raw)
        return self._decoded

    def __getitem__(self, unit: str) -> Mapping[str, str]:
        return self.decoded[unit]

    def __iter__(self) -> Iterator[str]:
        return iter(self.decoded)

    def __len__(self) -> int:
        return len(self.decoded)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """What stands before the ratings of a response, and what follows from it. Each is one object: equal is the same."""

    campaign: Campaign
    code: str
    channel: Channel
    group: str
    units: Mapping[bytes, _Unit]
    around: tuple[slice, slice]
    """What stands before the version of the definition, which is no part of what was said, and what after it."""


class Answered(NamedTuple):
    """What a record says: the event, its digest, where its answers count, and how it is filled in."""

    head: Head
    response: str
    revision: int
    digest: str
    raw: bytes
    """Its ratings, as BSON."""
    counts: Mapping[str, Rated]
    """By unit."""
    long: int
    straight: int
    comment: str | None

    @property
    def campaign(self) -> Campaign:
        return self.head.campaign

    @property
    def filled(self) -> Filled:
        return Filled(self.long, self.straight)

    @property
    def units(self) -> Units:
        """Where its answers count, as `Rules.units` has it."""
        return {unit: (array(PLACES, places), x) for unit, (places, x) in self.counts.items()}

    @property
    def event(self) -> Response:
        """Made when somebody asks: of a response that is new nobody does."""
        head = self.head
        return Response(
            self.response,
            self.revision,
            head.campaign.code,
            head.campaign.version,
            head.group,
            head.channel,
            Encoded(self.raw),
            self.comment,
        )

    @property
    def row(self) -> Row:
        """The row that it leaves where there is none: that of `revisions.after`."""
        head = self.head
        campaign = head.campaign
        return Row(
            campaign.code,
            campaign.version,
            head.group,
            self.revision,
            self.digest,
            Encoded(self.raw),
            withdrawn=False,
        )


def row_of(row: Row | Answered) -> Row:
    """The row that a response stands for, or the row itself."""
    return row.row if isinstance(row, Answered) else row


class _Answer(NamedTuple):
    """What one answer of a group is: its place, as BSON, its worth and weight, and its leaf's place in the order."""

    option: str
    place: int
    raw: bytes
    worth: int
    weight: int
    leaf: int


class _Run(NamedTuple):
    """What answers are that follow each other: their places and BSON, what they are worth in sum."""

    places: bytes
    """An array of `PLACES`."""
    raw: bytes
    worth: int
    weight: int
    option: str | None
    """The one that all of them are, where that is so."""


class _Part(dict[bytes, _Run]):
    """The answers to some leaves that follow each other, one to each: looked up together, made when first met."""

    def __init__(self, answers: _Answers, leaves: Sequence[int], most: int) -> None:
        super().__init__()
        self._answers = answers
        self._leaves = leaves
        self._most = most

    def __missing__(self, text: bytes) -> _Run:
        found = self._answers.each(text)
        if [answer.leaf for answer in found] != self._leaves:
            raise KeyError(text)
        run = _run(found)
        if len(self) < self._most:
            self[text] = run
        return run


class _Answers:
    """The answers that a group may give about a unit, as a record has them.

    Forms that are filled in whole have one length, where the options of each leaf have. They are cut at the same
    places, and the same few answers come again and again: what these are is kept.
    """

    def __init__(self, one: Mapping[bytes, _Answer]) -> None:
        self._one = one
        by_leaf = _by_leaf(one)
        leaves = list(by_leaf)
        lengths = [{len(text) for text in texts} for texts in by_leaf.values()]
        ends = list(accumulate(max(each) + 1 for each in lengths))
        self._whole = ends[-1] if ends and all(len(each) == 1 for each in lengths) else 0
        parts = [leaves[start : start + RUN] for start in range(0, len(leaves), RUN)]
        self._parts = [_Part(self, part, MOST_RUNS // len(parts)) for part in parts]
        cuts = pairwise([0, *ends[RUN - 1 : -1 : RUN], *ends[-1:]])
        self._cut = struct.Struct("".join(f"{end - start}s" for start, end in cuts)).unpack

    def read(self, text: bytes) -> tuple[bytes, bytes, int, int, str | None]:
        """What a unit's answers are together, as `_Run` has it.

        Raises:
            KeyError: a piece is in no table, or they are not in order.
        """
        text += b","
        if len(text) == self._whole:
            try:
                # As many of each by how they are made; to check it would take as long as a look-up.
                places, raws, worths, weights, options = zip(*map(getitem, self._parts, self._cut(text)))  # noqa: B905
            except KeyError:
                # Not whole all the same, or wrong.
                pass
            else:
                option = options[0] if options.count(options[0]) == len(options) else None
                return b"".join(places), b"".join(raws), sum(worths), sum(weights), option
        found = self.each(text)
        if any(before.leaf >= after.leaf for before, after in pairwise(found)):
            raise KeyError(text)
        return _run(found)

    def each(self, text: bytes) -> list[_Answer]:
        """What answers are, each with a comma behind it.

        Raises:
            KeyError: one is in no table.
        """
        *texts, rest = text.split(b",")
        if rest or not texts:
            raise KeyError(text)
        return [self._one[text] for text in texts]


def _run(found: Sequence[_Answer]) -> _Run:
    options = {answer.option for answer in found}
    return _Run(
        array(PLACES, [answer.place for answer in found]).tobytes(),
        b"".join([answer.raw for answer in found]),
        sum([answer.worth for answer in found]),
        sum([answer.weight for answer in found]),
        options.pop() if len(options) == 1 else None,
    )


class _Unit(NamedTuple):
    """A unit as a group rates it."""

    code: str
    raw: bytes
    rounded: Rounding
    answers: _Answers


class Forms:
    """Reads the responses to the definitions that it was told of."""

    def __init__(self) -> None:
        self._heads: dict[bytes, tuple[str, dict[int, Head]]] = {}
        """What stands before the ratings → campaign, and what follows by the version that answers are weighed by."""

    def learn(self, campaign: Campaign, contribution: Contribution, weighed: int) -> None:
        """Makes the tables of a definition, with contributions of a version that may be another."""
        before = f'{{"campaign":"{campaign.code}",'
        version = f'"campaign_version":{campaign.version},'
        around = slice(0, len(before)), slice(len(before) + len(version), None)
        for group in campaign.group:
            units = _units(campaign, contribution, group)
            for channel in CHANNELS:
                start = f'{before}{version}"channel":"{channel}","group":"{group}"'
                _, heads = self._heads.setdefault(start.encode(), (campaign.code, {}))
                heads[weighed] = Head(campaign, campaign.code, channel, group, units, around)

    def read(self, value: bytes, weighed: Mapping[str, int]) -> Answered | None:
        """Reads a response's content; None when that is not of the one form, or the definition is not known here.

        Args:
            value: of the record.
            weighed: by campaign, the version by which answers are weighed.
        """
        start, _, rest = value.partition(RATINGS)
        ratings, _, end = rest.rpartition(RESPONSE)
        found, comment = self._heads.get(start), None
        if found is None and (commented := COMMENT.fullmatch(start)) is not None:
            found, comment = self._heads.get(commented[1] + commented[3]), commented[2]
        named = END.fullmatch(end)
        if found is None or named is None or not ratings.endswith(b"}"):
            return None
        code, heads = found
        head = heads.get(weighed[code])
        if head is None:
            return None
        try:
            said = None if comment is None else comment.decode()
            counts, raw, long, straight = _read(head, ratings)
        except (KeyError, UnicodeDecodeError):
            return None
        before, after = head.around
        hashed = hashlib.sha256(value[before] + value[after]).hexdigest()
        response, revision = named[1].decode(), int(named[2])
        parts = head, response, revision, hashed, raw, counts, long, straight, said
        answered: Answered = new(Answered, parts)
        return answered


def _read(head: Head, ratings: bytes) -> tuple[Mapping[str, Rated], bytes, int, int]:
    """What a response counts, by unit, its ratings as BSON, and how they are filled in.

    Raises:
        KeyError: a piece is in no table, or they are not in order.
    """
    counts: dict[str, Rated] = {}
    parts: list[bytes] = []
    before = b""
    long = straight = 0
    for text in ratings[:-1].split(b"},"):
        name, _, answers = text.partition(b":{")
        code, start, rounded, known = head.units[name]
        if name <= before:
            raise KeyError(name)
        before = name
        places, raw, earned, answered, option = known.read(answers)
        parts += start, _length(len(raw) + 5), raw, b"\0"
        counts[code] = places, rounded(earned, answered)
        if len(places) >= _LONG:
            long += 1
            straight += option is not None
    body = b"".join(parts)
    return counts, b"%b%b\0" % (_length(len(body) + 5), body), long, straight


def _units(campaign: Campaign, contribution: Contribution, group: str) -> Mapping[bytes, _Unit]:
    """The units that a group rates, by their names as a record has them."""
    blocks = campaign.group[group].rates
    answers = {
        # About a unit of a later version no answer is an opinion.
        (block, known): _answers(campaign, contribution.worth(group, block) if known else {}, group, block)
        for block in blocks
        for known in (True, False)
    }
    rounding = {block: contribution.rounding(group, block) for block in blocks}
    return {
        b'"%b"' % unit.code.encode(): _Unit(
            unit.code,
            b"\x03%b\0" % unit.code.encode(),
            rounding[unit.block],
            answers[unit.block, contribution.knows(unit.code)],
        )
        for unit in campaign.units
        if unit.block in blocks
    }


def _answers(campaign: Campaign, worths: Worths, group: str, block: str) -> _Answers:
    """The answers that a group may give about the units of a block."""
    places = campaign.place.get(group, {})
    answers = {}
    # By a later version the group may be asked more, and by an earlier one less.
    asked = (leaf.code for leaf in campaign.leaves if group in campaign.raters(leaf, block))
    for number, leaf in enumerate(sorted(asked)):
        weight, options = worths.get(leaf, NOT_ASKED)
        for option, place in places.get(leaf, {}).items():
            raw = b"\x02%b\0" % leaf.encode() + _text(option)
            worth = options.get(option)
            sums = (0, 0) if worth is None else (worth, weight)
            answers[f'"{leaf}":"{option}"'.encode()] = _Answer(option, place, raw, *sums, number)
    return _Answers(answers)


def _by_leaf(answers: Mapping[bytes, _Answer]) -> Mapping[int, Sequence[bytes]]:
    """The texts of answers, leaf by leaf in order."""
    texts: dict[int, list[bytes]] = {}
    for text, answer in answers.items():
        texts.setdefault(answer.leaf, []).append(text)
    return {leaf: texts[leaf] for leaf in sorted(texts)}


def _text(text: str) -> bytes:
    raw = text.encode()
    return _length(len(raw) + 1) + raw + b"\0"
