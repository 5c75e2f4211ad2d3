"""GET /rankings: what it says is the state in force, ranked by the rule, in the form that was asked for."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from flask.testing import FlaskClient
from pymongo.database import Database

from services.common.appraisals import AppraisalRow, LeafAppraisal
from services.common.campaign import Band, Campaign, Rules, Text, Ties
from services.common.unit_index import GroupTally
from services.reporting.exports.neutral import original
from tests.integration.reporting.conftest import Serve, Shared
from tests.integration.reporting.database import DATA, Document, eventually, tally, write_state
from tests.unit.surveys import FIVE, appraised, asked, rater, scale, survey

PUBLIC = Rules(live="public")
ALL_FIVE = ("A", "B", "C", "D", "E", "N")


def rows(client: FlaskClient, query: str = "", campaign: str = "survey") -> dict[str, dict[str, Any]]:
    """The rows of a ranking by unit, in its order."""
    answer = client.get(f"/v1/campaigns/{campaign}/rankings{query}")
    assert answer.status_code == 200, answer.text
    return {row["unit"]: row for row in answer.json["rows"]}


def appraisals(points: Mapping[str, str], leaf: str = "a") -> dict[str, AppraisalRow]:
    return {unit: AppraisalRow(1, {leaf: LeafAppraisal(Decimal(given))}) for unit, given in points.items()}


def scored(points: Sequence[str], ties: Ties = "shared", bands: tuple[Band, ...] = ()) -> tuple[Campaign, Any]:
    """A campaign whose units u0, u1, … have these points of 100."""
    units = {f"u{number}": "b1" for number in range(len(points))}
    rules = replace(PUBLIC, ties=ties)
    campaign = replace(survey((appraised("a", "100"),), units=units, groups=(), rules=rules), bands=bands)
    return campaign, appraisals(dict(zip(units, points, strict=True)))


class TestPublishedFigures:
    def test_the_worked_example(self, db: Database[Document], serve: Serve) -> None:
        example = json.loads((DATA / "worked_example_made_up.json").read_text())
        satisfied = {"A": "100", "B": "100", "C": "0", "D": "0", "E": "0", "N": None}
        campaign = survey(
            (appraised("A1", "4"), appraised("A2", "2"), appraised("A3", "1")),
            (asked("S1", "2", "CD", "CC"), asked("S2", "1", "CI", scale="satisfied")),
            units={"A": "b1", "B": "b1", "C": "b1"},
            groups=(rater("CD", "b1"), rater("CC", "b1"), rater("CI", "b1")),
            scales=(scale("five", FIVE), scale("satisfied", satisfied)),
            rules=PUBLIC,
        )
        tallies = {
            unit: {
                group: tally(campaign, group, 200, {leaf: dict(zip(ALL_FIVE, counts, strict=True))})
                for leaf, groups in leaves.items()
                for group, counts in groups.items()
            }
            for unit, leaves in example["answer_counts_in_option_order"].items()
        }
        given = {
            unit: AppraisalRow(
                1,
                {
                    leaf: LeafAppraisal(not_applicable=True) if points is None else LeafAppraisal(Decimal(points))
                    for leaf, points in of_unit.items()
                },
            )
            for unit, of_unit in example["appraised_points"].items()
        }
        write_state(db, campaign, 1, tallies, given)
        found = rows(serve())
        assert list(found) == ["A", "B", "C"]
        for unit, expected in example["expected"].items():
            row = found[unit]
            assert (row["rank"], row["tied"]) == (expected["rank_exact_shared"], unit in "AB")
            assert row["index"] == expected["index_percent_2dp"]
            difference = Fraction(row["index_exact"]) - Fraction(expected["index_percent_exact"])
            assert abs(difference) < Fraction(1, 10**30)
            assert row["attainable"] == expected["max_applicable"]
            assert abs(Fraction(row["earned"]) - Fraction(expected["points_exact"])) < Fraction(1, 10**30)

    def test_the_departments_of_hue_in_2021(self, db: Database[Document], serve: Serve) -> None:
        published = list(csv.DictReader((DATA / "hue_departments_2021.csv").open(encoding="utf-8")))
        floors = {"Xuất sắc": 90, "Tốt": 80, "Khá": 70, "Trung bình": 0}
        bands = tuple(Band(Decimal(floor), Text(name)) for name, floor in floors.items())
        write_state(db, *_without_answers(*scored([row["points"] for row in published], bands=bands)))
        found = list(rows(serve()).values())
        assert [row["unit"] for row in found] == [f"u{number}" for number in range(len(published))]
        assert [row["rank"] for row in found] == [int(row["rank"]) for row in published]
        assert [row["band"]["vi"] for row in found] == [row["grade_vi"] for row in published]

    @pytest.mark.parametrize(
        ("ties", "column"), [("dense", "rank_dense_computed"), ("shared", "rank_competition_computed")]
    )
    def test_the_police_units_of_hung_yen_in_2024(
        self, db: Database[Document], serve: Serve, ties: Ties, column: str
    ) -> None:
        published = list(csv.DictReader((DATA / "hungyen_police_units_2024.csv").open(encoding="utf-8")))
        write_state(db, *_without_answers(*scored([row["appraised_score"] for row in published], ties)))
        found = rows(serve())
        assert [found[f"u{number}"]["rank"] for number in range(len(published))] == [
            int(row[column]) for row in published
        ]


def _without_answers(campaign: Campaign, given: Mapping[str, AppraisalRow]) -> tuple[Campaign, int, Any, Any]:
    return campaign, 1, {}, given


class TestViews:
    """A campaign of two blocks, two groups and two fields, with different answers everywhere."""

    CAMPAIGN = survey(
        (asked("q", "2", "g1", "g2"), appraised("a", "1")),
        (asked("r", "3", "g1"),),
        units={"u1": "b1", "u2": "b1", "u3": "b1", "v1": "b2"},
        groups=(rater("g1", "b1", "b2"), rater("g2", "b1")),
        rules=PUBLIC,
    )

    @pytest.fixture(scope="class")
    @classmethod
    def client(cls, shared: Shared) -> FlaskClient:
        def of(unit: str, group: str, n: int, **answers: Mapping[str, int]) -> tuple[str, str, GroupTally]:
            return unit, group, tally(cls.CAMPAIGN, group, n, answers)

        tallies: dict[str, dict[str, GroupTally]] = {}
        for unit, group, found in (
            of("u1", "g1", 10, q={"A": 10}, r={"B": 8}),
            of("u1", "g2", 20, q={"C": 20}),
            of("u2", "g1", 8, q={"E": 8}, r={"A": 6, "N": 2}),
            of("u2", "g2", 4, q={"A": 4}),
            of("v1", "g1", 9, q={"B": 9}, r={"B": 9}),
        ):
            tallies.setdefault(unit, {})[group] = found
        given = appraisals({"u1": "0.5", "u2": "1"})
        write_state(shared.db, cls.CAMPAIGN, 5, tallies, given, counted={"g1": 27, "g2": 24})
        return shared.serve()

    def test_units_are_ranked_within_the_block_that_is_asked_for(self, client: FlaskClient) -> None:
        assert list(rows(client, "?block=b1")) == ["u2", "u1", "u3"]
        assert list(rows(client, "?block=b2")) == ["v1"]

    def test_units_without_any_figure_come_last_with_neither_rank_nor_index(self, client: FlaskClient) -> None:
        row = rows(client, "?block=b1")["u3"]
        assert (row["rank"], row["index"], row["index_exact"], row["band"], row["n"]) == (None, None, None, None, 0)
        assert row["provisional"]
        assert row["pending"] == ["q", "a", "r"]

    def test_a_field_ranks_by_its_sub_index(self, client: FlaskClient) -> None:
        """In f1, u1 has 1.5 of 2 and 0.5 of 1; u2 has half of 2 and 1 of 1."""
        found = rows(client, "?block=b1&field=f1")
        assert [(unit, row["rank"], row["earned"], row["attainable"]) for unit, row in found.items()] == [
            ("u1", 1, "2", "3"),
            ("u2", 1, "2", "3"),
            ("u3", None, "0", "0"),
        ]
        assert found["u1"]["index"] == "66.67"
        assert found["u1"]["index_exact"] == "66." + 29 * "6" + "7"
        assert found["u3"]["pending"] == ["q", "a"]

    def test_a_group_ranks_by_its_answers_alone(self, client: FlaskClient) -> None:
        found = rows(client, "?block=b1&group=g1")
        assert list(found) == ["u1", "u2", "u3"]
        row = found["u1"]
        assert [row[name] for name in ("earned", "attainable", "index", "n")] == ["4.25", "5", "85.00", 10]
        assert found["u3"]["pending"] == ["q", "r"]

    def test_a_groups_sum_is_hidden_that_would_give_a_small_group_away(self, client: FlaskClient) -> None:
        """On u2's q, g2's four answers are what g1's leave of the points, and g1's are what r leaves of its sum."""
        assert rows(client, "?block=b1&group=g1")["u2"]["suppressed"] is True
        assert rows(client, "?block=b1&group=g1&field=f1")["u2"]["suppressed"] is True

    def test_a_group_too_small_to_be_shown_has_no_figure(self, client: FlaskClient) -> None:
        row = rows(client, "?block=b1&group=g2")["u2"]
        assert row["suppressed"] is True
        assert [row[name] for name in ("index", "index_exact", "earned", "attainable", "rank")] == 5 * [None]
        assert row["n"] == 4
        assert "suppressed" not in rows(client, "?block=b1&group=g2")["u1"]

    def test_a_group_within_a_field_ranks_by_its_leaves_of_the_field(self, client: FlaskClient) -> None:
        found = rows(client, "?block=b1&field=f2&group=g1")
        assert [(unit, row["earned"], row["attainable"], row["index"]) for unit, row in found.items()] == [
            ("u2", "3", "3", "100.00"),
            ("u1", "2.25", "3", "75.00"),
            ("u3", "0", "0", None),
        ]

    def test_what_was_asked_for_is_in_the_answer(self, client: FlaskClient) -> None:
        answer = client.get("/v1/campaigns/survey/rankings?block=b1&field=f1&group=g1").json
        assert {name: answer[name] for name in ("campaign", "version", "block", "field", "group")} == {
            "campaign": "survey",
            "version": 1,
            "block": "b1",
            "field": "f1",
            "group": "g1",
        }
        assert answer["as_of"] == {
            "state": 5,
            "counted": 51,
            "positions": {"responses": {"0": 51}, "appraisals": {"0": 0}},
        }

    @pytest.mark.parametrize(
        ("query", "pointer", "code", "known"),
        [
            ("", "/block", "required", "b1, b2"),
            ("?block=b9", "/block", "unknown-code", "b1, b2"),
            ("?block=b1&field=f9", "/field", "unknown-code", "f1, f2"),
            ("?block=b1&group=g9", "/group", "unknown-code", "g1, g2"),
            ("?block=b2&group=g2", "/group", "unknown-code", "g1"),
            ("?block=b1&feild=f1", "/feild", "unknown-parameter", "field, group, lang, separator"),
            ("?block=b1&block=b2", "/block", "repeated", ""),
            ("?block=", "/block", "unknown-code", "b1, b2"),
        ],
    )
    def test_what_cannot_be_answered_names_the_parameter_and_what_there_is(
        self, client: FlaskClient, query: str, pointer: str, code: str, known: str
    ) -> None:
        answer = client.get(f"/v1/campaigns/survey/rankings{query}")
        assert (answer.status_code, answer.content_type) == (422, "application/problem+json")
        (fault,) = answer.json["errors"]
        assert (fault["pointer"], fault["code"]) == (pointer, code)
        assert fault["detail"].endswith(known)

    def test_an_unknown_campaign_is_not_found(self, client: FlaskClient) -> None:
        assert client.get("/v1/campaigns/nowhere/rankings").status_code == 404

    @pytest.mark.parametrize("query", ["?block=b1", "?block=b1&field=f2", "?block=b1&group=g2"])
    def test_csv_says_what_json_says(self, client: FlaskClient, query: str) -> None:
        answer = client.get(f"/v1/campaigns/survey/rankings.csv{query}")
        assert answer.content_type == "text/csv; charset=utf-8"
        text = answer.data.decode()
        assert text.startswith("\ufeff")
        lines = text.removeprefix("\ufeff").split("\r\n")
        assert "\n" not in "".join(lines)
        read = list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))
        assert int(answer.headers["X-Row-Count"]) == len(read) == 3
        for row, expected in zip(read, rows(client, query).values(), strict=True):
            assert row["unit"] == expected["unit"]
            assert row["name_vi"] == expected["name"]["vi"]
            for name in ("rank", "index", "index_exact", "earned", "attainable", "n", "se"):
                assert row[name] == ("" if expected[name] is None else str(expected[name]))
            for name in ("interval", "rank_interval"):
                limits = ["", ""] if expected[name] is None else [str(limit) for limit in expected[name]]
                prefix = name.removesuffix("_interval")
                assert [row[f"{prefix}_low"], row[f"{prefix}_high"]] == limits
            assert row["pending"].split() == expected["pending"]
            assert row["suppressed"] == str(expected.get("suppressed", False)).lower()
            assert (row["state"], row["counted"], row["campaign"], row["block"]) == ("5", "51", "survey", "b1")

    def test_csv_is_had_by_accept_too(self, client: FlaskClient) -> None:
        address = "/v1/campaigns/survey/rankings?block=b1"
        by_accept = client.get(address, headers={"Accept": "text/csv"})
        by_suffix = client.get("/v1/campaigns/survey/rankings.csv?block=b1")
        assert by_accept.data == by_suffix.data
        assert by_accept.headers["ETag"] == by_suffix.headers["ETag"] != client.get(address).headers["ETag"]
        assert by_accept.headers["Content-Disposition"] == 'attachment; filename="survey-b1-state-5.csv"'
        assert {name.strip() for name in by_accept.headers["Vary"].split(",")} == {"Accept", "Authorization"}
        assert client.get(address, headers={"Accept": "image/png"}).status_code == 406


def test_where_there_is_one_block_it_need_not_be_named(db: Database[Document], serve: Serve) -> None:
    write_state(db, *_without_answers(*scored(["50"])))
    client = serve()
    assert client.get("/v1/campaigns/survey/rankings").json["block"] == "b1"


def test_a_name_that_looks_like_a_formula_is_text_in_csv(db: Database[Document], serve: Serve) -> None:
    campaign, given = scored(["50", "40"])
    evil = (replace(campaign.units[0], name=Text('=HYPERLINK("http://x")', '@a,\n"b"')), campaign.units[1])
    write_state(db, *_without_answers(replace(campaign, units=evil), given))
    answer = serve().get("/v1/campaigns/survey/rankings.csv")
    read = list(csv.DictReader(io.StringIO(answer.data.decode().removeprefix("\ufeff"), newline="")))
    assert (read[0]["name_vi"], read[0]["name_en"][:2]) == ('\'=HYPERLINK("http://x")', "'@")
    assert original(read[0]["name_en"]) == '@a,\n"b"'
    assert len(read) == 2


class TestUnchangedAndChanged:
    ADDRESS = "/v1/campaigns/survey/rankings"

    @pytest.fixture
    def client(self, db: Database[Document], serve: Serve) -> FlaskClient:
        write_state(db, *_without_answers(*scored(["50", "40"])))
        return serve()

    def test_who_has_it_already_gets_nothing_again(self, client: FlaskClient) -> None:
        etag = client.get(self.ADDRESS).headers["ETag"]
        for header in (etag, f"W/{etag}", f'"other", {etag}', "*"):
            answer = client.get(self.ADDRESS, headers={"If-None-Match": header})
            assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", etag)
            assert answer.headers["Cache-Control"] == "no-cache"
        assert client.get(self.ADDRESS, headers={"If-None-Match": '"other"'}).status_code == 200

    def test_head_has_the_headers_of_get_and_no_body(self, client: FlaskClient) -> None:
        whole, head = client.get(self.ADDRESS), client.head(self.ADDRESS)
        assert (head.status_code, head.data) == (200, b"")
        for name in ("ETag", "Content-Type", "Content-Length", "Vary", "Cache-Control"):
            assert head.headers[name] == whole.headers[name]

    def test_a_new_state_is_shown_and_has_another_tag(self, db: Database[Document], client: FlaskClient) -> None:
        before = client.get(self.ADDRESS)
        campaign, given = scored(["50", "60"])
        write_state(db, campaign, 2, {}, given)
        eventually("the new state is shown", lambda: client.get(self.ADDRESS).json["as_of"]["state"] == 2)
        after = client.get(self.ADDRESS, headers={"If-None-Match": before.headers["ETag"]})
        assert after.status_code == 200
        assert after.headers["ETag"] != before.headers["ETag"]
        assert [row["unit"] for row in after.json["rows"]] == ["u1", "u0"]

    def test_methods_that_change_something_are_not_allowed(self, client: FlaskClient) -> None:
        for call in (client.post, client.put, client.delete, client.patch):
            answer = call(self.ADDRESS)
            assert (answer.status_code, answer.content_type) == (405, "application/problem+json")
