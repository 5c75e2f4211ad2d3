"""Repeats a simulated survey whose truth is known: how often are true indices and true ranks in the shown intervals?

`python -m tests.unit.repeated_surveys` repeats the survey of the example 200 times and prints it (docs/method.md).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import click

from services.cli.simulation.population import Population
from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.campaign_versions import extended_layout
from services.common.contribution import Contribution
from services.common.index import Formula
from services.common.rank_intervals import Estimate, rank_intervals
from services.common.ranking import ranks
from services.common.uncertainty import SamplingErrors, interval
from services.common.unit_index import GroupTally, Moments

EXAMPLE = Path(__file__).parents[2] / "examples" / "hanoi-2022.yaml"
FORMS = 8_000
"""Of the 21,000 that the quotas of the example come to: enough that every group of a unit has some."""


@dataclass
class Found:
    """Over surveys: units with an error; those whose true index, and whose true rank, was in its interval; surveys in
    which all true ranks of all blocks were; and the sum of the rank intervals' widths."""

    surveys: int = 0
    units: int = 0
    indices: int = 0
    ranks: int = 0
    together: int = 0
    width: int = 0

    def add(self, other: Found) -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def example(units: int | None = None) -> Campaign:
    """The example as published, or as many units of each of its blocks."""
    campaign = campaign_schema.parse(EXAMPLE.read_bytes())
    if units is not None:
        kept = [unit for block in campaign.block for unit in [u for u in campaign.units if u.block == block][:units]]
        campaign = replace(campaign, units=tuple(kept))
    return replace(campaign, version=1, layout=extended_layout(campaign, {}))


def surveyed(campaign: Campaign, seed: int, forms: int) -> Found:
    """One survey of one population."""
    population = Population(campaign, seed)
    tallies = _tallies(campaign, population, forms)
    formula, errors, truth = Formula(campaign), SamplingErrors(campaign), population.truth
    found = Found(surveys=1)
    all_in = True
    for block in campaign.block:
        codes = [unit.code for unit in campaign.units if unit.block == block]
        results = {code: formula.compute(code, tallies[code], population.appraisals[code]) for code in codes}
        estimates = [Estimate(float(results[code].index or 0), errors.of(code, results[code]).se) for code in codes]
        places = ranks({code: truth[code] for code in codes}, "shared")
        for code, estimate, limits in zip(codes, estimates, rank_intervals(estimates), strict=True):
            index, true, rank = results[code].index, truth[code], places[code].rank
            if estimate.se is None or limits is None or index is None or true is None or rank is None:
                continue
            low, high = interval(index, estimate.se)
            found.units += 1
            found.indices += low <= true <= high
            found.ranks += limits[0] <= rank <= limits[1]
            found.width += limits[1] - limits[0] + 1
            all_in &= limits[0] <= rank <= limits[1]
    found.together = int(all_in)
    return found


def _tallies(campaign: Campaign, population: Population, forms: int) -> Mapping[str, Mapping[str, GroupTally]]:
    contribution = Contribution(campaign)
    counts = {unit: {group: [0] * len(places) for group, places in campaign.layout.items()} for unit in campaign.unit}
    xs: dict[tuple[str, str], list[int]] = defaultdict(list)
    for response in population.responses(forms):
        places = campaign.place[response.group]
        for unit, answers in response.ratings.items():
            counted = counts[unit][response.group]
            for leaf, option in answers.items():
                counted[places[leaf][option]] += 1
            x = contribution.of(response.group, unit, answers)
            if x is not None:
                xs[unit, response.group].append(x)

    def tally(unit: str, group: str) -> GroupTally:
        given = xs[unit, group]
        return GroupTally(len(given), counts[unit][group], Moments(len(given), sum(given), sum(x * x for x in given)))

    return {unit: {group: tally(unit, group) for group in campaign.group} for unit in campaign.unit}


def repeated(campaign: Campaign, surveys: int, forms: int) -> Iterator[Found]:
    """What each survey finds; every one is of a population of its own."""
    return (surveyed(campaign, seed, forms) for seed in range(surveys))


@click.command()
@click.option("--surveys", default=200, show_default=True)
@click.option("--forms", default=FORMS, show_default=True, help="Of each survey.")
def main(surveys: int, forms: int) -> None:
    """Print how often the truth was in the intervals."""
    campaign, found = example(), Found()
    with click.progressbar(repeated(campaign, surveys, forms), length=surveys) as steps:
        for one in steps:
            found.add(one)
    click.echo(
        f"{found.surveys} surveys of {forms:,} forms, {found.units:,} units with an error\n"
        f"true index in its 95 % interval:       {found.indices / found.units:.1%}\n"
        f"true rank in its interval:             {found.ranks / found.units:.1%}\n"
        f"all true ranks of both blocks in them: {found.together / found.surveys:.1%}\n"
        f"mean width of a rank interval:         {found.width / found.units:.1f} ranks"
    )


if __name__ == "__main__":
    main()
