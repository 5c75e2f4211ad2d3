"""What a simulated survey came to: each ranking beside the truth, and what was sent beside what counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from statistics import correlation, fmean
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from services.cli.simulation.sender import Delivery
from services.cli.simulation.trial import Verdict
from services.common.campaign import Block, Campaign
from services.common.ranking import ranks, shown

FEWEST_FOR_CORRELATION = 3


def print_ranking(
    console: Console, campaign: Campaign, block: Block, ranking: Mapping[str, Any], truth: Mapping[str, Fraction | None]
) -> None:
    """A block's ranking as served, each unit beside its true index and rank."""
    members = {unit.code: truth[unit.code] for unit in campaign.units if unit.block == block.code}
    true_ranks = ranks(members, campaign.rules.ties)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("rank", "unit", "index", "truth", "its rank", "off by", "responses", "grade"):
        # Where it is narrow the names of units give way.
        table.add_column(column, justify="left" if column in {"unit", "grade"} else "right", no_wrap=column != "unit")
    pairs = []
    for row in ranking["rows"]:
        code, true = row["unit"], members[row["unit"]]
        measured = None if row["index_exact"] is None else Fraction(row["index_exact"])
        if measured is not None and true is not None:
            pairs.append((measured, true))
        table.add_row(
            "" if row["rank"] is None else str(row["rank"]),
            Text(campaign.unit[code].name.vi),
            (row["index"] or "") + ("*" if row["provisional"] else ""),
            "" if true is None else shown(true, campaign.rules.decimals),
            str(true_ranks[code].rank or ""),
            "" if measured is None or true is None else _signed(measured - true, campaign.rules.decimals),
            f"{row['n']:,}",
            Text(row["band"]["vi"] if row["band"] else ""),
        )
    console.print()
    english = f" ({block.name.en})" if block.name.en else ""
    console.print(f"{block.name.vi}{english}: {len(members)} units", style="bold", markup=False, highlight=False)
    console.print(table)
    if any(row["provisional"] for row in ranking["rows"]):
        console.print("* provisional: some questions have no answers yet", markup=False, highlight=False)
    if len(pairs) >= FEWEST_FOR_CORRELATION:
        away = [abs(float(measured - true)) for measured, true in pairs]
        rank_correlation = f"Spearman {spearman(pairs):.3f}, Kendall {kendall(pairs):.3f}"
        off = f"off by {fmean(away):.2f} of 100 on average, {max(away):.2f} at most"
        console.print(f"Rank correlation with the truth: {rank_correlation}; {off}", markup=False, highlight=False)


def print_counts(console: Console, delivery: Delivery, verdict: Verdict) -> None:
    """What was sent and what of it counts."""
    sent = delivery.acknowledged
    console.print()
    acknowledged = (
        f"Acknowledged: {sent['response']:,} responses, {sent['again']:,} of them sent twice, {sent['edit']:,} edited, "
        f"{sent['withdrawal']:,} withdrawn; refused: {delivery.refused:,} with an impossible answer."
    )
    counted = f"Counted: {verdict.counted:,}; that is each response once, without the withdrawn: {verdict.expected:,}."
    indices = "Every index equals, to the last of 30 decimals, the one reckoned from what was acknowledged."
    if verdict.differing:
        indices = f"NOT the index reckoned from what was acknowledged: {', '.join(verdict.differing)}."
    for line in (acknowledged, counted, indices):
        console.print(line, markup=False, highlight=False)


def spearman(pairs: Sequence[tuple[Fraction, Fraction]]) -> float:
    """Spearman's rank correlation: Pearson's of the ranks, ties sharing their mean rank."""
    first, second = zip(*pairs, strict=True)
    if len(set(first)) == 1 or len(set(second)) == 1:
        return float("nan")
    return correlation(_mean_ranks(first), _mean_ranks(second))


def kendall(pairs: Sequence[tuple[Fraction, Fraction]]) -> float:
    """Kendall's tau-a: pairs in the same order less pairs in the other, of all pairs."""
    agreement = total = 0
    for number, (a, b) in enumerate(pairs):
        for c, d in pairs[:number]:
            total += 1
            product = (a - c) * (b - d)
            agreement += (product > 0) - (product < 0)
    return agreement / total


def _mean_ranks(values: Sequence[Fraction]) -> list[float]:
    ordered = sorted(values)
    first = {value: place for place, value in reversed(list(enumerate(ordered)))}
    last = {value: place for place, value in enumerate(ordered)}
    return [(first[value] + last[value]) / 2 for value in values]


def _signed(value: Fraction, decimals: int) -> str:
    text = shown(value, decimals)
    return text if text.startswith("-") else f"+{text}"
