"""The answers of a response read straight from its record, by tables made of the definition once. Pure.

Intake writes a response in one form only (`events.canonical`), in which the same answer is the same bytes everywhere.
What is of exactly that form is read by looking its pieces up: most of what a response costs would otherwise be spent on
taking its text apart, checking it and writing it down again. Anything else is left to `records.decode`, which gives the
same.
"""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import Mapping

from services.common.campaign import Campaign
from services.common.contribution import Contribution
from services.common.events import CHANNELS
from services.scoring.answer_tables import length, units_of
from services.scoring.answered import Answered, Head, new
from services.scoring.quality import LONG
from services.scoring.tallies import PLACES, Rated

RATINGS = b',"ratings":{'
RESPONSE = b'},"response":"'
END = re.compile(rb'([0-9a-f-]{36})","revision":([1-9][0-9]{0,14})\}')
COMMENT = re.compile(rb'(.*),"comment":"([^"\\\x00-\x1f]*)"(,"group":"[^"]*")')
"""A comment that is written as it is read. Others have escapes."""

_LONG = LONG * array(PLACES).itemsize


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
            units = units_of(campaign, contribution, group)
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
        parts += start, length(len(raw) + 5), raw, b"\0"
        counts[code] = places, rounded(earned, answered)
        if len(places) >= _LONG:
            long += 1
            straight += option is not None
    body = b"".join(parts)
    return counts, b"%b%b\0" % (length(len(body) + 5), body), long, straight
