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
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple

import bson

from services.common.campaign import Campaign
from services.common.contribution import NOT_ASKED, Contribution, Worths
from services.common.events import CHANNELS, Channel, Response
from services.scoring.tallies import Units

RATINGS = b',"ratings":{'
RESPONSE = b'},"response":"'
END = re.compile(rb'([0-9a-f-]{36})","revision":([1-9][0-9]{0,14})\}')
COMMENT = re.compile(rb'(.*),"comment":"([^"\\\x00-\x1f]*)"(,"group":"[^"]*")')
"""A comment that is written as it is read. Others have escapes."""

RUN = 4
"""Answers that are looked up together: of five options each they can be so many that the memory bears it."""
MOST_RUNS = 8_000
"""That are kept of a group's answers about a block, some 600 bytes each."""

_length = struct.Struct("<i").pack


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


class Answered(NamedTuple):
    """What a record says: the event, its digest, and where its answers count."""

    event: Response
    digest: str
    campaign: Campaign
    units: Units


class _Answer(NamedTuple):
    """What one answer of a group is: its place, as BSON, its worth and weight, and its leaf's place in the order."""

    place: int
    raw: bytes
    worth: int
    weight: int
    leaf: int


class _Run(NamedTuple):
    """What answers are that follow each other: their places and BSON, what they are worth in sum, their leaves."""

    places: Sequence[int]
    raw: bytes
    worth: int
    weight: int
    first: int
    last: int


class _Answers:
    """The answers that a group may give about a unit, as a record has them.

    Forms that are filled in whole have one length, where the options of each leaf have. They are cut at the same
    places, and the same few answers come again and again: what these are is kept.
    """

    def __init__(self, one: Mapping[bytes, _Answer]) -> None:
        self._one = one
        self._runs: dict[bytes, _Run] = {}
        lengths = [{len(text) for text in texts} for texts in _by_leaf(one)]
        ends = list(accumulate(max(each) + 1 for each in lengths))
        self._whole = ends[-1] if ends and all(len(each) == 1 for each in lengths) else 0
        cuts = [0, *ends[RUN - 1 : -1 : RUN], *ends[-1:]]
        self._cuts = [slice(start, end) for start, end in pairwise(cuts)]

    def runs(self, text: bytes) -> Sequence[_Run]:
        """What a unit's answers are, in runs.

        Raises:
            KeyError: a piece is in no table, or they are not in order.
        """
        text += b","
        if len(text) != self._whole:
            return [self._run(text)]
        kept = self._runs
        return [kept.get(text[cut]) or self._kept(text[cut]) for cut in self._cuts]

    def _kept(self, text: bytes) -> _Run:
        found = self._run(text)
        if len(self._runs) < MOST_RUNS:
            self._runs[text] = found
        return found

    def _run(self, text: bytes) -> _Run:
        """What answers are, each with a comma behind it."""
        *texts, rest = text.split(b",")
        if rest or not texts:
            raise KeyError(text)
        found = [self._one[text] for text in texts]
        if any(before.leaf >= after.leaf for before, after in pairwise(found)):
            raise KeyError(text)
        return _Run(
            [answer.place for answer in found],
            b"".join([answer.raw for answer in found]),
            sum([answer.worth for answer in found]),
            sum([answer.weight for answer in found]),
            found[0].leaf,
            found[-1].leaf,
        )


class _Unit(NamedTuple):
    """A unit as a group rates it."""

    code: str
    raw: bytes
    block: str
    answers: _Answers


class _Head(NamedTuple):
    """What stands before the ratings of a response, and what follows from it."""

    campaign: Campaign
    contribution: Contribution
    channel: Channel
    group: str
    units: Mapping[bytes, _Unit]
    version: slice
    """Where the version of the definition stands, which is no part of what was said."""


class Forms:
    """Reads the responses to the definitions that it was told of."""

    def __init__(self) -> None:
        self._heads: dict[bytes, tuple[str, dict[int, _Head]]] = {}
        """What stands before the ratings → campaign, and what follows by the version that answers are weighed by."""

    def learn(self, campaign: Campaign, contribution: Contribution, weighed: int) -> None:
        """Makes the tables of a definition, with contributions of a version that may be another."""
        before = f'{{"campaign":"{campaign.code}",'
        version = f'"campaign_version":{campaign.version},'
        place = slice(len(before), len(before) + len(version))
        for group in campaign.group:
            units = _units(campaign, contribution, group)
            for channel in CHANNELS:
                start = f'{before}{version}"channel":"{channel}","group":"{group}"'
                _, heads = self._heads.setdefault(start.encode(), (campaign.code, {}))
                heads[weighed] = _Head(campaign, contribution, channel, group, units, place)

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
            units, raw = _read(head, ratings)
        except (KeyError, UnicodeDecodeError):
            return None
        if raw is None:
            return None
        response, revision = named[1].decode(), int(named[2])
        campaign = head.campaign
        event = Response(
            response, revision, campaign.code, campaign.version, head.group, head.channel, Encoded(raw), said
        )
        content = value[: head.version.start] + value[head.version.stop :]
        return Answered(event, hashlib.sha256(content).hexdigest(), campaign, units)


def _read(head: _Head, ratings: bytes) -> tuple[Units, bytes | None]:
    """The places and contributions of ratings, by unit, and the ratings as BSON; None when they are not in order.

    Raises:
        KeyError: a piece is in no table.
    """
    units: dict[str, tuple[Sequence[int], int | None]] = {}
    parts = [b""]
    before = b""
    for text in ratings[:-1].split(b"},"):
        name, _, answers = text.partition(b":{")
        code, start, block, known = head.units[name]
        if name <= before:
            return units, None
        before = name
        places: list[int] = []
        raws = []
        earned = answered = 0
        before_leaf = -1
        for found, raw, worth, weight, first, last in known.runs(answers):
            if first <= before_leaf:
                return units, None
            before_leaf = last
            places += found
            raws.append(raw)
            earned += worth
            answered += weight
        body = b"".join(raws)
        parts += start, _length(len(body) + 5), body, b"\0"
        units[code] = places, head.contribution.rounded(head.group, block, earned, answered)
    parts[0] = _length(sum(map(len, parts)) + 5)
    parts.append(b"\0")
    return units, b"".join(parts)


def _units(campaign: Campaign, contribution: Contribution, group: str) -> Mapping[bytes, _Unit]:
    """The units that a group rates, by their names as a record has them."""
    blocks = campaign.group[group].rates
    answers = {
        # About a unit of a later version no answer is an opinion.
        (block, known): _answers(campaign, contribution.worth(group, block) if known else {}, group, block)
        for block in blocks
        for known in (True, False)
    }
    return {
        b'"%b"' % unit.code.encode(): _Unit(
            unit.code,
            b"\x03%b\0" % unit.code.encode(),
            unit.block,
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
            answers[f'"{leaf}":"{option}"'.encode()] = _Answer(place, raw, *sums, number)
    return _Answers(answers)


def _by_leaf(answers: Mapping[bytes, _Answer]) -> Iterable[Sequence[bytes]]:
    """The texts of answers, leaf by leaf in order."""
    texts: dict[int, list[bytes]] = {}
    for text, answer in answers.items():
        texts.setdefault(answer.leaf, []).append(text)
    return [texts[leaf] for leaf in sorted(texts)]


def _text(text: str) -> bytes:
    raw = text.encode()
    return _length(len(raw) + 1) + raw + b"\0"
