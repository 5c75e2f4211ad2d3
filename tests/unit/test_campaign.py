"""A definition is read as it is written and stored without loss; a new version breaks nothing that was published."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from campaign_faults import SMALL
from campaigns import TEXTS, campaigns
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common.campaign import Campaign, Field, Leaf, Option, Scale, Text
from services.common.campaign_schema import dump, load, parse
from services.common.campaign_versions import extended_layout, forbidden_changes


def changed(*pairs: tuple[str, str]) -> Campaign:
    """The small campaign with parts of its text replaced."""
    text = SMALL
    for old, new in pairs:
        assert text.count(old) == 1, f"{old!r} must be there once"
        text = text.replace(old, new)
    return parse(text)


class TestReading:
    def test_every_part_becomes_what_it_says(self):
        campaign = parse(SMALL)
        assert (campaign.code, campaign.title, campaign.version, campaign.layout) == (
            "small",
            Text("Đợt thử", "Trial"),
            0,
            {},
        )
        assert campaign.opens == datetime(2022, 10, 31, 17, tzinfo=UTC)
        assert [unit.code for unit in campaign.units] == ["w1", "002", "o1"]
        assert campaign.unit["w1"].tile == (0, 1)
        assert campaign.group["deputy"].weight == Decimal("1.5")
        assert campaign.group["citizen"].access == "open"
        assert [option.percent for option in campaign.scale["five"].options] == [100, Decimal("33.333333"), 0, None]
        assert campaign.leaf["l2"] == Leaf(
            "l2",
            Text("Chất lượng"),
            Decimal("0.1"),
            "survey",
            scale="five",
            groups=("deputy", "citizen"),
            weights={"citizen": Decimal(2)},
            question=Text("Ông/Bà đánh giá thế nào?"),
        )
        assert (campaign.rules.decimals, campaign.rules.ties, campaign.rules.min_answers) == (3, "dense", 1)

    @pytest.mark.parametrize("written", ["0.1", '"0.1"', "'0.1'", ".1", "+0.1", "0.10", "00.1"])
    def test_points_are_exactly_what_is_written(self, written: str):
        assert changed(("max_points: 0.1", f"max_points: {written}")).leaf["l2"].max_points == Decimal("0.1")

    @pytest.mark.parametrize("code", ["001", "0x1F", "1_0", "2022-11-01", "1e3", "NO", "on", "-".join("abc")])
    def test_an_unquoted_code_is_the_text_that_is_written(self, code: str):
        assert changed(("code: w1", f"code: {code}")).units[0].code == code

    def test_an_unquoted_number_may_be_a_label(self):
        assert changed(('{vi: "Kế hoạch"}', "{vi: 2022}")).leaf["l1"].name.vi == "2022"

    def test_json_is_read_like_yaml_and_so_are_its_escapes(self):
        document = {key: value for key, value in dump(parse(SMALL)).items() if key not in {"version", "layout"}}
        document["title"] = {"vi": "Đợt 😀 \\ / \t thử"}
        for ascii_only in (True, False):
            text = json.dumps(document, ensure_ascii=ascii_only, indent=2 if ascii_only else None)
            assert parse(text) == replace(parse(SMALL), title=Text("Đợt 😀 \\ / \t thử"))

    def test_bytes_may_start_with_a_mark_and_end_lines_like_windows(self):
        assert parse(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode()) == parse(SMALL)

    def test_what_may_be_left_out_has_the_documented_default(self):
        kept = SMALL.split("adjustments:")[0]
        campaign = parse(kept)
        assert (campaign.adjustments.bonus_cap, campaign.bands, campaign.rules.suppress_below) == (0, (), 5)
        assert (campaign.rules.edits, campaign.rules.live, campaign.rules.not_applicable) == (
            "until_close",
            "private",
            "index",
        )

    def test_a_campaign_of_appraisals_alone_needs_no_groups_and_scales(self):
        head, rest = SMALL.split("groups:\n  - code: deputy")
        leaves = rest[rest.index("fields:") : rest.index("          - code: l2")]
        campaign = parse(head + leaves)
        assert (campaign.groups, campaign.scales, len(campaign.leaves)) == ((), (), 1)

    def test_20_000_units_are_read_in_seconds(self):
        units = "".join(f"  - {{code: u{n}, name: {{vi: Đơn vị {n}}}, block: ward}}\n" for n in range(19_997))
        began = time.process_time()
        assert len(parse(SMALL.replace("units:\n", f"units:\n{units}")).units) == 20_000
        assert time.process_time() - began < 20


class TestStoring:
    @given(campaigns())
    @settings(max_examples=60, deadline=None)
    def test_what_is_stored_comes_back_the_same(self, campaign: Campaign):
        published = replace(campaign, layout=extended_layout(campaign, {}))
        stored = dump(published)
        assert load(stored) == published
        assert load(json.loads(json.dumps(stored))) == published

    @given(campaigns())
    @settings(max_examples=50, deadline=None)
    def test_what_is_stored_is_plain_data(self, campaign: Campaign):
        def plain(value: object) -> bool:
            if isinstance(value, dict):
                return all(isinstance(key, str) and "\0" not in key and plain(item) for key, item in value.items())
            if isinstance(value, list):
                return all(plain(item) for item in value)
            return value is None or type(value) is str or (type(value) is int and abs(value) < 2**63)

        assert plain(dump(replace(campaign, layout=extended_layout(campaign, {}))))

    def test_exact_numbers_are_texts_and_defaults_are_written_out(self):
        stored = dump(replace(parse(SMALL), version=2))
        leaf = stored["fields"][0]["criteria"][0]["leaves"][1]
        assert (leaf["max_points"], leaf["weights"]) == ("0.1", {"citizen": "2"})
        assert stored["groups"][1] == {
            "code": "citizen",
            "name": {"vi": "Người dân"},
            "rates": ["ward"],
            "weight": "1",
            "access": "open",
        }
        assert stored["rules"] == {
            "decimals": 3,
            "ties": "dense",
            "not_applicable": "index",
            "min_answers": 1,
            "suppress_below": 5,
            "edits": "until_close",
            "live": "private",
            "reasons": "advised",
        }
        assert stored["version"] == 2
        assert stored["scales"][0]["options"][3] == {"code": "N", "label": {"vi": "Không có ý kiến"}, "percent": None}

    def test_an_exact_number_is_never_written_with_an_exponent(self):
        small = parse(SMALL)
        stored = dump(replace(small, adjustments=replace(small.adjustments, bonus_cap=Decimal("1E+2"))))
        assert stored["adjustments"]["bonus_cap"] == "100"

    def test_the_layout_is_stored_but_not_public(self):
        campaign = parse(SMALL)
        published = replace(campaign, version=1, layout=extended_layout(campaign, {}))
        assert dump(published)["layout"]["citizen"][:2] == ["l2:A", "l2:B"]
        public = dump(published, public=True)
        assert "layout" not in public
        assert load(public) == replace(published, layout={})


class TestLayout:
    def test_places_follow_the_order_of_the_definition(self):
        assert extended_layout(parse(SMALL), {}) == {
            "deputy": tuple(("l2", option) for option in "ABCN"),
            "citizen": tuple((leaf, option) for leaf in ("l2", "l3") for option in "ABCN"),
        }

    @given(campaigns(), st.data())
    @settings(max_examples=60, deadline=None)
    def test_no_version_moves_a_place_and_every_pair_has_one(self, campaign: Campaign, data: st.DataObject):
        layout: dict[str, tuple[tuple[str, str], ...]] = {}
        for _ in range(3):
            campaign = data.draw(grown(campaign))
            longer = extended_layout(campaign, layout)
            for group, places in layout.items():
                assert longer[group][: len(places)] == places
            for leaf in campaign.leaves:
                for group in leaf.groups:
                    for option in campaign.options(leaf):
                        assert longer[group].count((leaf.code, option.code)) == 1
            layout = longer

    def test_a_reordered_definition_keeps_all_places(self):
        campaign = parse(SMALL)
        layout = extended_layout(campaign, {})
        turned = replace(
            campaign,
            groups=campaign.groups[::-1],
            scales=tuple(Scale(scale.code, scale.options[::-1]) for scale in campaign.scales),
        )
        assert extended_layout(turned, layout) == layout


@st.composite
def grown(draw: st.DrawFn, campaign: Campaign) -> Campaign:
    """A version that may follow: shuffled, relabelled, with an option and a leaf more."""
    order = draw(st.permutations(campaign.fields))
    number = len(campaign.leaves)
    scales = tuple(
        Scale(scale.code, (Option(f"new-{number}-{len(scale.options)}", Text("x"), Decimal(5)), *scale.options))
        for scale in campaign.scales
    )
    leaf = Leaf(f"more-{number}-{'x' * 20}"[:32], draw(TEXTS), Decimal(1), "appraisal")
    if campaign.groups and campaign.scales:
        leaf = replace(leaf, method="survey", scale=campaign.scales[0].code, groups=(campaign.groups[0].code,))
    first: Field = order[0]
    criterion = replace(first.criteria[0], leaves=(leaf, *draw(st.permutations(first.criteria[0].leaves))))
    fields = (replace(first, name=draw(TEXTS), criteria=(criterion, *first.criteria[1:])), *order[1:])
    return replace(campaign, fields=fields, scales=scales, title=draw(TEXTS))


class TestNewVersions:
    @given(campaigns(), st.data())
    @settings(max_examples=50, deadline=None)
    def test_what_only_adds_and_corrects_may_follow(self, campaign: Campaign, data: st.DataObject):
        assert forbidden_changes(campaign, data.draw(grown(campaign))) == []

    @pytest.mark.parametrize(
        "pairs",
        [
            [("Đợt thử", "Đợt một")],
            [("max_points: 2.00", "max_points: 3")],
            [("weights: {citizen: 2}", "weights: {deputy: 3}")],
            [("weight: 1.50", "weight: 9"), ("forms: 30", "forms: 40"), ("access: open", "access: invitation")],
            [("closes: 2022-12-01", "closes: 2023-01-01")],
            [("decimals: 3", "decimals: 2"), ("from: 50", "from: 60"), ("bonus_cap: 2", "bonus_cap: 3")],
            [("tile: [0, 2]", "tile: [7, 7]")],
        ],
        ids=["title", "points", "weights", "group", "dates", "rules", "tile"],
    )
    def test_labels_weights_points_and_rules_may_change(self, pairs: list[tuple[str, str]]):
        assert forbidden_changes(parse(SMALL), changed(*pairs)) == []

    @pytest.mark.parametrize(
        ("pairs", "pointer", "said"),
        [
            ([("code: w1", "code: w9")], "/units", "unit 'w1' was published and is missing"),
            (
                [('"Phường Hai"}\n    block: ward', '"Phường Hai"}\n    block: office')],
                "/units",
                "unit '002' moved from block 'ward' to another",
            ),
            ([("rates: [ward, office]", "rates: [ward]")], "/groups", "group 'deputy' no longer rates block 'office'"),
            ([("code: l1", "code: l9")], "/fields", "leaf 'l1' was published and is missing"),
            (
                [("groups: [deputy, citizen]", "groups: [citizen]")],
                "/fields",
                "leaf 'l2' is no longer answered by group 'deputy'",
            ),
            (
                [("method: appraisal", "method: survey, scale: five, groups: [deputy]")],
                "/fields",
                "leaf 'l1' changed its method from appraisal to survey",
            ),
            (
                [("percent: 33.333333", "percent: 50")],
                "/scales",
                "option 'B' of leaf 'l2' is no longer worth the same percent",
            ),
            ([("code: B", "code: Z")], "/scales", "option 'B' of leaf 'l2' was published and is missing"),
            (
                [("percent: null", "percent: 0")],
                "/scales",
                "option 'N' of leaf 'l2' is no longer worth the same percent",
            ),
        ],
    )
    def test_what_responses_refer_to_may_neither_go_nor_change_its_meaning(
        self, pairs: list[tuple[str, str]], pointer: str, said: str
    ):
        found = forbidden_changes(parse(SMALL), changed(*pairs))
        assert (pointer, said) in [(change.pointer, change.detail) for change in found]
        assert {change.pointer for change in found} == {pointer}

    def test_a_block_and_a_group_that_go_are_named(self):
        campaign = parse(SMALL)
        without = replace(campaign, blocks=campaign.blocks[:1], groups=campaign.groups[1:])
        said = [change.detail for change in forbidden_changes(campaign, without)]
        assert said == ["block 'office' was published and is missing", "group 'deputy' was published and is missing"]

    def test_a_version_may_follow_itself(self):
        assert forbidden_changes(parse(SMALL), parse(SMALL)) == []
