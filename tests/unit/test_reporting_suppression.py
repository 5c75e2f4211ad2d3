"""Few answers are shown neither themselves nor by what is left when the others are taken away."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st
from surveys import appraised, asked, rater, survey

from services.common.campaign import Campaign, Rules
from services.reporting.bridges import bridges
from services.reporting.suppression import (
    NOTHING,
    Cell,
    Hidden,
    Key,
    cell_key,
    criterion_key,
    field_key,
    group_in_field_key,
    group_key,
    hidden,
    leaf_key,
)

GROUPS = ("g1", "g2", "g3")
CAMPAIGN = survey(
    (asked("q", "2", "g1", "g2", "g3"), appraised("a", "1")),
    (asked("r", "2", "g1", "g2"), asked("s", "1", "g3")),
    (appraised("b", "3"),),
    groups=tuple(rater(group, "b1") for group in GROUPS),
    rules=Rules(suppress_below=5),
)
ASKED = [(leaf.code, group) for leaf in CAMPAIGN.leaves for group in leaf.groups]
MANY = dict.fromkeys(ASKED, 20)


def found(
    answers: Mapping[tuple[str, str], int], n: Mapping[str, int] | None = None, campaign: Campaign = CAMPAIGN
) -> Hidden:
    """What is hidden with so many answers; 20 where nothing else is said."""
    cells = [Cell(leaf, group, count, 0, counts=count > 0) for (leaf, group), count in (MANY | dict(answers)).items()]
    return hidden(campaign, cells, dict.fromkeys(GROUPS, 20) | dict(n or {}))


def test_enough_answers_everywhere_hide_nothing():
    assert found({}) == NOTHING


def test_four_answers_are_hidden_and_five_are_shown():
    assert cell_key("q", "g1") in found({("q", "g1"): 4})
    assert cell_key("q", "g1") not in found({("q", "g1"): 5})


def test_a_threshold_of_zero_hides_nothing():
    campaign = replace(CAMPAIGN, rules=Rules(suppress_below=0))
    assert found(dict.fromkeys(ASKED, 1), dict.fromkeys(GROUPS, 1), campaign) == NOTHING


def test_a_cell_that_is_alone_hidden_takes_the_next_smallest_of_its_leaf_with_it():
    assert cell_key("q", "g2") in found({("q", "g1"): 4, ("q", "g2"): 10, ("q", "g3"): 11})


def test_two_hidden_cells_of_a_leaf_protect_each_other():
    assert cell_key("q", "g3") not in found({("q", "g1"): 4, ("q", "g2"): 3, ("r", "g1"): 4, ("r", "g2"): 3})


def test_an_empty_cell_is_no_secret_and_protects_no_other():
    answers = {("q", "g1"): 4, ("q", "g2"): 0}
    assert cell_key("q", "g2") not in found(answers)
    assert cell_key("q", "g3") in found(answers)


def test_few_answers_without_opinion_are_hidden_like_others():
    cells = [Cell("q", "g1", 0, 3, counts=False)]
    assert hidden(CAMPAIGN, cells, {"g1": 20}) == {cell_key("q", "g1")}


def test_the_only_cell_of_a_leaf_hides_the_leaf():
    assert leaf_key("s") in found({("s", "g3"): 4})


def test_a_leaf_of_few_answers_in_all_is_hidden_though_its_cells_protect_each_other():
    assert leaf_key("r") in found({("r", "g1"): 2, ("r", "g2"): 2})


def test_a_hidden_leaf_hides_another_of_its_criterion():
    """Criterion c2 is r + s: with s alone hidden, it would be what is left."""
    assert {leaf_key("s"), leaf_key("r")} <= found({("s", "g3"): 4})


def test_a_field_that_is_alone_hidden_takes_another_with_it():
    """What rests on appraisals alone hides nothing: everybody may know it."""
    campaign = survey(
        (asked("q", "2", "g1"),),
        (asked("r", "2", "g1"),),
        (appraised("b", "3"),),
        groups=(rater("g1", "b1"),),
    )
    cells = [Cell("q", "g1", 3, 0, counts=True), Cell("r", "g1", 30, 0, counts=True)]
    result = hidden(campaign, cells, {"g1": 30})
    assert {field_key("f1"), field_key("f2"), criterion_key("c1"), leaf_key("q")} <= result
    assert field_key("f3") not in result
    assert criterion_key("c3") not in result


def test_a_group_of_few_is_hidden_in_the_whole_and_in_every_field():
    result = found({("q", "g1"): 4, ("r", "g1"): 4}, {"g1": 4})
    assert {group_key("g1"), group_in_field_key("g1", "f1"), group_in_field_key("g1", "f2")} <= result


def test_a_groups_only_hidden_cell_is_not_what_its_sum_leaves():
    """g1's sum over all fields is q + r: the sum is hidden, and r is still shown."""
    result = found({("q", "g1"): 4}, {"g1": 20})
    assert group_key("g1") in result
    assert cell_key("r", "g1") not in result


def unknowns(campaign: Campaign, answers: Mapping[tuple[str, str], int], result: Hidden) -> Iterator[tuple[Key, int]]:
    """Of every sum that is shown beside its parts: a name for it, and how many of its figures are hidden."""

    def parts(keys: dict[Key, bool]) -> list[Key]:
        return [key for key, there in keys.items() if there]

    def there(leaf: str, group: str) -> bool:
        return answers.get((leaf, group), 0) > 0

    def surveyed(leaves: list[str]) -> bool:
        return any(there(leaf, group) for leaf in leaves for group in GROUPS)

    sums: list[tuple[Key | None, list[Key]]] = []
    for field in campaign.fields:
        for criterion in field.criteria:
            codes = [leaf.code for leaf in criterion.leaves]
            sums += [(leaf_key(leaf), parts({cell_key(leaf, g): there(leaf, g) for g in GROUPS})) for leaf in codes]
            sums.append((criterion_key(criterion.code), parts({leaf_key(leaf): surveyed([leaf]) for leaf in codes})))
        leaves = {c.code: [leaf.code for leaf in c.leaves] for c in field.criteria}
        sums.append((field_key(field.code), parts({criterion_key(c): surveyed(leaves[c]) for c in leaves})))
        for group in GROUPS:
            cells = {cell_key(leaf.code, group): there(leaf.code, group) for leaf in field.leaves}
            sums.append((group_in_field_key(group, field.code), parts(cells)))
    sums.append((None, parts({field_key(f.code): surveyed([leaf.code for leaf in f.leaves]) for f in campaign.fields})))
    for group in GROUPS:
        fields = {
            group_in_field_key(group, f.code): any(there(leaf.code, group) for leaf in f.leaves)
            for f in campaign.fields
        }
        sums.append((group_key(group), parts(fields)))
    for whole, members in sums:
        if members:
            figures = [*members, *([whole] if whole else [])]
            yield figures[-1], sum(1 for key in figures if key in result)


@given(st.fixed_dictionaries(dict.fromkeys(ASKED, st.integers(0, 12))), st.integers(0, 6))
def test_no_shown_sum_leaves_exactly_one_figure_to_be_worked_out(answers: dict[tuple[str, str], int], least: int):
    campaign = replace(CAMPAIGN, rules=Rules(suppress_below=least))
    n = {group: max((count for (_, g), count in answers.items() if g == group), default=0) for group in GROUPS}
    result = found(answers, n, campaign)
    for key, count in unknowns(campaign, answers, result):
        # The one sum that is always shown may have but one part: then the index of the unit is that part.
        only_field = key[0] == "field" and sum(1 for (kind, *_) in result if kind == "field") == 1
        assert count != 1 or only_field, key
    for (leaf, group), count in answers.items():
        if 0 < count < least:
            assert cell_key(leaf, group) in result


def test_a_group_is_not_shown_while_any_of_its_cells_is_hidden():
    """Sums across the others: with enough of them a block of hidden cells has as many equations as unknowns."""
    result = found({("q", "g1"): 4, ("q", "g2"): 3, ("r", "g1"): 4, ("r", "g2"): 3})
    assert {group_key("g1"), group_key("g2"), group_in_field_key("g2", "f2")} <= result
    assert group_key("g3") not in result


LINES = st.lists(st.tuples(st.integers(0, 6), st.integers(7, 12)), max_size=14)


@given(LINES)
def test_a_bridge_is_a_line_without_which_its_ends_are_apart(pairs: list[tuple[int, int]]):
    lines = dict(enumerate(pairs))

    def joined(without: int) -> bool:
        start, end = lines[without]
        reached = {start}
        while more := {
            point
            for name, ends in lines.items()
            if name != without and reached & set(ends)
            for point in ends
            if point not in reached
        }:
            reached |= more
        return end in reached

    assert bridges(lines) == {line for line in lines if not joined(line)}
