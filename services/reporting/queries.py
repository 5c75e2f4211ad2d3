"""What a query asks for, checked against the definition: a ranking's view, a response's receipt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from flask import Request

from services.common import problems
from services.common.campaign import Campaign
from services.common.problems import Fault, Problem
from services.reporting.rankings import View
from services.reporting.status import Receipt

RESPONSE = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
DIGEST = re.compile(r"^[0-9a-f]{64}$")
NUMBER = re.compile(r"^[0-9]{1,15}$")
DRAWS, SEED = 1_000, 1
MOST_DRAWS, MOST_RANKS = 10_000, 20_000_000
"""Of draws, and of draws times the block's units: some 4 s of work, in stretches."""
MOST_SEED = 10**15 - 1


class Draws(NamedTuple):
    """Which draws: of the block's field weights, how many, from which seed."""

    block: str
    draws: int
    seed: int


def query(request: Request, *allowed: str) -> Mapping[str, str]:
    """The parameters of the query, each at most once and none that is unknown.

    A misspelt parameter that was passed over would answer another question than the one asked.

    Raises:
        Problem: 422, naming what is wrong and what is allowed.
    """
    given = request.args
    if not given:
        return {}
    faults = []
    for name, values in given.lists():
        if name not in allowed:
            known = ", ".join(allowed) or "there are none"
            faults.append(Fault(_pointer(name), "unknown-parameter", f"no such parameter here; known: {known}"))
        elif len(values) > 1:
            faults.append(Fault(_pointer(name), "repeated", "give this parameter once"))
    if faults:
        raise Problem(problems.INVALID, "the query cannot be answered as it is", faults)
    return given


def views(request: Request, campaign: Campaign, *more: str, all_blocks: bool = False) -> list[View]:
    """The ranking that a query asks for. The block may be left out where there is only one.

    Args:
        request: for its query.
        campaign: for the codes there are.
        more: other parameters that the query may have.
        all_blocks: whether without a block the rankings of all are asked for.

    Raises:
        Problem: 422, with what there is to choose from.
    """
    given = query(request, "block", "field", "group", *more)
    block, field, group = given.get("block"), given.get("field"), given.get("group")
    blocks = list(campaign.block) if block is None and all_blocks else [_block(given, campaign)]
    fields = [found.code for found in campaign.fields]
    if field is not None and field not in fields:
        raise _unfit("field", "unknown-code", f"there is no field {field!r}", fields)
    rated = [block for block in blocks if group is None or group in _raters(campaign, block)]
    if not rated:
        raters = dict.fromkeys(rater for block in blocks for rater in _raters(campaign, block))
        raise _unfit("group", "unknown-code", f"there is no group {group!r} that rates block {blocks[0]!r}", raters)
    return [View(block, field, group) for block in rated]


def view(request: Request, campaign: Campaign, *more: str) -> View:
    """The one ranking that a query asks for; see `views`."""
    (found,) = views(request, campaign, *more)
    return found


def ranking_named(request: Request, campaign: Campaign) -> View | None:
    """The ranking that a stream of events names by its block; None without one.

    Raises:
        Problem: 422, with what there is to choose from.
    """
    given = query(request, "block", "field", "group")
    return views(request, campaign)[0] if given else None


def without_field(request: Request, campaign: Campaign) -> View:
    """The ranking that a query asks for where all fields are told: it names none.

    Raises:
        Problem: as `views`.
    """
    query(request, "block", "group")
    return view(request, campaign)


def choice(given: Mapping[str, str], name: str, known: Iterable[str]) -> str | None:
    """A parameter that names one of a few things; None where it is not given.

    Raises:
        Problem: 422, with what there is to choose from.
    """
    value = given.get(name)
    if value is not None and value not in known:
        raise _unfit(name, "unknown-value", f"{name} cannot be {value!r}", known)
    return value


def _raters(campaign: Campaign, block: str) -> list[str]:
    return [code for code, found in campaign.group.items() if block in found.rates]


def draws(request: Request, campaign: Campaign) -> Draws:
    """The draws that a query asks for, of a block's field weights.

    Raises:
        Problem: 422, with what there is to choose from, or the most that a block of its size is given.
    """
    given = query(request, "block", "draws", "seed")
    block = _block(given, campaign)
    units = sum(1 for unit in campaign.units if unit.block == block)
    most = min(MOST_DRAWS, MOST_RANKS // max(1, units))
    return Draws(block, _whole(given, "draws", min(DRAWS, most), 1, most), _whole(given, "seed", SEED, 0, MOST_SEED))


def compared(request: Request) -> tuple[str, str]:
    """The codes of the two campaigns that a query asks to compare, the earlier first.

    Raises:
        Problem: 422, they are not two.
    """
    codes = query(request, "campaigns", "block").get("campaigns", "").split(",")
    if len(codes) != len(("earlier", "later")) or not all(codes):
        fault = Fault(_pointer("campaigns"), "not-two", "the codes of two campaigns with a comma between them")
        raise Problem(problems.INVALID, "two campaigns are compared: the earlier, then the later", [fault])
    return codes[0], codes[1]


def block(request: Request, campaign: Campaign) -> str:
    """The block that a query asks for. It may be left out where there is only one.

    Raises:
        Problem: 422, with those there are.
    """
    return _block(request.args, campaign)


def _block(given: Mapping[str, str], campaign: Campaign) -> str:
    """The block that is asked for; it may be left out where there is only one."""
    block = given.get("block")
    if block is None:
        if len(campaign.blocks) > 1:
            raise _unfit("block", "required", "units are ranked within their block: say which", campaign.block)
        return campaign.blocks[0].code
    if block not in campaign.block:
        raise _unfit("block", "unknown-code", f"there is no block {block!r}", campaign.block)
    return block


def _whole(given: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = given.get(name)
    if text is None:
        return default
    if not NUMBER.fullmatch(text) or not least <= int(text) <= most:
        detail = f"a whole number from {least} to {most}"
        raise Problem(problems.INVALID, f"{name} cannot be {text!r}", [Fault(_pointer(name), "out-of-range", detail)])
    return int(text)


def receipt(request: Request, campaign: str, response: str) -> Receipt:
    """The receipt that an address and its query make: the id alone, with a revision, a digest, a place in the log.

    Raises:
        Problem: 404, this is no id of a response; 422, parts that are no such, or lack what they belong to.
    """
    given = query(request, "revision", "digest", "partition", "offset")
    id_ = response.lower()
    if not RESPONSE.fullmatch(id_):
        raise Problem(problems.NOT_FOUND, "a response's id is a UUID, as its receipt has it")
    faults = [
        Fault(_pointer(name), "not-a-number", "a whole number from 0, as the receipt has it")
        for name in ("revision", "partition", "offset")
        if name in given and not NUMBER.fullmatch(given[name])
    ]
    if "digest" in given and not DIGEST.fullmatch(given["digest"]):
        faults.append(Fault(_pointer("digest"), "not-a-digest", "64 hexadecimal digits, as the receipt has them"))
    for name, needed in (("digest", "revision"), ("partition", "offset"), ("offset", "partition")):
        if name in given and needed not in given:
            faults.append(Fault(_pointer(needed), "required", f"{name} says nothing without it"))
    if "offset" in given and "digest" not in given:
        faults.append(Fault(_pointer("digest"), "required", "a place in the log goes with revision and digest"))
    if faults:
        raise Problem(problems.INVALID, "this is no receipt", faults)
    numbers = {name: int(given[name]) for name in ("revision", "partition", "offset") if name in given}
    return Receipt(campaign, id_, digest=given.get("digest"), **numbers)


def _unfit(name: str, code: str, detail: str, known: Iterable[str]) -> Problem:
    return Problem(problems.INVALID, detail, [Fault(_pointer(name), code, f"known: {', '.join(known)}")])


def _pointer(name: str) -> str:
    """Where a fault of a parameter stands: as if the query were an object."""
    return "/" + name.replace("~", "~0").replace("/", "~1")
