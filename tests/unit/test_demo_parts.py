"""What the demo is made of: the verdict, the correlations, the stages in a log and on a terminal."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import pytest
from rich.console import Console

from services.cli import stages as stages_module
from services.cli.demo_report import kendall, print_counts, print_ranking, spearman
from services.cli.simulation.population import Population
from services.cli.simulation.reckoning import indices, shares
from services.cli.simulation.sender import Delivery
from services.cli.simulation.trial import Rankings, Verdict, judge
from services.cli.stages import Stages, table
from services.common import campaign_schema
from services.common.campaign import Campaign
from services.common.ranking import exact, shown
from tests.unit.surveys import published

SMALL = Path(__file__).parents[1] / "data" / "small_campaign.yaml"


@pytest.fixture(scope="module")
def small() -> Campaign:
    return published(campaign_schema.parse(SMALL.read_bytes()))


@pytest.fixture
def survey(small: Campaign) -> tuple[Population, Delivery, Rankings]:
    """A survey that was counted right, as reporting serves it."""
    population = Population(small, 5)
    delivery = Delivery(standing={response.response: response for response in population.responses(200)})
    reckoned = indices(small, shares(small, delivery.counted), population.appraisals)
    rankings = {
        block.code: {
            "as_of": {"counted": 200},
            "rows": [
                {
                    "unit": unit.code,
                    "rank": 1,
                    "index": shown(reckoned[unit.code], 2),
                    "index_exact": exact(reckoned[unit.code]),
                    "provisional": unit.code == "w1",
                    "n": 100,
                    "band": None,
                }
                for unit in small.units
                if unit.block == block.code
            ],
        }
        for block in small.blocks
    }
    return population, delivery, rankings


def printed(show: object, *arguments: object) -> str:
    console = Console(file=io.StringIO(), width=120)
    show(console, *arguments)
    return console.file.getvalue()


def test_what_is_right_is_said_to_be(small: Campaign, survey: tuple[Population, Delivery, Rankings]) -> None:
    population, delivery, rankings = survey
    verdict = judge(small, population, delivery, rankings)
    assert verdict == Verdict(200, 200, [])
    assert verdict.right
    assert "Every index equals" in printed(print_counts, delivery, verdict)


def test_a_wrong_last_digit_is_found(small: Campaign, survey: tuple[Population, Delivery, Rankings]) -> None:
    population, delivery, rankings = survey
    row = rankings["ward"]["rows"][1]
    row["index_exact"] = row["index_exact"][:-1] + str((int(row["index_exact"][-1]) + 1) % 10)
    verdict = judge(small, population, delivery, rankings)
    assert verdict.differing == ["002"]
    assert not verdict.right
    assert "NOT the index" in printed(print_counts, delivery, verdict)


def test_a_response_that_counts_twice_or_never_is_found(
    small: Campaign, survey: tuple[Population, Delivery, Rankings]
) -> None:
    population, delivery, rankings = survey
    rankings["office"]["as_of"]["counted"] = 199
    assert not judge(small, population, delivery, rankings).right
    delivery.standing.popitem()
    assert judge(small, population, delivery, rankings).differing


def test_a_ranking_stands_beside_the_truth(small: Campaign, survey: tuple[Population, Delivery, Rankings]) -> None:
    population, _, rankings = survey
    text = printed(print_ranking, small, small.block["ward"], rankings["ward"], population.truth)
    assert "Phường: 2 units" in text
    for unit in ("w1", "002"):
        truth = population.truth[unit]
        assert truth is not None
        assert shown(truth, 3) in text
        assert small.unit[unit].name.vi in text
    assert "* provisional" in text
    assert "correlation" not in text  # two units have none


def test_correlations_of_ranks() -> None:
    def pairs(*values: tuple[int, int]) -> list[tuple[Fraction, Fraction]]:
        return [(Fraction(a), Fraction(b)) for a, b in values]

    assert spearman(pairs((1, 10), (2, 20), (3, 30))) == pytest.approx(1)
    assert kendall(pairs((1, 30), (2, 20), (3, 10))) == -1
    # By hand: rank differences 1, 1, 0 → 1 - 6·2/(3·8) = 0.5; two of three pairs agree.
    assert spearman(pairs((1, 2), (2, 1), (3, 3))) == pytest.approx(0.5)
    assert kendall(pairs((1, 2), (2, 1), (3, 3))) == pytest.approx(1 / 3)
    assert spearman(pairs((1, 1), (1, 2), (3, 3))) == pytest.approx(0.866, abs=0.001)


def test_a_log_gets_lines_and_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stages_module, "LINE_S", 0.01)
    written = io.StringIO()
    stages = Stages(Console(file=written, width=100))
    with stages.stage("Sending", 5_000) as advance:
        advance(1_500)
        while "1,500 of 5,000" not in written.getvalue():
            pass
        advance(3_500)
    with stages.stage("Fetching", 2_000_000, "bytes") as advance:
        advance(2_000_000)
    lines = written.getvalue().splitlines()
    assert lines[0] == "Sending …"
    assert any(line.startswith("Sending: 5,000 in ") for line in lines)
    assert any(line.startswith("Fetching: 2.0 MB in ") for line in lines)
    assert "\x1b" not in written.getvalue()
    assert [(stage.title, stage.amount) for stage in stages.done] == [("Sending", 5_000), ("Fetching", 2_000_000)]


def test_a_terminal_gets_bars_and_keeps_one_line_a_stage() -> None:
    written = io.StringIO()
    stages = Stages(Console(file=written, width=100, force_terminal=True, _environ={"TERM": "xterm"}))
    with stages.stage("Sending", 10) as advance:
        advance(10)
    assert "━" in written.getvalue()
    assert "Sending: 10 in " in written.getvalue()


def test_a_stage_that_fails_is_not_said_to_be_done() -> None:
    stages = Stages(Console(file=io.StringIO()))
    with pytest.raises(RuntimeError), stages.stage("Sending"):
        raise RuntimeError
    assert stages.done == []


def test_stages_are_summed_up() -> None:
    stages = Stages(Console(file=io.StringIO()))
    with stages.stage("Sending", 10) as advance:
        advance(10)
    console = Console(file=io.StringIO(), width=100)
    console.print(table(stages.done))
    assert "Sending" in console.file.getvalue()
