"""`parindex responses send` to a real intake: all of a file is in the log under its ids, over a bad network too."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from services.cli import response_file, responses
from services.cli.main import main
from tests.intake import PARINDEX, Intake, eventually, response
from tests.proxy import Proxy

FORMS = 400
MANY = 8_000


def send(file: Path, address: str, *options: str) -> Result:
    intake, _, code = address.rpartition("/v1/campaigns/")
    return CliRunner().invoke(
        main, ["responses", "send", str(file), "--campaign", code, "--intake", intake, *options], env={"COLUMNS": "200"}
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """All forms fit but the 7th, which rates a ward that is not there."""
    forms = [response(response=str(uuid.uuid4())) for _ in range(FORMS)]
    forms[6] |= {"ratings": {"nowhere": {"l2": "A"}}}
    path = tmp_path / "forms.ndjson"
    path.write_text("\n".join(map(json.dumps, forms)))
    return path


def ids(file: Path) -> list[str]:
    return [json.loads(line)["response"] for line in file.read_text().splitlines()]


def logged(intake: Intake, address: str) -> list[dict[str, Any]]:
    code = address.rpartition("/")[2]
    return [content for content in intake.contents("responses") if content["campaign"] == code]


def test_a_file_is_sent_and_its_bad_lines_are_kept(intake: Intake, file: Path) -> None:
    address = intake.campaign()
    done = send(file, intake.url + address, "--json")
    assert done.exit_code == 1, done.output
    said = json.loads(done.stdout)
    assert (said["responses"], said["accepted"], said["refused"], said["next"]) == (FORMS, FORMS - 1, 1, None)
    (kept,) = [json.loads(line) for line in Path(said["refusals"]).read_text().splitlines()]
    assert (kept["line"], kept["status"]) == (7, 422)
    assert kept["problem"]["errors"][0]["pointer"] == "/ratings/nowhere"
    assert kept["sent"]["response"] == ids(file)[6]
    assert sorted(content["response"] for content in logged(intake, address)) == sorted(
        id_ for id_ in ids(file) if id_ != ids(file)[6]
    )


def test_people_are_told_in_a_table(intake: Intake, file: Path) -> None:
    done = send(file, intake.url + intake.campaign())
    assert done.exit_code == 1
    for line in ("responses to send      400", "accepted               399", "refused                1"):
        assert line in done.stdout
    assert f"{file}.refused" in done.stdout


def test_nothing_is_sent_of_a_file_that_could_count_twice(intake: Intake, file: Path) -> None:
    address = intake.campaign()
    file.write_text(file.read_text() + "\n" + json.dumps(response()))
    done = send(file, intake.url + address)
    assert done.exit_code == 2
    assert f"{file}:{FORMS + 1}: has no `response`: give each form an id of its own" in done.output
    assert logged(intake, address) == []


def test_a_campaign_that_is_not_there_is_told_before_anything_is_sent(intake: Intake, file: Path) -> None:
    done = send(file, f"{intake.url}/v1/campaigns/nothing")
    assert done.exit_code == 3
    assert "nothing was sent" in done.output


def test_an_intake_that_is_not_there_is_told(file: Path) -> None:
    done = send(file, "http://127.0.0.1:1/v1/campaigns/any")
    assert done.exit_code == 3
    assert "does not answer" in done.output


def test_over_a_network_that_breaks_every_form_has_one_id(
    intake: Intake, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections are cut while batches are on their way: what was taken before is the same when it comes again."""
    monkeypatch.setattr(response_file, "PART_LINES", 20)
    address = intake.campaign()
    with Proxy(int(intake.url.rpartition(":")[2])) as proxy:
        known, ended = threading.Event(), threading.Event()
        published = responses._published

        def published_and_known(code: str, intake: str | None) -> str:
            try:
                return published(code, intake)
            finally:
                known.set()

        monkeypatch.setattr(responses, "_published", published_and_known)

        def cut() -> None:
            # Whether there is the campaign is asked once: without an answer nothing is begun.
            known.wait(30)
            pause_s = 0.05
            while not ended.wait(pause_s):
                proxy.cut()
                # A part must come through at last, however slow the machine.
                pause_s *= 1.2

        cutting = threading.Thread(target=cut)
        cutting.start()
        try:
            done = send(file, f"http://127.0.0.1:{proxy.port}{address}", "--connections", "2", "--json")
        finally:
            ended.set()
            cutting.join()
    assert json.loads(done.stdout)["accepted"] == FORMS - 1, done.output
    assert {content["response"] for content in logged(intake, address)} == set(ids(file)) - {ids(file)[6]}


def test_an_interrupted_run_says_where_to_go_on(intake: Intake, file: Path) -> None:
    address = intake.campaign()
    file.write_text("\n".join(json.dumps(response(response=str(uuid.uuid4()))) for _ in range(MANY)))
    with Proxy(int(intake.url.rpartition(":")[2])) as proxy:
        proxy.mode = "delay"
        options = ["--campaign", address.rpartition("/")[2], "--intake", f"http://127.0.0.1:{proxy.port}"]
        process = subprocess.Popen(
            [*PARINDEX, "responses", "send", str(file), *options, "--connections", "1", "--json"],
            stdout=subprocess.PIPE,
            text=True,
        )
        eventually(lambda: logged(intake, address), "something is taken")
        process.send_signal(signal.SIGINT)
        said = json.loads(process.communicate(timeout=60)[0])
    assert process.returncode == 1
    assert (said["problem"], said["accepted"]) == ("interrupted", said["next"] - 1)
    assert said["next"] < MANY
    again = send(file, intake.url + address, "--from", str(said["next"]), "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["accepted"] == MANY + 1 - said["next"]
    assert {content["response"] for content in logged(intake, address)} == set(ids(file))
