"""Made-up campaigns for property tests: hypothesis strategies over valid definitions."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

from hypothesis import strategies as st

from services.common.campaign import (
    CODE_PATTERN,
    Adjustments,
    Band,
    Block,
    Campaign,
    Criterion,
    Field,
    Group,
    Leaf,
    Option,
    Quota,
    Rules,
    Scale,
    Text,
    Unit,
)

CODES = st.from_regex(CODE_PATTERN.removesuffix("$") + r"\Z")
WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
TEXTS = st.builds(Text, WORDS, st.none() | WORDS)


def exact(least: str, most: str) -> st.SearchStrategy[Decimal]:
    return st.decimals(least, most, places=6) | st.decimals(least, most, places=1)


def codes(least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(CODES, min_size=least, max_size=most, unique=True)


@st.composite
def scales(draw: st.DrawFn, code: str) -> Scale:
    names = draw(codes(1, 5))
    percents = [draw(exact("0", "100")), *(draw(st.none() | exact("0", "100")) for _ in names[1:])]
    return Scale(code, tuple(Option(name, draw(TEXTS), percent) for name, percent in zip(names, percents, strict=True)))


@st.composite
def leaves(draw: st.DrawFn, code: str, groups: list[str], scale_codes: list[str]) -> Leaf:
    points = draw(exact("0.1", "100"))
    if not groups or not scale_codes or draw(st.booleans()):
        return Leaf(code, draw(TEXTS), points, "appraisal")
    own = tuple(draw(st.lists(st.sampled_from(groups), min_size=1, unique=True)))
    weighted = draw(st.lists(st.sampled_from(own), unique=True))
    return Leaf(
        code,
        draw(TEXTS),
        points,
        "survey",
        scale=draw(st.sampled_from(scale_codes)),
        groups=own,
        weights={group: draw(exact("0.1", "10")) for group in weighted},
        question=draw(st.none() | TEXTS),
    )


@st.composite
def campaigns(draw: st.DrawFn) -> Campaign:
    blocks = draw(codes(1, 3))
    opens = draw(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001 (the offset follows)
    offset = timezone(timedelta(minutes=draw(st.integers(-12 * 60, 14 * 60))))
    units = draw(codes(len(blocks), 6))
    groups = draw(codes(0, 3))
    scale_codes = draw(codes(0, 3))
    leaf_codes = draw(codes(1, 6))
    split = draw(st.integers(1, len(leaf_codes)))
    parts = [part for part in (leaf_codes[:split], leaf_codes[split:]) if part]
    return Campaign(
        code=draw(CODES),
        title=draw(TEXTS),
        opens=opens.replace(tzinfo=offset),
        closes=(opens + timedelta(days=draw(st.integers(1, 90)))).replace(tzinfo=offset),
        blocks=tuple(Block(code, draw(TEXTS)) for code in blocks),
        units=tuple(
            Unit(
                code,
                draw(TEXTS),
                blocks[row % len(blocks)],
                draw(st.none() | st.just((row, 2 * row))),
                draw(st.none() | st.lists(CODES, max_size=2, unique=True).map(tuple)),
            )
            for row, code in enumerate(units)
        ),
        groups=tuple(
            Group(
                code,
                draw(TEXTS),
                tuple(draw(st.lists(st.sampled_from(blocks), min_size=1, unique=True))),
                draw(exact("0.1", "10")),
                draw(
                    st.none() | st.builds(Quota, st.sampled_from(["unit", "block", "campaign"]), st.integers(1, 10**9))
                ),
                draw(st.sampled_from(["invitation", "open"])),
            )
            for code in groups
        ),
        scales=tuple(draw(scales(code)) for code in scale_codes),
        fields=tuple(
            Field(
                f"f{number}",
                draw(TEXTS),
                (
                    Criterion(
                        f"c{number}",
                        draw(TEXTS),
                        tuple(draw(leaves(code, groups, scale_codes)) for code in part),
                    ),
                ),
            )
            for number, part in enumerate(parts)
        ),
        adjustments=draw(st.builds(Adjustments, exact("0", "100"), exact("0", "100"))),
        bands=tuple(
            Band(floor, draw(TEXTS))
            for floor in sorted(draw(st.lists(exact("0", "100"), max_size=4, unique=True)), reverse=True)
        ),
        rules=draw(
            st.builds(
                Rules,
                st.integers(0, 6),
                st.sampled_from(["shared", "dense"]),
                st.sampled_from(["index", "field"]),
                st.integers(1, 100),
                st.integers(0, 100),
                st.sampled_from(["until_close", "none"]),
                st.sampled_from(["public", "private"]),
            )
        ),
        version=draw(st.integers(0, 1000)),
    )
