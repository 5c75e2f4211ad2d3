"""The server deployment, as far as it can be tested without containers: what its files promise."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml
from prometheus_client.metrics import MetricWrapperBase

from services.common import problems
from services.common.settings import Settings
from services.intake import metrics as intake
from services.reporting import metrics as reporting
from services.scoring import metrics as scoring

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {"mongo-init", "database", "topics"}
LASTING = sorted(SERVICES.keys() - JOBS)
OURS = ["database", "intake", "reporting", "scoring", "topics"]
PUBLISHED = {"nginx", "grafana"}

lasting = pytest.mark.parametrize("name", LASTING)
every = pytest.mark.parametrize("name", sorted(SERVICES))


@lasting
def test_a_lasting_service_comes_back_tells_its_health_and_has_a_limit(name: str):
    service = SERVICES[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["test"][0] == "CMD"
    assert re.fullmatch(r"\d+[mg]", service["mem_limit"])


@every
def test_no_container_has_more_rights_than_it_needs(name: str):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["init"] is True
    assert not service.keys() & {"privileged", "cap_add", "devices", "pid", "ipc", "network_mode", "container_name"}
    assert not any("docker.sock" in str(volume) for volume in service.get("volumes", ()))


@every
def test_a_container_logs_within_bounds(name: str):
    assert SERVICES[name]["logging"]["options"].keys() == {"max-size", "max-file"}


@every
def test_images_are_named_by_version(name: str):
    image = SERVICES[name]["image"]
    assert image == "parindex:${PARINDEX_VERSION:-local}" if name in OURS else re.search(r":v?\d+\.\d+", image)


def test_only_the_proxy_and_the_dashboards_are_reachable_from_the_host_and_by_default_from_it_alone():
    published = {name: service["ports"] for name, service in SERVICES.items() if "ports" in service}
    assert published.keys() == PUBLISHED
    assert all(":-127.0.0.1:" in port for ports in published.values() for port in ports)


def test_kafka_and_mongodb_stand_in_a_network_without_a_way_out_that_the_proxy_is_not_in():
    assert COMPOSE["networks"]["back"] == {"internal": True}
    assert SERVICES["kafka"]["networks"] == SERVICES["mongo"]["networks"] == ["back"]
    assert SERVICES["nginx"]["networks"] == ["front"]


@pytest.mark.parametrize("name", OURS)
def test_our_containers_cannot_write_but_into_memory(name: str):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert "volumes" not in service
    assert service["tmpfs"]


@every
def test_no_secret_stands_in_an_environment(name: str):
    for variable, value in SERVICES[name].get("environment", {}).items():
        if re.search(r"PASSWORD|TOKEN|KEY|MONGO(?!_INITDB_ROOT_USERNAME)", variable):
            secret = str(value).removeprefix("/run/secrets/")
            assert "_FILE" in variable
            assert secret in SERVICES[name]["secrets"]


@pytest.mark.parametrize("name", OURS)
def test_every_variable_is_one_that_the_services_read(name: str):
    known = {f"PARINDEX_{field.upper()}" for field in Settings.__dataclass_fields__}
    assert set(SERVICES[name]["environment"]) <= known | {"PARINDEX_MONGO_FILE"}


def test_jobs_are_waited_for_until_they_are_done_and_servers_until_they_are_healthy():
    waits = [service["depends_on"] for service in SERVICES.values() if isinstance(service.get("depends_on"), dict)]
    conditions = {(name, how["condition"]) for wait in waits for name, how in wait.items()}
    assert conditions == {(name, "service_completed_successfully") for name in JOBS} | {
        ("kafka", "service_healthy"),
        ("mongo", "service_healthy"),
    }


def test_every_mounted_file_is_in_the_repository():
    for config in COMPOSE["configs"].values():
        assert (ROOT / config["file"]).is_file()


def test_without_secrets_compose_says_what_to_run():
    for secret in COMPOSE["secrets"].values():
        assert secret["file"].startswith("${PARINDEX_SECRETS:?run deploy/compose/make-secrets first}/")


def test_the_dead_hold_no_partition_for_long():
    assert "--setParameter=transactionLifetimeLimitSeconds=5" in SERVICES["mongo"]["command"]


def test_mongodb_writes_no_answers_into_its_log():
    assert "--slowOpSampleRate=0" in SERVICES["mongo"]["command"]


def test_the_log_is_kept_and_on_the_disk_before_it_is_acknowledged():
    properties = (ROOT / "deploy/compose/kafka.properties").read_text(encoding="utf-8").splitlines()
    assert {"log.flush.interval.messages=1", "log.retention.ms=-1", "auto.create.topics.enable=false"} <= {*properties}


# --- what the page says of it

PAGE = (ROOT / "docs/deployment.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", ["docker-compose.yml", "deploy/compose/tls.yml"])
def test_every_setting_has_its_row_with_its_default(file: str):
    for name, default in re.findall(r"\$\{(PARINDEX_\w+)(?::-([^}]*))?", (ROOT / file).read_text(encoding="utf-8")):
        (row,) = re.findall(rf"^\| `{name}` \| (.*?) \|", PAGE, re.MULTILINE)
        assert row == ("empty" if default == "" and name != "PARINDEX_SECRETS" else f"`{default or './secrets'}`")


def test_every_secret_and_every_container_has_its_row():
    assert set(COMPOSE["secrets"]) <= {*re.findall(r"`([a-z-]+)`", PAGE)}
    assert set(SERVICES) - {"prometheus", "grafana"} <= {*re.findall(r"`([a-z-]+)`", PAGE)}


# --- the image


def test_the_image_is_built_from_hashes_and_runs_as_a_user_without_rights():
    build, final = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8").split("\nFROM ")[1:]
    assert "--require-hashes --only-binary :all: -r requirements/runtime.lock" in build
    assert "USER 10001:10001" in final
    assert not re.search(r"apt-get|pip install", final)


@pytest.mark.parametrize("path", ["secrets/tokens", ".env", ".git/config", ".parindex/kafka", ".venv/bin/python"])
def test_nothing_but_the_sources_is_sent_to_the_builder(path: str):
    wanted = [line for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    assert wanted[0] == "*"
    assert not any(path.startswith(line[1:].rstrip("/")) for line in wanted if line.startswith("!"))


# --- nginx


def nginx(name: str) -> str:
    return (ROOT / "deploy" / "nginx" / name).read_text(encoding="utf-8")


def test_what_the_proxy_refuses_has_the_form_of_our_problems():
    answers = re.findall(r"return (\d+) '(\{.+\})';", nginx("problems.conf"))
    kinds = {kind.type: kind for kind in problems.KINDS}
    assert len(answers) == len(re.findall(r"^location ", nginx("problems.conf"), re.MULTILINE))
    for status, body in answers:
        problem = json.loads(body)
        kind = kinds[problem["type"]]
        assert problem.keys() == {"type", "title", "status", "detail", "retryable"}
        assert (int(status), problem["status"]) == (kind.status, kind.status)
        assert (problem["title"], problem["retryable"]) == (kind.title, kind.retryable)


def test_a_problem_that_may_be_retried_says_when():
    for place in nginx("problems.conf").split("\nlocation ")[1:]:
        assert ("Retry-After" in place) == ('"retryable":true' in place)


def test_the_proxy_tells_and_writes_no_address():
    text = nginx("nginx.conf")
    (line,) = re.findall(r"log_format \w+ .+", text)
    assert set(re.findall(r"\$\w+", line)) == {"$status", "$service", "$upstream_status"}
    assert re.findall(r"access_log (.+);", text) == ["/dev/stdout failures if=$failed"]
    assert "\n    error_log stderr emerg;" in text
    for header in ("X-Real-IP", "X-Forwarded-For", "Forwarded"):
        assert f'proxy_set_header {header} "";' in text


# --- what watches it


def collected(module: ModuleType) -> set[str]:
    """The names under which Prometheus sees the metrics of a service."""
    ours = [metric for metric in vars(module).values() if isinstance(metric, MetricWrapperBase)]
    return {
        name
        for metric in ours
        for family in metric.describe()
        for name in (family.name, f"{family.name}_total", f"{family.name}_bucket")
    }


@pytest.mark.parametrize("file", ["alerts.yml", "dashboard.json"])
def test_what_is_watched_is_measured(file: str):
    asked = set(re.findall(r"parindex_\w+", (ROOT / "deploy/observability" / file).read_text(encoding="utf-8")))
    assert asked
    assert asked <= collected(intake) | collected(scoring) | collected(reporting)


def alerts() -> dict[str, dict[str, Any]]:
    groups = yaml.safe_load((ROOT / "deploy/observability/alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_every_alert_says_what_is_wrong_and_the_page_says_where_to_look():
    rows = re.findall(r"^\| (`[A-Z][a-z]\w+`(?:, `\w+`)*) \|", PAGE, re.MULTILINE)
    assert sorted(name.strip("`") for row in rows for name in row.split(", ")) == sorted(alerts())
    for rule in alerts().values():
        assert rule["annotations"]["summary"]


def test_partitions_that_wait_for_their_sums_are_told_of_only_while_nothing_moves():
    """A large survey takes longer than any fixed time; then the count of what was read again rises."""
    waiting, still = alerts()["PartitionsUnweighed"]["expr"].split(" unless ")
    assert waiting == "sum(parindex_scoring_partitions_unweighed) > 0"
    assert still == "sum(increase(parindex_scoring_weighed_responses_total[10m])) > 0"
    assert {"parindex_scoring_partitions_unweighed", "parindex_scoring_weighed_responses_total"} <= collected(scoring)


def test_the_panels_stand_beside_and_below_each_other():
    panels = json.loads((ROOT / "deploy/observability/dashboard.json").read_text(encoding="utf-8"))["panels"]
    taken = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) == 23
    assert len({panel["id"] for panel in panels}) == len(panels)


def test_every_replica_of_every_service_is_scraped():
    scraped = yaml.safe_load((ROOT / "deploy/observability/prometheus.yml").read_text(encoding="utf-8"))
    found = {
        job["dns_sd_configs"][0]["names"][0]: job["dns_sd_configs"][0]["port"] for job in scraped["scrape_configs"]
    }
    assert found == {"intake": 8001, "reporting": 8002, "scoring": 8003}
    for name, port in found.items():
        assert SERVICES[name]["environment"][f"PARINDEX_{name.upper()}_BIND"] == f"0.0.0.0:{port}"
        assert f":{port}/livez" in SERVICES[name]["healthcheck"]["test"][-1]


def test_the_dashboard_and_its_provision_agree():
    dashboard = json.loads((ROOT / "deploy/observability/dashboard.json").read_text(encoding="utf-8"))
    source = yaml.safe_load((ROOT / "deploy/observability/datasource.yml").read_text(encoding="utf-8"))
    assert {panel["datasource"]["uid"] for panel in dashboard["panels"]} == {source["datasources"][0]["uid"]}
