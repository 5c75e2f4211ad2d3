"""The promise of the intervals, held against the truth: many surveys of populations whose qualities are known."""

from __future__ import annotations

from tests.unit.repeated_surveys import Found, example, repeated

SURVEYS = 100


def test_the_true_rank_lies_in_the_shown_interval_at_least_95_times_in_100() -> None:
    """100 surveys of the example with four districts and four departments, some 200 forms of each unit."""
    found = Found()
    for one in repeated(example(units=4), SURVEYS, 1_600):
        found.add(one)
    assert found.surveys == SURVEYS
    assert found.units == SURVEYS * 8
    assert found.ranks >= 0.95 * found.units
    assert found.together >= 0.95 * 0.95 * found.surveys  # two blocks, each with 95 %
    # Intervals that say nothing would hold the truth as well.
    assert found.width < 0.8 * 4 * found.units
    # 800 intervals of 95 %: within 4 of the standard errors of such a share.
    assert 0.919 <= found.indices / found.units <= 0.981
