"""What differs between installations, read once from the environment. Everything else is a constant beside its use."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from environs import FileAwareEnv

TOPICS = ("responses", "appraisals", "campaigns", "publications")


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of all services; docs/operations.md explains each. Secrets stand in files and are never printed."""

    kafka: str = "127.0.0.1:9092"
    mongo: str = "mongodb://127.0.0.1:27017/parindex?replicaSet=rs0"
    topic_prefix: str = ""
    response_partitions: int = 12
    replication: int = 1
    tokens_file: Path | None = None
    receipt_key_file: Path | None = None
    cors_origins: tuple[str, ...] = ()
    intake_bind: str = "127.0.0.1:8001"
    reporting_bind: str = "127.0.0.1:8002"
    scoring_bind: str = "127.0.0.1:8003"
    intake_workers: int = 2
    intake_threads: int = 16
    reporting_workers: int = 1
    log_level: str = "INFO"

    def topic(self, name: str) -> str:
        """The full name of one of `TOPICS`."""
        if name not in TOPICS:
            raise ValueError(f"unknown topic {name!r}")
        return self.topic_prefix + name

    @property
    def bootstrap(self) -> list[str]:
        return [server.strip() for server in self.kafka.split(",") if server.strip()]


def read_settings() -> Settings:
    """The settings in the process environment; `NAME_FILE` names a file that holds the value of `NAME`.

    Raises:
        environs.EnvError: a variable cannot be read; the message names it.
    """
    env = FileAwareEnv(strip_whitespace=True)
    defaults = Settings()
    with env.prefixed("PARINDEX_"):
        return Settings(
            kafka=env.str("KAFKA", defaults.kafka),
            mongo=env.str("MONGO", defaults.mongo),
            topic_prefix=env.str("TOPIC_PREFIX", defaults.topic_prefix),
            response_partitions=env.int("RESPONSE_PARTITIONS", defaults.response_partitions),
            replication=env.int("REPLICATION", defaults.replication),
            tokens_file=env.path("TOKENS_FILE", None),
            receipt_key_file=env.path("RECEIPT_KEY_FILE", None),
            cors_origins=tuple(env.list("CORS_ORIGINS", [])),
            intake_bind=env.str("INTAKE_BIND", defaults.intake_bind),
            reporting_bind=env.str("REPORTING_BIND", defaults.reporting_bind),
            scoring_bind=env.str("SCORING_BIND", defaults.scoring_bind),
            intake_workers=env.int("INTAKE_WORKERS", defaults.intake_workers),
            intake_threads=env.int("INTAKE_THREADS", defaults.intake_threads),
            reporting_workers=env.int("REPORTING_WORKERS", defaults.reporting_workers),
            log_level=env.str("LOG_LEVEL", defaults.log_level),
        )
