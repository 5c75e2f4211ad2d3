"""Who may call what, how the service is watched, and what it says of itself."""

from __future__ import annotations

import json
import re
import uuid
from contextlib import ExitStack

import httpx
import psutil
import pytest
from prometheus_client.parser import text_string_to_metric_families

from services.common.settings import Settings
from services.intake.app import create_app
from tests.intake import Intake, definition, response

OPEN = {
    "campaigns",
    "campaign",
    "form",
    "submit",
    "submit_as",
    "withdraw",
    "batch",
    "livez",
    "readyz",
    "metrics",
    "openapi",
    "docs",
    "docs_asset",
}
"""What anybody may call; whatever else there is needs a token."""

ROUTES = [
    (rule.endpoint, method, re.sub("<[^>]+>", "x", rule.rule))
    for rule in create_app(Settings()).url_map.iter_rules()
    for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
]


@pytest.mark.parametrize(("name", "method", "address"), ROUTES)
def test_a_route_is_open_or_needs_a_token(intake: Intake, name: str, method: str, address: str) -> None:
    answer = intake.http.request(method, address)
    if name in OPEN:
        assert answer.status_code != 401
    else:
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    ("role", "publishing", "appraising"), [("admin", 201, 200), ("appraiser", 403, 200), ("viewer", 403, 403)]
)
def test_a_role_allows_what_it_is_for(intake: Intake, role: str, publishing: int, appraising: int) -> None:
    document = definition(f"c{uuid.uuid4().hex[:12]}")
    address = f"/v1/campaigns/{document['campaign']}"
    published = intake.http.put(address, json=document, headers=intake.bearer(role))
    assert published.status_code == publishing
    row = f"{intake.campaign()}/appraisals/w1"
    assert intake.http.patch(row, json={"bonus": 1}, headers=intake.bearer(role)).status_code == appraising
    assert intake.http.get(row, headers=intake.bearer(role)).status_code == appraising


@pytest.mark.parametrize("authorization", ["Bearer wrong", "Basic YWRtaW46YWRtaW4=", "Bearer", "Bearer é", ""])
def test_a_wrong_token_is_none(intake: Intake, authorization: str) -> None:
    headers = {"Authorization": authorization.encode("latin-1").decode("latin-1")}
    answer = httpx.put(
        f"{intake.url}/v1/campaigns/x",
        json={},
        headers=[(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
        trust_env=False,
    )
    assert answer.status_code == 401


def test_a_body_is_not_read_before_the_token(intake: Intake) -> None:
    assert intake.http.put("/v1/campaigns/x", content=b"{").status_code == 401


def test_health_tells_each_part(intake: Intake) -> None:
    assert intake.http.get("/livez").json() == {"status": "ok"}
    assert intake.http.get("/readyz").json() == {
        "status": "ok",
        "checks": {"kafka": "ok", "publisher": "ok", "definitions": "ok", "appraisals": "ok"},
    }


def counted(intake: Intake, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels, over all workers."""
    families = text_string_to_metric_families(intake.http.get("/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    )


def test_metrics_count_requests_by_route_and_outcome_over_all_workers(intake: Intake) -> None:
    address = f"{intake.campaign()}/responses"
    name = "parindex_intake_requests_total"
    accepted = counted(intake, name, route="submit", outcome="accepted")
    invalid = counted(intake, name, route="submit", outcome="invalid")
    lines = counted(intake, "parindex_intake_batch_lines_total", outcome="accepted")
    published = counted(intake, "parindex_intake_publish_seconds_count")
    for _ in range(8):
        assert httpx.post(intake.url + address, json=response(), trust_env=False).status_code == 202
    intake.http.post(address, json={})
    body = json.dumps(response()).encode() + b"\n{}\n"
    intake.http.post(f"{address}/batch", content=body, headers={"Content-Type": "application/x-ndjson"})
    assert counted(intake, name, route="submit", outcome="accepted") == accepted + 8
    assert counted(intake, name, route="submit", outcome="invalid") == invalid + 1
    assert counted(intake, "parindex_intake_batch_lines_total", outcome="accepted") == lines + 1
    assert counted(intake, "parindex_intake_publish_seconds_count") == published + 9
    assert counted(intake, "parindex_intake_unacknowledged") == 0


def test_metrics_name_no_campaign_response_or_address(intake: Intake) -> None:
    code = intake.campaign().rpartition("/")[2]
    intake.http.get(f"/{code}")
    assert code not in intake.http.get("/metrics").text


def test_the_docs_page_loads_nothing_from_elsewhere(intake: Intake) -> None:
    page = intake.http.get("/docs")
    assert page.headers["Content-Type"].startswith("text/html")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy
    parts = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert parts
    for part in parts:
        assert "//" not in part
        assert intake.http.get(f"/{part}").status_code == 200
    start = intake.http.get("/docs/start.js").text
    assert "validatorUrl: null" in start
    assert intake.http.get("/docs/swagger-ui.js").status_code == 404


def test_the_api_describes_itself_once(intake: Intake) -> None:
    answer = intake.http.get("/openapi.json")
    assert answer.json()["openapi"] == "3.1.0"
    again = intake.http.get("/openapi.json", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_connections_are_shared_evenly_among_the_workers(intake: Intake) -> None:
    """Left to chance, one in three times the shares of two workers would be further apart."""
    workers = psutil.Process(intake.pid).children()
    assert len(workers) == 2
    with ExitStack() as stack:
        for _ in range(24):
            client = stack.enter_context(httpx.Client(base_url=intake.http.base_url))
            assert client.get("/livez").status_code == 200
        port = intake.http.base_url.port
        shares = [sum(found.laddr.port == port for found in worker.net_connections("tcp")) for worker in workers]
    assert sum(shares) >= 24
    assert max(shares) - min(shares) <= 4
