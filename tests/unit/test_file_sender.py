"""A file is sent to its last line, whatever fails; what is refused is kept, and an interruption says where to go on."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from services.cli import response_file
from services.cli.batch import Unexpected
from services.cli.connection import GaveUp
from services.cli.file_sender import FileSender, Refusals
from tests.unit.small_intake import Intake, serving

FORMS = 100
REFUSED = (17, 60)
PART = 10


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two forms of a hundred have an option that is never taken."""
    monkeypatch.setattr(response_file, "PART_LINES", PART)
    options = ["never" if number in REFUSED else "A" for number in range(1, FORMS + 1)]
    forms = [
        {"response": str(uuid.uuid4()), "revision": 1, "group": "g", "ratings": {"u": {"l": option}}}
        for option in options
    ]
    path = tmp_path / "forms.ndjson"
    path.write_text("".join(json.dumps(form) + "\n" for form in forms))
    return path


def ids(file: Path) -> list[str]:
    return [json.loads(line)["response"] for line in file.read_text().splitlines()]


def sent(there: Intake, file: Path, *, first: int = 1, patience_s: float = 60.0) -> FileSender:
    sender, refusals = FileSender(there.url, "small", 3, patience_s), Refusals(file.with_suffix(".refused"), first)
    try:
        sender.send(file, first, refusals, lambda _: None)
    finally:
        refusals.close()
    return sender


@pytest.mark.parametrize("fault", [None, 503, 429, 500, 0])
def test_every_line_is_taken_under_its_id_or_kept_with_its_problem(file: Path, fault: int | None) -> None:
    """The small intake also refuses the second line of every third batch for a moment."""
    with serving(lambda number: fault if number % 4 == 1 else None) as there:
        sender = sent(there, file)
    assert sender.accepted == FORMS - len(REFUSED)
    assert sender.done == FORMS
    expected = {id_ for number, id_ in enumerate(ids(file), 1) if number not in REFUSED}
    assert {response for response, _ in there.log} == expected
    kept = [json.loads(line) for line in file.with_suffix(".refused").read_text().splitlines()]
    assert [(line["line"], line["status"], line["sent"]["response"]) for line in kept] == [
        (number, 422, ids(file)[number - 1]) for number in REFUSED
    ]


def test_what_is_sent_again_is_the_same_to_the_byte(file: Path) -> None:
    with serving(lambda number: 503 if number == 0 else None) as there:
        sent(there, file)
    first = there.requests[0][2]
    assert [body for _, _, body in there.requests].count(first) == 2


def test_a_refusal_of_everything_ends_the_sending_and_says_how_far_it_came(file: Path) -> None:
    with serving(lambda number: 403 if number >= 4 else None) as there:
        sender, refusals = FileSender(there.url, "small", 1, 60), Refusals(file.with_suffix(".refused"), 1)
        with pytest.raises(Unexpected, match="403") as error:
            sender.send(file, 1, refusals, lambda _: None)
        refusals.close()
    assert error.value.status == 403
    # Every third request has a line that is taken a request later only.
    assert sender.done % PART == 0
    assert 0 < sender.done < FORMS
    assert sender.accepted == sender.done - sum(number <= sender.done for number in REFUSED)


def test_going_on_sends_the_rest_and_keeps_what_was_refused(file: Path) -> None:
    with serving() as there:
        sender, refusals = FileSender(there.url, "small", 1, 0.2), Refusals(file.with_suffix(".refused"), 1)
        there.fault = lambda number: 503 if number > 3 else None
        with pytest.raises(GaveUp):
            sender.send(file, 1, refusals, lambda _: None)
        refusals.close()
        there.fault = lambda _: None
        before = len(there.log)
        again = sent(there, file, first=sender.done + 1)
    assert 0 < sender.done < FORMS
    assert sender.accepted + again.accepted == FORMS - len(REFUSED)
    assert {response for response, _ in there.log[before:]} <= set(ids(file)[sender.done :])
    kept = [json.loads(line)["line"] for line in file.with_suffix(".refused").read_text().splitlines()]
    assert kept == list(REFUSED)


def test_without_a_refusal_there_is_no_file_of_them(file: Path) -> None:
    stale = file.with_suffix(".refused")
    stale.write_text("from another run\n")
    file.write_text("".join(line + "\n" for line in file.read_text().splitlines() if "never" not in line))
    with serving() as there:
        assert sent(there, file).accepted == FORMS - len(REFUSED)
    assert not stale.exists()
