"""What could not be applied is shown so that nobody is deceived by it, and every reason is explained."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cli.rejected_shown import lines, safe, whole
from services.common.requeued import Place
from services.scoring.letters import EXPECTED
from services.scoring.reasons import HOPELESS, REASONS

ROOT = Path(__file__).parents[2]
PLACE = Place("responses", 3, 1234)


def shown(value: bytes | None, **more: Any) -> list[str]:  # noqa: ANN401
    """The lines that show a record with a value."""
    record = {"key": b"k", "value": value, "headers": [], "timestamp": -(2**62)}
    return list(lines(whole(PLACE, {"reason": "unreadable", "detail": "", "record": record, **more})))


def value_of(value: bytes | None) -> list[str]:
    printed = shown(value)
    return [line.removeprefix("    ") for line in printed[printed.index("value") + 1 :]]


@given(st.text())
def test_a_shown_text_has_nothing_that_a_terminal_obeys(text: str) -> None:
    assert safe(text).isprintable()


@pytest.mark.parametrize("text", ["Phường Ba Đình, 3/4 “tốt”", "a\u0300e\u0323", ""])
def test_plain_text_is_shown_as_it_is(text: str) -> None:
    assert safe(text) == text


@given(st.binary() | st.text().map(str.encode))
def test_any_value_is_shown_in_lines_of_its_own(value: bytes) -> None:
    assert all(line.isprintable() for line in shown(value))


def test_json_is_shown_by_its_structure() -> None:
    content = {"comment": "Ô nhiễm\nnhiều \x1b[2J", "ratings": {"w1": {"l2": "A"}}, "revision": 1}
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    assert json.loads("\n".join(value_of(text.encode()))) == content
    assert len(value_of(text.encode())) == 9


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":2}',
        '{"a":1e3}',
        '{"a":18446744073709551616.5}',
        '"\\u00e9"',
        "{",
        "NaN1",
        "[" * 100_000,
        "9" * 5_000,
    ],
)
def test_what_would_be_lost_in_writing_it_anew_is_shown_as_it_stands(text: str) -> None:
    assert value_of(text.encode()) == [text]


def test_bytes_that_are_no_text_are_shown_in_base64() -> None:
    assert value_of(b"\xff\xfe") == ["(base64) //4="]
    assert value_of(None) == ["(none)"]


def test_a_letter_tells_where_its_record_went_and_came_from() -> None:
    printed = shown(b"{", requeued=1300, requeued_from=7)
    assert "came from     responses/3/7, by an operator's requeueing" in printed
    assert "requeued as   responses/3/1300" in printed


def test_a_reason_of_another_version_is_shown_without_a_remedy() -> None:
    assert not [line for line in shown(b"{", reason="unheard-of") if line.startswith(("meaning", "remedy"))]


def test_every_reason_that_a_record_is_rejected_for_is_explained_here_and_in_the_guide() -> None:
    sources = [ROOT / "services" / "common" / "appraisals.py", *(ROOT / "services" / "scoring").glob("*.py")]
    raised = re.compile(r'(?:Rejected|Unfit)\(\s*"([a-z-]+)"|letter\((?:item\.)?record, "([a-z-]+)"')
    found = {name for source in sources for match in raised.findall(source.read_text()) for name in match if name}
    assert found == REASONS.keys()
    assert {*EXPECTED, *HOPELESS} <= REASONS.keys()
    guide = (ROOT / "docs" / "operations.md").read_text()
    for name in REASONS:
        assert f"| `{name}` |" in guide, name
