"""`parindex ranking`, `unit`, `campaign list`, `responses status`: what they ask, print, and how they end."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from click.testing import CliRunner, Result

from services.cli.main import main

AS_OF = {"state": 7, "counted": 2972, "positions": {}}
ROW = {
    "unit": "long-bien",
    "name": {"vi": "Quận Long Biên", "en": "Long Biên Urban District"},
    "rank": 1,
    "tied": True,
    "index": "91.43",
    "index_exact": "91.4285",
    "earned": "64.123456789",
    "attainable": "70",
    "band": {"vi": "Xuất sắc", "en": "Excellent"},
    "n": 1500,
    "provisional": True,
    "pending": ["1-2-1"],
}
RANKING = {"campaign": "hanoi", "version": 3, "block": "district", "as_of": AS_OF, "rows": [ROW]}
HIDDEN = {"index": None, "earned": None, "attainable": None, "lost": None, "suppressed": True}
LEAF = {
    "leaf": "1-1-1",
    "name": {"vi": "Đúng hẹn"},
    "method": "survey",
    "max_points": "2",
    "state": "scored",
    "points": "1.5",
    "lost": "0.5",
    "question": {"vi": "Có đúng hẹn không?"},
    "groups": [
        {"group": "CI", "answers": 30, "no_opinion": 2, "share": "0.75"},
        {"group": "BU", "answers": None, "no_opinion": None, "share": None, "suppressed": True},
    ],
}
UNIT = {
    **ROW,
    "campaign": "hanoi",
    "version": 3,
    "as_of": AS_OF,
    "groups": [
        {"group": "CI", "name": {"vi": "Người dân", "en": "Citizens"}, "n": 1500, "index": "75.00"},
        {"group": "BU", "name": {"vi": "Doanh nghiệp"}, "n": 3, **HIDDEN},
    ],
    "fields": [
        {
            "field": "1",
            "name": {"vi": "Chỉ đạo", "en": "Direction"},
            **dict.fromkeys(("index", "index_exact"), "75.00"),
            "earned": "1.5",
            "attainable": "2",
            "lost": "0.5",
            "criteria": [
                {"criterion": "1-1", "name": {"vi": "Kế hoạch"}, **HIDDEN, "leaves": [LEAF]},
            ],
        }
    ],
}


@dataclass
class Reporting:
    """Gives one answer and keeps what it was asked."""

    url: str
    status: int = 200
    answer: object = None
    headers: dict[str, str] = field(default_factory=dict)
    missing: int = 0
    """Bytes that are announced and never come."""
    asked: list[tuple[str, dict[str, list[str]], str | None]] = field(default_factory=list)


@pytest.fixture
def reporting() -> Iterator[Reporting]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            found.asked.append((address.path, parse_qs(address.query), self.headers.get("Authorization")))
            body = found.answer if isinstance(found.answer, bytes) else json.dumps(found.answer).encode()
            self.send_response(found.status)
            self.send_header("Content-Length", str(len(body) + found.missing))
            for header in found.headers.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found = Reporting(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield found
        server.shutdown()
        thread.join()


def run(reporting: Reporting, *arguments: str) -> Result:
    environment: dict[str, Any] = {"COLUMNS": "200", "PARINDEX_REPORTING_URL": reporting.url, "PARINDEX_TOKEN": None}
    return CliRunner().invoke(main, arguments, env=environment)


class TestRanking:
    def test_it_asks_for_the_view_that_was_named(self, reporting: Reporting) -> None:
        reporting.answer = RANKING

        result = run(
            reporting, "ranking", "hanoi", "--block", "district", "--field", "1", "--group", "CI", "--token", "secret"
        )

        assert result.exit_code == 0, result.output
        query = {"block": ["district"], "field": ["1"], "group": ["CI"]}
        assert reporting.asked == [("/v1/campaigns/hanoi/rankings", query, "Bearer secret")]

    @pytest.mark.parametrize(
        ("lang", "unit", "grade"),
        [("vi", "Quận Long Biên", "Xuất sắc"), ("en", "Long Biên Urban District", "Excellent")],
    )
    def test_it_prints_a_table_in_either_language(self, reporting: Reporting, lang: str, unit: str, grade: str) -> None:
        reporting.answer = RANKING

        output = run(reporting, "ranking", "hanoi", "--lang", lang).output

        (line,) = [line for line in output.splitlines() if unit in line]
        assert line.split() == ["=1", *unit.split(), "91.43*", "64.1234…", "70", "1,500", *grade.split()]
        assert "* provisional" in output
        assert "Version 3, state 7: 2,972 responses counted." in output

    def test_it_shows_intervals_where_there_are_some(self, reporting: Reporting) -> None:
        reporting.answer = {**RANKING, "rows": [{**ROW, "interval": ["90.12", "92.74"], "rank_interval": [1, 4]}]}

        output = run(reporting, "ranking", "hanoi").output

        assert "90.12 to 92.74" in output
        assert "1 to 4" in output

    def test_it_passes_on_the_answer_as_json(self, reporting: Reporting) -> None:
        reporting.answer = RANKING

        assert json.loads(run(reporting, "ranking", "hanoi", "--json").output) == RANKING

    def test_a_unit_without_a_figure_and_a_hidden_one_are_no_zero(self, reporting: Reporting) -> None:
        nothing = {"rank": None, "tied": False, "index": None, "earned": None, "attainable": None, "band": None}
        rows = [{**ROW, **nothing, "n": 0}, {**ROW, **nothing, "suppressed": True}]
        reporting.answer = {**RANKING, "rows": rows}

        output = run(reporting, "ranking", "hanoi").output

        first, second = [line for line in output.splitlines() if "Long Biên" in line]
        assert first.split() == ["Quận", "Long", "Biên", "*", "0"]
        assert second.split() == ["Quận", "Long", "Biên", "—", "1,500"]
        assert "hidden: too few answers" in output

    @pytest.mark.parametrize(("status", "code"), [(404, 2), (422, 2), (401, 3), (503, 3)])
    def test_a_refusal_is_told_and_ends_with_its_code(self, reporting: Reporting, status: int, code: int) -> None:
        reporting.status = status
        faults = [{"pointer": "/block", "code": "required", "detail": "known: district"}]
        reporting.answer = {"title": "No", "detail": "say which", "status": status, "errors": faults}

        result = run(reporting, "ranking", "hanoi")

        assert result.exit_code == code
        assert result.stdout == ""
        assert result.stderr.splitlines() == ["No: say which", "  /block: known: district"]

    def test_what_is_no_code_is_never_sent(self, reporting: Reporting) -> None:
        result = run(reporting, "ranking", "../../metrics")

        assert result.exit_code == 2
        assert reporting.asked == []

    def test_silence_ends_with_3(self) -> None:
        result = CliRunner().invoke(main, ["ranking", "hanoi", "--reporting", "http://127.0.0.1:1"])

        assert result.exit_code == 3
        assert "does not answer" in result.stderr


class TestUnit:
    def test_it_goes_down_to_the_groups(self, reporting: Reporting) -> None:
        reporting.answer = UNIT

        result = run(reporting, "unit", "hanoi", "long-bien", "--depth", "group")

        assert result.exit_code == 0, result.output
        lines = [line.split() for line in result.output.splitlines()]
        assert ["1", "Chỉ", "đạo", "75.00", "1.5", "2", "0.5"] in lines
        assert ["1-1", "Kế", "hoạch", "—"] in lines
        assert ["1-1-1", "Đúng", "hẹn", "1.5", "2", "0.5"] in lines
        assert ["CI", "CI", "75.00"] in lines
        assert ["BU", "BU", "—"] in lines
        assert ["BU", "Doanh", "nghiệp", "—", "3"] in lines
        assert "* provisional, pending: 1-2-1" in result.output

    def test_it_stops_at_the_depth(self, reporting: Reporting) -> None:
        reporting.answer = UNIT

        output = run(reporting, "unit", "hanoi", "long-bien", "--depth", "field").output

        assert "Chỉ đạo" in output
        assert "Kế hoạch" not in output


class TestCampaignList:
    def test_it_lists_what_is_published(self, reporting: Reporting) -> None:
        row = {
            "campaign": "hanoi",
            "title": {"vi": "Hà Nội"},
            "version": 3,
            "opens": "2022-11-01T00:00:00+07:00",
            "closes": "2022-12-01T00:00:00+07:00",
            "state": "open",
            "live": "private",
            "counted": 2972,
            "as_of": AS_OF,
        }
        reporting.answer = {"campaigns": [row]}

        result = run(reporting, "campaign", "list")

        (line,) = [line for line in result.output.splitlines() if "Hà Nội" in line]
        moments = ["2022-11-01", "00:00", "2022-12-01", "00:00"]
        assert line.split() == ["hanoi", "Hà", "Nội", "3", "open", "private", *moments, "2,972"]


class TestStatus:
    ID = "3c5e1a52-8d4e-4e63-9b35-7d6c40ac1f4f"

    def test_it_asks_with_the_receipt(self, reporting: Reporting) -> None:
        reporting.answer = {"response": self.ID, "status": "counted", "revision": 2, "digest": "0" * 64}
        receipt = ["--revision", "2", "--digest", "0" * 64, "--partition", "0", "--offset", "9"]

        result = run(reporting, "responses", "status", "hanoi", self.ID, *receipt)

        assert result.output == "counted: revision 2 counts\n"
        address, query, _ = reporting.asked[0]
        assert address == f"/v1/campaigns/hanoi/responses/{self.ID}"
        assert query == {"revision": ["2"], "digest": ["0" * 64], "partition": ["0"], "offset": ["9"]}

    def test_a_rejected_one_has_its_reason(self, reporting: Reporting) -> None:
        answer = {"response": self.ID, "status": "rejected", "revision": None, "digest": None, "reason": "unreadable"}
        reporting.answer = answer

        result = run(reporting, "responses", "status", "hanoi", self.ID)

        assert result.output == "rejected (unreadable): nothing of it counts\n"


class TestExport:
    def test_the_suffix_says_what_the_file_becomes(self, reporting: Reporting, tmp_path: Path) -> None:
        reporting.answer, reporting.headers = b"a;b", {"X-Row-Count": "30"}
        file = tmp_path / "ranking.csv"
        options = ["--block", "district", "--separator", ";", "--lang", "en"]

        result = run(reporting, "export", "rankings", "hanoi", "-o", str(file), *options)

        assert result.stdout == f"{file}: 3 bytes, 30 rows\n"
        assert file.read_bytes() == b"a;b"
        query = {"block": ["district"], "separator": [";"], "lang": ["en"]}
        assert reporting.asked == [("/v1/campaigns/hanoi/rankings.csv", query, None)]
        assert [path.name for path in tmp_path.iterdir()] == ["ranking.csv"]

    def test_a_unit_is_named(self, reporting: Reporting, tmp_path: Path) -> None:
        reporting.answer = b"%PDF"

        result = run(reporting, "export", "unit", "hanoi", "ba-dinh", "-o", str(tmp_path / "a.pdf"), "--json")

        assert json.loads(result.stdout) == {"file": str(tmp_path / "a.pdf"), "rows": None, "bytes": 4}
        assert reporting.asked[0][0] == "/v1/campaigns/hanoi/units/ba-dinh.pdf"

    def test_what_was_cut_short_leaves_the_file_of_before(self, reporting: Reporting, tmp_path: Path) -> None:
        file = tmp_path / "ranking.csv"
        file.write_bytes(b"before")
        reporting.answer, reporting.missing = b"half", 4

        result = run(reporting, "export", "rankings", "hanoi", "-o", str(file))

        assert result.exit_code == 3
        assert "cut short" in result.stderr
        assert file.read_bytes() == b"before"
        assert [path.name for path in tmp_path.iterdir()] == ["ranking.csv"]

    def test_a_refusal_leaves_no_file(self, reporting: Reporting, tmp_path: Path) -> None:
        reporting.status, reporting.answer = 401, {"title": "A token is needed", "status": 401}

        result = run(reporting, "export", "responses", "hanoi", "-o", str(tmp_path / "all.csv"))

        assert (result.exit_code, list(tmp_path.iterdir())) == (3, [])
        assert "A token is needed" in result.stderr

    @pytest.mark.parametrize(
        "arguments", [("rankings", "hanoi", "-o", "x.doc"), ("unit", "hanoi", "-o", "x.pdf"), ("rankings", "hanoi")]
    )
    def test_a_call_that_is_wrong_asks_nothing(self, reporting: Reporting, arguments: tuple[str, ...]) -> None:
        assert run(reporting, "export", *arguments).exit_code == 2
        assert reporting.asked == []


class TestCompletion:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_the_script_asks_parindex(self, shell: str) -> None:
        result = CliRunner().invoke(main, ["completion", shell])

        assert result.exit_code == 0, result.output
        assert f"_PARINDEX_COMPLETE={shell}_complete" in result.output

    def test_the_script_of_bash_is_one(self) -> None:
        script = CliRunner().invoke(main, ["completion", "bash"]).output

        subprocess.run(["bash", "-n"], input=script, text=True, check=True)

    def test_commands_are_completed(self) -> None:
        environment = {"_PARINDEX_COMPLETE": "bash_complete", "COMP_WORDS": "parindex ra", "COMP_CWORD": "1"}

        result = CliRunner().invoke(main, [], prog_name="parindex", env=environment)

        assert result.output.split() == ["plain,ranking"]
