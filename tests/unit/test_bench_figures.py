"""What rounds come to: ratios of neighbours, processor time beside rates, targets, and runs that are put together."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner

from tests.bench import memory, report, steps
from tests.bench.figures import Cost, Figure, Round, Row, interleaved
from tests.bench.page import figures, with_figures
from tests.bench.parts import PARTS, chosen
from tests.bench.picture import picture
from tests.bench.targets import FRESH, SINGLE, judged

ROOT = Path(__file__).parents[2]
SVG = "{http://www.w3.org/2000/svg}"
MACHINE = {
    "date": "2026-11-25T10:00:00+00:00",
    "cpu": "any",
    "cores": 2,
    "memory_gib": 8.0,
    "load_average_before": 0.1,
    "kernel": "6",
    "python": "3.11",
    "packages": {},
}


def figure(*rates: float, cpu_ms: float = 1.0, latencies: tuple[float, ...] = ()) -> Figure:
    """Rounds of a second each."""
    return Figure(
        [Round(int(rate), 1.0, latencies, Cost({"server": rate * cpu_ms / 1_000, "client": 0.0})) for rate in rates]
    )


def single(ours: Figure, limit: Figure) -> Row:
    return Row(SINGLE, "posts", ours, limit, "nothing", figure(100.0, cpu_ms=8, latencies=(0.1, 0.2)))


def test_a_ratio_is_the_median_of_those_of_neighbouring_rounds() -> None:
    # The machine halved its speed for the last two rounds of both.
    row = single(figure(1_000, 500, 520), figure(2_000, 1_000, 1_000))
    assert row.document()["ratio_to_limit"] == pytest.approx(0.5)
    assert row.ours.document() | {"per_second": 520, "lowest": 500, "highest": 1_000} == row.ours.document()


def test_the_ratio_of_processor_time_does_not_follow_the_rates() -> None:
    row = single(figure(1_000, cpu_ms=2), figure(4_000, cpu_ms=1)).document()
    assert (row["ratio_to_limit"], row["cpu_ratio_to_limit"], row["cpu_ratio_to_weekend"]) == (0.25, 0.5, 4.0)


def test_each_way_has_a_round_that_does_not_count_and_then_they_take_turns() -> None:
    called: list[str] = []
    told: list[str] = []

    def way(name: str, amount: int) -> Round:
        called.append(name)
        return Round(amount, 1.0)

    found = interleaved(2, told.append, lambda: way("a", 3), lambda: way("b", 5))
    assert called == ["a", "b"] * 3
    assert [len(each.rounds) for each in found] == [2, 2]
    assert told == ["round 1 of 2: 3/s | 5/s", "round 2 of 2: 3/s | 5/s"]


def test_a_target_is_met_by_what_was_reached_and_says_what_was_not_measured() -> None:
    fresh = Row(FRESH, "", figure(300, latencies=(0.2, 0.3, 0.9)), latency=True)
    rows = [single(figure(600), figure(1_000)).document(), fresh.document()]
    found = {each["what"]: each for each in judged(rows)}
    assert (
        found["single POST: of a bare Flask application"] | {"reached": 0.6, "met": True}
        == (found["single POST: of a bare Flask application"])
    )
    assert found["single POST: times ODK Central (97/s, measured on another day)"]["met"] is False
    assert found["202 to visible at 300 a second: p50"]["met"] is False
    assert found["batches: of kafka-python writing the same bytes"]["met"] is None


def document(date: str, rows: dict[str, list[Row]], before: dict[str, Any], rounds: int = 5) -> dict[str, Any]:
    return report.document(MACHINE | {"date": date}, {"rounds": rounds, "rows": (1, 2)}, 1.0, rows, before)


def test_a_run_of_some_parts_keeps_the_others_with_their_date() -> None:
    first = document("one", {"single": [single(figure(1), figure(2))], "freshness": [Row(FRESH, "", figure(3))]}, {})
    found = document(
        "two", {"freshness": [Row(FRESH, "", figure(4))]}, {**first, "sizes": {"rounds": 5, "rows": [1, 2]}}
    )
    assert [(row["name"], row["date"]) for row in found["rows"]] == [(SINGLE, "one"), (FRESH, "two")]
    assert "From the run of one: single POSTs, 1 unit." in figures(found)
    # Another amount of work is not to be compared.
    assert [row["name"] for row in document("two", {}, first, rounds=1)["rows"]] == []


def test_parts_are_chosen_by_name_in_their_own_order() -> None:
    assert list(chosen("scoring, single", large=False)) == ["single", "scoring"]
    assert "million" not in chosen(None, large=False)
    assert list(chosen(None, large=True)) == list(PARTS)
    with pytest.raises(ValueError, match="no part everything: there are rankings, single"):
        chosen("everything", large=False)


def test_what_a_process_grew_is_held_to_the_first_quarter() -> None:
    looks = [
        (0.5 * number, {"scoring": 100.0 + number, "kafka": 100.0 * number, "rebuild": 50.0 if 0 < number < 7 else 0.0})
        for number in range(8)
    ]
    found = memory.course(looks)
    assert found["families"]["scoring"] == {"begin": 100.0, "quarter": 101.0, "end": 107.0, "most": 107.0}
    assert found["families"]["rebuild"] == {"begin": 50.0, "quarter": 50.0, "end": 50.0, "most": 50.0}
    assert found["grew_percent"] == pytest.approx(6.0)


def test_figures_go_between_their_marks_alone() -> None:
    page = "before\n<!-- a -->\nold\n<!-- b -->\nafter"
    assert with_figures(page, "new", "<!-- a -->", "<!-- b -->") == "before\n<!-- a -->\n\nnew\n\n<!-- b -->\nafter"
    with pytest.raises(ValueError, match="no place for figures"):
        with_figures("nothing", "new")


def test_the_picture_of_the_readme_is_well_formed_and_of_the_same_run_as_the_page() -> None:
    drawn, page = (ROOT / "docs" / "rates.svg").read_text(), (ROOT / "docs" / "performance.md").read_text()
    root = ET.fromstring(drawn)  # noqa: S314 - made here
    told = root.findtext(f"{SVG}desc") or ""
    assert len(drawn.encode()) < 40_000
    assert "](docs/rates.svg)" in (ROOT / "README.md").read_text()
    for line in told.split("; "):
        what, _, text = line.partition(" = ")
        (reached,) = re.findall(rf"^\| {re.escape(what)} \| [^|]* \| ([^|]*) \|", page, re.MULTILINE)
        # Without its unit.
        assert text.startswith(reached.split(" ")[0]), line


def test_the_picture_is_well_formed_and_has_every_figure_that_was_measured() -> None:
    fresh = Row(FRESH, "", figure(300, latencies=(0.2, 0.3, 0.9)), latency=True)
    drawn = picture(
        document("2026-11-25T10:00", {"single": [single(figure(600), figure(1_000))], "freshness": [fresh]}, {})
    )
    root = ET.fromstring(drawn)  # noqa: S314 - made here
    texts = [element.text or "" for element in root.iter(f"{SVG}text")]
    assert "0.6: 600 of 1,000/s" in texts
    assert "300 of 250 ms" in texts
    assert "2026-11-25" in texts[-1]
    shades = [element.get("class") for element in root.iter(f"{SVG}rect")]
    # The rate is met; both times of the way to the ranking are not; nothing is drawn of what was not measured.
    assert [shade for shade in shades if shade in {"met", "not"}] == ["met", "not", "not"]
    assert "prefers-color-scheme: dark" in drawn
    assert len(drawn.encode()) < 40_000


def test_single_steps_are_measured_either_way_and_set_into_the_page(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{steps.BEGIN}\n{steps.END}\nafter\n")
    done = CliRunner().invoke(steps.main, ["--rounds", "1", "--page", str(page)])
    assert done.exit_code == 0, done.output
    written = page.read_text()
    for step in steps.steps():
        assert step.what in done.output
        assert f"| {step.what} | " in written
