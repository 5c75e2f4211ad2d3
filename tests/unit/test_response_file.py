"""A file of responses: what is wrong with it is told before anything is sent, and it is read in parts."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from services.cli import response_file
from services.cli.response_file import LINE_BYTES, Unfit, look_through, parts
from services.intake import body, responses


def form(**changes: object) -> bytes:
    return json.dumps({"response": str(uuid.uuid4()), "group": "g", "ratings": {"u": {"l": "A"}}} | changes).encode()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "forms.ndjson"


def faults(file: Path) -> dict[int, str]:
    with pytest.raises(Unfit) as error:
        look_through(file, 1, lambda _: None)
    return {fault.line: fault.problem for fault in error.value.faults}


def test_each_line_that_could_not_be_sent_again_is_named_with_what_to_do(file: Path) -> None:
    lines = [
        form(),
        b'{"group": "g"}',
        b"",
        b"{",
        b"[]",
        form(response="7"),
        form(response=None),
        b'{"response": "' + b"x" * (2 * LINE_BYTES) + b'"}',
        b"  ",
        form(),
    ]
    file.write_bytes(b"\n".join(lines))
    found = faults(file)
    assert list(found) == [2, 4, 5, 6, 7, 8]
    assert "give each form an id of its own, a UUID" in found[2]
    assert "one response stands on each line" in found[4]
    assert "one response stands on each line" in found[5]
    assert found[6] == 'has the `response` "7", which is no UUID'
    assert "which is no UUID" in found[7]
    assert "longer than" in found[8]


def test_another_form_under_the_same_id_is_named(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(response_file, "NOTED_AT_A_TIME", 2)
    id_ = "0b0f5b8c-3d0e-4b53-8f43-2c9d6f4f4b11"
    first = {"response": id_, "group": "g", "ratings": {"u": {"l": "A"}}}
    lines = [
        form(),
        json.dumps(first).encode(),
        # The same again, the next revision, and the same once more as another program writes it: none of them is lost.
        json.dumps(first).encode(),
        json.dumps(first | {"revision": 2}).encode(),
        json.dumps(dict(reversed(first.items())), indent=None).encode(),
        form(response=id_.upper(), ratings={"u": {"l": "B"}}),
        form(),
    ]
    file.write_bytes(b"\n".join(lines) + b"\n")
    found = faults(file)
    assert list(found) == [6]
    assert "of line 2 but other content" in found[6]


def test_only_the_first_faults_are_gathered(file: Path) -> None:
    file.write_bytes(b"[]\n" * 1_000)
    assert list(faults(file)) == list(range(1, 21))


def test_what_is_to_be_sent_is_counted_from_a_line_on(file: Path) -> None:
    file.write_bytes(b"\n\n".join(form() for _ in range(10)))
    told: list[int] = []
    assert look_through(file, 1, told.append) == 10
    assert sum(told) == file.stat().st_size
    # The forms stand on the lines 1, 3, 5 …
    assert look_through(file, 6, told.append) == 7


def test_parts_are_no_larger_than_a_batch_may_be(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = [form(comment="x" * (100 * (number % 7))) for number in range(50)]
    file.write_bytes(b"\r\n".join(lines) + b"\n")
    monkeypatch.setattr(response_file, "PART_LINES", 8)
    monkeypatch.setattr(response_file, "PART_BYTES", 2_000)
    found = list(parts(file, 1))
    assert [line.text.strip() for part in found for line in part] == lines
    assert all(len(part) <= 8 and sum(len(line.text) for line in part) <= 2_000 for part in found)
    assert [line.number for part in found for line in part] == list(range(1, 51))
    assert [line.number for part in parts(file, 49) for line in part] == [49, 50]


def test_the_limits_are_those_of_intake() -> None:
    assert LINE_BYTES == body.RESPONSE_BYTES
    assert 2 * response_file.PART_BYTES <= body.BATCH_BYTES
    assert response_file.PART_LINES <= responses.BATCH_LINES
