"""Campaigns of any size, made of the example's scales: so many units in one block, groups that rate all, questions."""

from __future__ import annotations

import itertools
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random

import orjson

from services.common.campaign import Block, Campaign, Criterion, Field, Group, Leaf, Text, Unit
from tests.bench import wire
from tests.bench.bodies import PATTERNS, SEED, campaign, post
from tests.bench.running import Bench, Wrong
from tests.bench.writing import BATCH_CONNECTIONS, OK, all_taken

QUESTIONS_OF_A_FIELD = 26
EVERYONE = "everyone"


@dataclass(frozen=True, slots=True)
class Shape:
    """How large a campaign is."""

    units: int = 52
    groups: int = 5
    leaves: int = 26

    @property
    def about(self) -> str:
        return f"{self.units:,} units in one block, each rated by {self.groups} groups on {self.leaves} questions"


def shaped(code: str, shape: Shape) -> Campaign:
    """A campaign of a size, all of whose questions are put to all groups about all units."""
    found = campaign()
    groups = tuple(Group(f"g{number}", Text(f"Nhóm {number}"), (EVERYONE,)) for number in range(shape.groups))
    scales = itertools.cycle(scale.code for scale in found.scales)
    leaves = [
        Leaf(
            code=f"q{number}",
            name=Text(f"Câu {number}"),
            max_points=Decimal("1.5"),
            method="survey",
            scale=next(scales),
            groups=tuple(group.code for group in groups),
            question=Text(f"Câu hỏi {number}"),
        )
        for number in range(shape.leaves)
    ]
    fields = [
        Field(f"f{start}", Text(f"Lĩnh vực {start}"), (Criterion(f"c{start}", Text("Tiêu chí"), tuple(part)),))
        for start in range(0, len(leaves), QUESTIONS_OF_A_FIELD)
        if (part := leaves[start : start + QUESTIONS_OF_A_FIELD])
    ]
    return replace(
        found,
        code=code,
        blocks=(Block(EVERYONE, Text("Xã")),),
        units=tuple(Unit(f"u{number}", Text(f"Xã {number}"), EVERYONE) for number in range(shape.units)),
        groups=groups,
        fields=tuple(fields),
    )


def complete(shape: Campaign, units: int) -> Iterator[bytes]:
    """Forms in which every group answers every question about every unit once, so many units in a form."""
    codes = [unit.code for unit in shape.units]
    starts = range(0, len(codes), units)
    return _forms(shape, ((group.code, codes[start : start + units]) for group in shape.groups for start in starts))


def chance(shape: Campaign) -> Iterator[bytes]:
    """Endless forms of any group about any one unit."""
    rng = Random(SEED)  # noqa: S311 - a simulation, not a secret
    groups, units = [group.code for group in shape.groups], [unit.code for unit in shape.units]
    return _forms(shape, ((rng.choice(groups), [rng.choice(units)]) for _ in itertools.count()))


def _forms(shape: Campaign, rated: Iterator[tuple[str, list[str]]]) -> Iterator[bytes]:
    rng = Random(SEED)  # noqa: S311 - likewise
    questions = [(leaf.code, [option.code for option in shape.options(leaf)]) for leaf in shape.leaves]
    patterns = [{leaf: rng.choice(options) for leaf, options in questions} for _ in range(PATTERNS)]
    for group, units in rated:
        ratings = {unit: rng.choice(patterns) for unit in units}
        yield orjson.dumps({"response": str(uuid.uuid4()), "group": group, "ratings": ratings})


def send(bench: Bench, code: str, forms: Iterator[bytes], lines: int) -> int:
    """Sends forms to a campaign, so many in a batch, all of which must be taken; returns how many there were."""
    batches = []
    while batch := list(itertools.islice(forms, lines)):
        batches.append(batch)
    if not batches:
        return 0
    path = f"/v1/campaigns/{code}/responses/batch"
    requests = (post("intake", path, b"\n".join(batch), "application/x-ndjson") for batch in batches)
    sizes = [len(batch) for batch in batches]
    pace = wire.Pace(BATCH_CONNECTIONS, 0.0, fewest=len(batches))
    sample = wire.drive(bench.intake, requests, pace, lambda number, body, _: all_taken(body, sizes[number]))
    if set(sample.statuses) != {OK}:
        raise Wrong(f"expected answers {OK}, got {dict(sample.statuses)}")
    return sum(sizes)
