"""What a query asks for, checked against the definition: a ranking's view, a response's receipt."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from flask import Request

from services.common import problems
from services.common.campaign import Campaign
from services.common.problems import Fault, Problem
from services.reporting.rankings import View
from services.reporting.status import Receipt

RESPONSE = re.compile(r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
DIGEST = re.compile(r"^[0-9a-f]{64}$")
NUMBER = re.compile(r"^[0-9]{1,15}$")


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


def view(request: Request, campaign: Campaign) -> View:
    """The ranking that a query asks for. The block may be left out where there is only one.

    Raises:
        Problem: 422, with what there is to choose from.
    """
    given = query(request, "block", "field", "group")
    block, field, group = given.get("block"), given.get("field"), given.get("group")
    if block is None:
        if len(campaign.blocks) > 1:
            raise _unfit("block", "required", "units are ranked within their block: say which", campaign.block)
        block = campaign.blocks[0].code
    if block not in campaign.block:
        raise _unfit("block", "unknown-code", f"there is no block {block!r}", campaign.block)
    fields = [found.code for found in campaign.fields]
    if field is not None and field not in fields:
        raise _unfit("field", "unknown-code", f"there is no field {field!r}", fields)
    raters = [code for code, found in campaign.group.items() if block in found.rates]
    if group is not None and group not in raters:
        raise _unfit("group", "unknown-code", f"there is no group {group!r} that rates block {block!r}", raters)
    return View(block, field, group)


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
