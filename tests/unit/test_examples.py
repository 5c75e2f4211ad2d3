"""The example campaigns are complete, say what is made up, and are what their heads say."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from services.common.campaign import Campaign
from services.common.campaign_schema import parse
from services.common.campaign_versions import extended_layout

EXAMPLES = Path(__file__).parents[2] / "examples"
HANOI_TEXT = (EXAMPLES / "hanoi-2022.yaml").read_text(encoding="utf-8")
HANOI = parse(HANOI_TEXT)
SIPAS = parse((EXAMPLES / "sipas.yaml").read_bytes())


def points(campaign: Campaign, method: str, field: str | None = None) -> Decimal:
    return sum(
        (
            leaf.max_points
            for each in campaign.fields
            if field in (None, each.code)
            for leaf in each.leaves
            if leaf.method == method
        ),
        Decimal(0),
    )


class TestHanoi:
    def test_it_rates_30_districts_and_22_departments(self):
        assert Counter(unit.block for unit in HANOI.units) == {"district": 30, "department": 22}

    def test_every_district_has_a_tile_and_its_code_of_the_statistics_office(self):
        districts = [unit for unit in HANOI.units if unit.block == "district"]
        assert len({unit.tile for unit in districts} - {None}) == 30
        codes = re.findall(r"- code: ([a-z-]+)  # General Statistics Office code (\d{3})$", HANOI_TEXT, re.MULTILINE)
        assert [code for code, _ in codes] == [unit.code for unit in districts]
        assert ("nam-tu-liem", "019") in codes
        assert len({gso for _, gso in codes}) == 30

    def test_54_leaves_are_appraised_for_70_points_and_26_surveyed_for_30(self):
        assert Counter(leaf.method for leaf in HANOI.leaves) == {"appraisal": 54, "survey": 26}
        assert (points(HANOI, "appraisal"), points(HANOI, "survey")) == (70, 30)

    def test_the_points_of_the_8_fields_are_those_of_the_set(self):
        assert {
            field.code: (points(HANOI, "appraisal", field.code), points(HANOI, "survey", field.code))
            for field in HANOI.fields
        } == {
            "1": (10, 2),
            "2": (Decimal("5.5"), Decimal("2.5")),
            "3": (12, 4),
            "4": (6, 2),
            "5": (9, 5),
            "6": (Decimal("6.5"), Decimal("1.5")),
            "7": (13, 3),
            "8": (8, 10),
        }

    def test_codes_show_where_a_leaf_belongs(self):
        for field in HANOI.fields:
            for criterion in field.criteria:
                assert re.fullmatch(rf"{field.code}-\d+", criterion.code)
                assert [leaf.code for leaf in criterion.leaves] == [
                    f"{criterion.code}-{number}" for number in range(1, len(criterion.leaves) + 1)
                ]

    def test_every_group_rates_both_blocks_and_has_questions_and_a_quota(self):
        assert [group.code for group in HANOI.groups] == ["CD", "DD", "CC", "BU", "CI"]
        for group in HANOI.groups:
            assert group.rates == ("district", "department")
            assert group.quota is not None
            assert any(group.code in leaf.groups for leaf in HANOI.leaves)

    def test_satisfaction_counts_the_two_top_answers(self):
        percents = [option.percent for option in HANOI.scale["S5SAT"].options]
        assert percents == [100, 100, 0, 0, 0, None]

    def test_grades_are_those_of_the_field(self):
        assert [(band.floor, band.name.vi) for band in HANOI.bands] == [
            (90, "Xuất sắc"),
            (80, "Tốt"),
            (70, "Khá"),
            (50, "Trung bình"),
            (0, "Yếu"),
        ]

    def test_it_can_be_tried_at_any_time_by_anybody(self):
        assert HANOI.opens.isoformat() == "2022-11-01T00:00:00+07:00"
        assert HANOI.closes.year == 2099
        assert HANOI.rules.live == "public"
        assert {group.access for group in HANOI.groups} == {"open"}

    def test_all_points_and_quotas_are_marked_as_made_up(self):
        figures = re.findall(r"(?m)^ +(?:max_points|quota|weight|rates|access|opens|closes): .*$", HANOI_TEXT)
        assert len(figures) == 80 + 4 * 5
        assert all("# MADE UP" in line for line in figures)


class TestSipas:
    def test_it_asks_the_33_statements_of_the_form(self):
        assert [leaf.code for leaf in SIPAS.leaves] == [f"q9-{number}" for number in range(1, 34)]
        assert {leaf.method for leaf in SIPAS.leaves} == {"survey"}
        assert len([criterion for field in SIPAS.fields for criterion in field.criteria]) == 9

    def test_every_statement_weighs_the_same_and_counts_the_two_top_answers(self):
        assert {leaf.max_points for leaf in SIPAS.leaves} == {Decimal(1)}
        assert [option.percent for option in SIPAS.scale["S5SAT"].options] == [0, 0, 0, 100, 100]


@pytest.mark.parametrize("campaign", [HANOI, SIPAS], ids=lambda campaign: campaign.code)
class TestBoth:
    def test_every_label_is_in_both_languages(self, campaign: Campaign):
        labels = [
            campaign.title,
            *(
                each.name
                for each in (
                    *campaign.blocks,
                    *campaign.units,
                    *campaign.groups,
                    *campaign.fields,
                    *campaign.leaves,
                    *campaign.bands,
                )
            ),
            *(criterion.name for field in campaign.fields for criterion in field.criteria),
            *(option.label for scale in campaign.scales for option in scale.options),
            *(leaf.question for leaf in campaign.leaves if leaf.question),
        ]
        assert [label.vi for label in labels if not label.en] == []

    def test_every_survey_leaf_is_answered_in_every_block(self, campaign: Campaign):
        for leaf in campaign.leaves:
            if leaf.method == "survey":
                assert all(campaign.raters(leaf, block.code) for block in campaign.blocks)

    def test_its_counts_have_places(self, campaign: Campaign):
        layout = extended_layout(campaign, {})
        assert all(layout[group.code] for group in campaign.groups)


def test_the_examples_are_these():
    assert sorted(path.name for path in EXAMPLES.iterdir()) == ["hanoi-2022.yaml", "sipas.yaml"]
