"""`parindex campaign`: what the commands print, what they send, and how they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from campaign_faults import SMALL
from click.testing import CliRunner, Result

from deploy.embedded.errors import StartError
from services.cli.campaign import campaign
from services.common.campaign_schema import dump, json_schema, parse

ROOT = Path(__file__).parents[2]
SMALL_FILE = str(ROOT / "tests" / "data" / "small_campaign.yaml")
HANOI_FILE = str(ROOT / "examples" / "hanoi-2022.yaml")


def run(*arguments: str, stdin: str | bytes | None = None, **environment: str) -> Result:
    return CliRunner().invoke(campaign, arguments, input=stdin, env={"COLUMNS": "200", **environment})


@dataclass
class Service:
    """A service that gives one answer and keeps what it was asked."""

    url: str
    status: int = 201
    answer: bytes = b"{}"
    content_type: str = "application/json"
    asked: list[dict[str, Any]] = field(default_factory=list)

    def will_answer(self, status: int, document: object) -> None:
        self.status, self.answer = status, json.dumps(document).encode()


@pytest.fixture
def service() -> Iterator[Service]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            found.asked.append(
                {
                    "method": self.command,
                    "path": self.path,
                    "token": self.headers.get("Authorization"),
                    "type": self.headers.get("Content-Type"),
                    "body": self.rfile.read(length),
                }
            )
            self.send_response(found.status)
            self.send_header("Content-Type", found.content_type)
            self.send_header("Content-Length", str(len(found.answer)))
            self.end_headers()
            self.wfile.write(found.answer)

        do_PUT = do_GET  # noqa: N815 (the name that http.server looks for)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Service(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


class TestCheck:
    def test_it_sums_up_what_a_campaign_comes_to(self):
        result = run("check", HANOI_FILE)
        assert result.exit_code == 0
        lines = [line.split() for line in result.stdout.splitlines()]
        assert ["district", "Quận,", "huyện,", "thị", "xã", "30"] in lines
        assert ["total", "80", "70.00", "30.00", "100.00"] in lines
        assert ["CI", "Người", "dân", "district,", "department", "10", "270", "per", "unit", "open"] in lines
        assert "Note" not in result.stdout

    def test_it_names_the_leaves_that_nobody_answers_in_a_block(self):
        result = run("check", SMALL_FILE)
        assert result.exit_code == 0
        assert "no group rates block office on l3" in result.stdout

    def test_the_figures_are_to_be_had_as_json(self):
        figures = json.loads(run("check", HANOI_FILE, "--json").stdout)
        assert figures["total"] == {"leaves": 80, "appraisal": "70.00", "survey": "30.00", "points": "100.00"}
        assert [(block["code"], block["units"]) for block in figures["blocks"]] == [
            ("district", 30),
            ("department", 22),
        ]

    def test_problems_are_printed_as_compilers_do_and_end_it_with_2(self, tmp_path: Path):
        file = tmp_path / "bad.yaml"
        file.write_text(SMALL.replace("block: office", "block: attic").replace("ties: dense", "ties: loose"))
        result = run("check", str(file))
        assert result.exit_code == 2
        assert result.stdout.splitlines() == [
            f"{file}:19: /units/2/block: there is no block 'attic': define it, or correct the code",
            f"{file}:66: /rules/ties: 'loose' is not one of: shared, dense",
        ]

    def test_problems_are_to_be_had_as_json(self):
        result = run("check", "-", "--json", stdin=SMALL.replace("ties: dense", "ties: loose"))
        assert result.exit_code == 2
        assert json.loads(result.stdout) == {
            "problems": [
                {
                    "pointer": "/rules/ties",
                    "line": 66,
                    "code": "not-a-choice",
                    "detail": "'loose' is not one of: shared, dense",
                }
            ]
        }

    def test_a_file_that_is_not_there_ends_it_with_2(self):
        assert run("check", "nowhere.yaml").exit_code == 2


def test_the_schema_is_printed():
    assert json.loads(run("schema").stdout) == json_schema()


class TestPublish:
    def test_it_sends_the_file_as_it_is_and_prints_the_version(self, service: Service):
        service.will_answer(201, {"campaign": "small", "version": 3})
        result = run("publish", SMALL_FILE, "--intake", service.url, "--token", "secret")
        assert (result.exit_code, result.stdout) == (0, "small version 3\n")
        assert service.asked == [
            {
                "method": "PUT",
                "path": "/v1/campaigns/small",
                "token": "Bearer secret",
                "type": "application/yaml",
                "body": SMALL.encode(),
            }
        ]

    def test_address_and_token_may_stand_in_the_environment(self, service: Service):
        service.will_answer(200, {"version": 1})
        result = run("publish", SMALL_FILE, "--json", PARINDEX_INTAKE_URL=service.url, PARINDEX_TOKEN="from-outside")
        assert json.loads(result.stdout) == {"version": 1}
        assert service.asked[0]["token"] == "Bearer from-outside"

    def test_without_an_address_it_goes_to_the_stack_that_runs_here(
        self, service: Service, monkeypatch: pytest.MonkeyPatch
    ):
        state = {"intake": service.url, "reporting": "http://127.0.0.1:1", "admin_token": "of-the-stack"}
        monkeypatch.setattr("services.cli.client._running_stack", lambda: state)
        service.will_answer(201, {"version": 1})
        assert run("publish", SMALL_FILE).exit_code == 0
        assert service.asked[0]["token"] == "Bearer of-the-stack"

    def test_the_stacks_token_never_goes_to_another_address(self, service: Service, monkeypatch: pytest.MonkeyPatch):
        state = {"intake": "http://127.0.0.1:1", "admin_token": "of-the-stack"}
        monkeypatch.setattr("services.cli.client._running_stack", lambda: state)
        service.will_answer(401, {"title": "A valid bearer token is needed", "status": 401})
        result = run("publish", SMALL_FILE, "--intake", service.url)
        assert (result.exit_code, service.asked[0]["token"]) == (3, None)
        assert "A valid bearer token is needed" in result.stderr

    def test_a_definition_that_is_wrong_is_not_sent(self, service: Service):
        result = run("publish", "-", "--intake", service.url, stdin=SMALL.replace("ties: dense", "ties: loose"))
        assert (result.exit_code, service.asked) == (2, [])

    def test_a_refusal_is_printed_with_its_list_and_ends_it_with_3(self, service: Service):
        errors = [
            {"pointer": "/units", "code": "published", "detail": "unit 'w9' was published and is missing"},
            {"pointer": "/rules/ties", "code": "x", "detail": "no", "line": 66},
        ]
        service.will_answer(409, {"title": "Conflict", "detail": "not so", "status": 409, "errors": errors})
        result = run("publish", SMALL_FILE, "--intake", service.url)
        assert result.exit_code == 3
        assert result.stderr == f"{SMALL_FILE}: Conflict: not so\n"
        assert result.stdout.splitlines() == [
            f"{SMALL_FILE}: /units: unit 'w9' was published and is missing",
            f"{SMALL_FILE}:66: /rules/ties: no",
        ]

    @pytest.mark.parametrize(("status", "reason"), [(502, "Bad Gateway"), (200, "OK"), (302, "Found")])
    def test_an_answer_of_something_else_is_named(self, service: Service, status: int, reason: str):
        service.status, service.answer = status, b"<html>hello</html>"
        for command in (["publish", SMALL_FILE], ["show", "small"]):
            result = run(*command, "--intake", service.url)
            assert result.exit_code == 3
            assert f"answered {status} {reason}, which is no answer of this service" in result.stderr

    def test_silence_ends_it_with_3(self):
        result = run("publish", SMALL_FILE, "--intake", "http://127.0.0.1:1")
        assert result.exit_code == 3
        assert "http://127.0.0.1:1 does not answer" in result.stderr

    def test_no_stack_and_no_address_ends_it_with_3(self, tmp_path: Path):
        result = run("publish", SMALL_FILE, PARINDEX_HOME=str(tmp_path))
        assert result.exit_code == 3
        assert "parindex up" in result.stderr

    def test_a_stack_that_cannot_tell_ends_it_with_3(self, monkeypatch: pytest.MonkeyPatch):
        def running() -> None:
            raise StartError("the folder cannot be read")

        monkeypatch.setattr("services.cli.stack.running", running)
        result = run("publish", SMALL_FILE)
        assert (result.exit_code, result.stderr) == (3, "parindex: the folder cannot be read\n")

    @pytest.mark.parametrize("url", ["localhost:8001", "http://x:port", "ftp://x"])
    def test_an_address_that_is_none_ends_it_with_2(self, url: str):
        assert run("publish", SMALL_FILE, "--intake", url).exit_code == 2


class TestShow:
    def test_it_sums_up_what_is_published(self, service: Service):
        service.will_answer(200, dump(replace(parse(SMALL), version=4), public=True))
        result = run("show", "small", "--intake", service.url)
        assert result.exit_code == 0
        assert result.stdout.startswith("small, version 4: Đợt thử\n")
        assert service.asked[0]["path"] == "/v1/campaigns/small"

    def test_it_prints_the_public_definition_as_json(self, service: Service):
        public = dump(replace(parse(SMALL), version=4), public=True)
        service.will_answer(200, public)
        assert json.loads(run("show", "small", "--intake", service.url, "--json").stdout) == public

    def test_a_campaign_that_is_not_there_ends_it_with_3(self, service: Service):
        service.will_answer(404, {"title": "There is no such thing here", "status": 404})
        result = run("show", "small", "--intake", service.url)
        assert (result.exit_code, result.stderr) == (3, "small: There is no such thing here\n")

    def test_a_definition_that_cannot_be_read_ends_it_with_3(self, service: Service):
        service.will_answer(200, {"campaign": "small", "surprise": 1})
        result = run("show", "small", "--intake", service.url)
        assert result.exit_code == 3
        assert "/surprise" in result.stderr

    def test_what_is_no_code_ends_it_with_2(self):
        assert run("show", "../livez", "--intake", "http://127.0.0.1:1").exit_code == 2


class TestDiff:
    def test_it_says_what_changes_by_what_it_does_and_for_whom(self, service: Service):
        old = parse(SMALL)
        leaf = next(leaf for leaf in old.leaves if leaf.method == "survey")
        new = SMALL.replace(f"max_points: {leaf.max_points}", "max_points: 7.5", 1).replace("Đợt thử", "Đợt mới")
        service.will_answer(200, dump(replace(old, version=4), public=True))

        result = run("diff", "-", "--intake", service.url, stdin=new)

        assert result.exit_code == 0, result.output
        lines = result.stdout.splitlines()
        assert lines[0] == "small: 2 differences from version 4."
        (index,) = [line for line in lines if "max_points" in line]
        assert "→ 7.5 (for " in index
        (words,) = [line for line in lines if "title" in line]
        assert lines.index(index) < lines.index("Changes words only:") < lines.index(words)

    def test_two_files_are_compared_without_a_service(self, tmp_path: Path):
        file = tmp_path / "old.yaml"
        file.write_text(SMALL, encoding="utf-8")

        result = run("diff", "-", "--against", str(file), stdin=SMALL)

        assert (result.exit_code, result.stdout) == (0, "small: nothing differs from the other file.\n")

    def test_what_may_not_be_published_ends_it_with_1(self, service: Service):
        old = parse(SMALL)
        service.will_answer(200, dump(replace(old, version=4), public=True))
        gone = old.units[0].code
        new = json.dumps(dump(replace(old, units=old.units[1:]), public=True) | {"version": None})
        document = {name: value for name, value in json.loads(new).items() if name not in {"version", "layout"}}

        result = run("diff", "-", "--intake", service.url, "--json", stdin=json.dumps(document))

        assert result.exit_code == 1, result.output
        said = json.loads(result.stdout)
        assert said["forbidden"] == [{"pointer": "/units", "detail": f"unit {gone!r} was published and is missing"}]
        assert [difference["code"] for difference in said["differences"]] == [gone]


@pytest.mark.parametrize("command", ["check", "publish", "show", "schema"])
def test_every_command_says_how_it_ends(command: str):
    assert "Exit codes: 0 all is well; 2 the input is wrong; 3" in " ".join(run(command, "--help").stdout.split())
