"""The JSON Schema says of a definition's shape what the reader says, and the page says of every field what it says."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from campaign_faults import FIELDS, LEAVES, ROWS, SMALL, Case
from campaigns import campaigns
from hypothesis import given, settings
from jsonschema import Draft202012Validator

from services.common.campaign import Campaign
from services.common.campaign_schema import dump, json_schema, parse

ROOT = Path(__file__).parents[2]
SCHEMA = json_schema()
DOCS = (ROOT / "docs" / "campaign.md").read_text(encoding="utf-8")

BETWEEN_FIELDS = {
    "closes-too-early",
    "repeated-code",
    "repeated-tile",
    "repeated-item",
    "unknown-block",
    "unknown-group",
    "unknown-scale",
    "band-order",
    "too-many-points",
}
"""What a JSON Schema cannot say."""
ELSEWHERE = {"not-a-moment", "out-of-range", "unprintable", "too-many-decimals", "bad-code"}
"""What it says of most values only: not of a 13th month, of a year, of a figure's decimals, of a number as a code."""


class Core(yaml.SafeLoader):
    """YAML as editors read it: 1.2, where a moment is a text."""


Core.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def as_an_editor_reads(text: str) -> object:
    return yaml.load(text, Loader=Core)  # noqa: S506 (a safe loader)


def accepted(document: object) -> bool:
    return Draft202012Validator(SCHEMA).is_valid(document)


def test_it_is_a_schema():
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("name", ["hanoi-2022", "sipas"])
def test_it_accepts_the_examples(name: str):
    text = (ROOT / "examples" / f"{name}.yaml").read_text(encoding="utf-8")
    assert list(Draft202012Validator(SCHEMA).iter_errors(as_an_editor_reads(text))) == []


@given(campaigns())
@settings(max_examples=60, deadline=None)
def test_it_accepts_whatever_the_system_writes(campaign: Campaign):
    document = dump(campaign, public=True)
    del document["version"]
    assert list(Draft202012Validator(SCHEMA).iter_errors(document)) == []


@pytest.mark.parametrize(
    "case",
    [case for case in [*FIELDS, *ROWS, *LEAVES] if case.code not in BETWEEN_FIELDS | ELSEWHERE],
    ids=lambda case: f"{case.new[:40]!r}",
)
def test_it_refuses_the_shapes_that_the_reader_refuses(case: Case):
    assert accepted(as_an_editor_reads(SMALL))
    assert not accepted(as_an_editor_reads(case.text))


@pytest.mark.parametrize(
    "pair",
    [
        ("campaign: small", "campaign: small town"),
        ("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-11-01T00:00:00"),
        ("weight: 1.50", "weight: 0"),
        ("weight: 1.50", 'weight: "1.1234567"'),
        ("percent: 100}", "percent: 100.5}"),
        ("decimals: 3", "decimals: 7"),
    ],
    ids=str,
)
def test_it_refuses_bad_codes_moments_and_numbers(pair: tuple[str, str]):
    assert not accepted(as_an_editor_reads(SMALL.replace(*pair)))


def test_the_committed_file_is_the_current_schema():
    committed = json.loads((ROOT / "docs" / "campaign.schema.json").read_text(encoding="utf-8"))
    assert committed == SCHEMA, "run: parindex campaign schema > docs/campaign.schema.json"


@pytest.mark.parametrize("name", ["hanoi-2022", "sipas"])
def test_the_examples_lead_editors_to_it(name: str):
    path = ROOT / "examples" / f"{name}.yaml"
    first = path.read_text(encoding="utf-8").splitlines()[0]
    found = re.fullmatch(r"# yaml-language-server: \$schema=(\S+)", first)
    assert found
    assert (path.parent / found[1]).resolve() == (ROOT / "docs" / "campaign.schema.json").resolve()


def parts() -> dict[str, dict[str, Any]]:
    return {"Campaign": SCHEMA, **SCHEMA["$defs"]}


def test_every_field_is_described():
    for name, part in parts().items():
        for field, shape in part["properties"].items():
            assert shape["description"].endswith("."), f"{name}.{field}"


def test_the_page_has_the_fields_of_the_schema_and_no_others():
    section = DOCS.split("\n## Fields\n")[1].split("\n## ")[0]
    pages = dict(re.findall(r"(?ms)^### (\w+)\n(.*?)(?=^### |\Z)", section))
    assert set(pages) == set(parts())
    for name, part in parts().items():
        rows = [re.split(r"(?<!\\) ?\| ?", row)[1:-1] for row in re.findall(r"(?m)^\| `.*$", pages[name])]
        assert [row[0] for row in rows] == [f"`{field}`" for field in part["properties"]], name
        for (_, required, _, default, meaning), (field, shape) in zip(rows, part["properties"].items(), strict=True):
            place = f"{name}.{field}"
            assert required == ("required" if field in part.get("required", ()) else "optional"), place
            assert default == {"[]": "none", "None": ""}.get(str(shape.get("default")), f"`{shape.get('default')}`"), (
                place
            )
            assert meaning == shape["description"], place


def test_the_first_campaign_of_the_page_is_one():
    text = re.findall(r"(?ms)^```yaml\n(.*?)^```", DOCS)[0]
    campaign = parse(text)
    assert accepted(as_an_editor_reads(text))
    assert [leaf.method for leaf in campaign.leaves] == ["appraisal", "survey"]
