"""`parindex publication`: frozen results, made of the log and checked against it, and the proof that a form counts."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from kafka.errors import KafkaError
from pymongo.errors import PyMongoError
from rich.console import Console

from services.cli import asking
from services.cli.publication_shown import against, tell_draft, tell_list, tell_publication
from services.cli.settings import Unreachable, operator_settings
from services.cli.stages import Stages
from services.common import kafka, mongo, tokens
from services.common.problems import Problem
from services.common.settings import Settings
from services.publishing.making import Draft, Making, Unknown, Words
from services.publishing.register import Taken
from services.scoring.ledger import Halted, Unavailable

DIFFERENT = 1
MOST_NOTE = 2_000


class BadInput(click.ClickException):
    """What was asked for cannot be done as it was asked."""

    exit_code = 2


@click.group()
def publication() -> None:
    """Freeze the results of a campaign, show them, and check them against the log."""


@publication.command(
    epilog="""

Exit codes: 0 done; 1 refused: the campaign is open, leaves are pending, or what is served differs from the log; 2 the
call is wrong; 3 Kafka or MongoDB does not answer, or the token is not an admin's.
"""
)
@click.argument("campaign", type=asking.CODES)
@click.option("--title-vi", help="What it is called, in Vietnamese; default the campaign's title.")
@click.option("--title-en", help="The same in English.")
@click.option("--note", help="A remark that goes with it.")
@click.option("--force", is_flag=True, help="Publish although the campaign is open or leaves are pending; it says so.")
@click.option("--dry-run", is_flag=True, help="Say what would be published, and write nothing.")
@click.option("--token", envvar="PARINDEX_TOKEN", show_envvar=True, help="An admin's token. Default: the stack's own.")
@click.option("--json", "as_json", is_flag=True, help="Print what was published as JSON.")
def make(
    *,
    campaign: str,
    title_vi: str | None,
    title_en: str | None,
    note: str | None,
    force: bool,
    dry_run: bool,
    token: str | None,
    as_json: bool,
) -> None:
    """Publish the results of CAMPAIGN as the log has them now: the next number, for ever.

    Everything is counted anew from the log, and compared with what is served when no record came meanwhile.
    """
    settings = operator_settings()
    words = Words(_admin(settings, token), _title(title_vi, title_en), _note(note))
    console = Console(stderr=True)
    stages = Stages(console)
    with _making(settings, stages) as making:
        making.known(campaign)  # before the log is read
        with stages.stage("Counting the log anew", making.records()) as told:
            draft = making.draft(campaign, words, datetime.now(UTC), told)
        reasons = against(draft)
        for line in reasons:
            click.echo(line, err=True)
        if draft.differences:
            raise SystemExit(DIFFERENT)
        if draft.event.forced and not force and not dry_run:
            click.echo("Nothing was published. With --force it is, and says so.", err=True)
            raise SystemExit(DIFFERENT)
        if not dry_run:
            with stages.stage("Publishing"):
                making.publish(draft)
    if as_json:
        click.echo(json.dumps(_document(draft) | {"made": not dry_run}, ensure_ascii=False))
    else:
        tell_draft(draft, made=not dry_run)


@publication.command("list", epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@asking.language
@asking.source
def list_(*, campaign: str, lang: str, reporting: str | None, token: str | None, as_json: bool) -> None:
    """List the publications of CAMPAIGN."""
    found = asking.ask(reporting, token, f"campaigns/{campaign}/publications")
    if as_json:
        asking.print_json(found)
    else:
        tell_list(found, lang)


@publication.command(epilog=asking.EXITS)
@click.argument("campaign", type=asking.CODES)
@click.argument("number", type=click.IntRange(1))
@asking.language
@asking.source
def show(*, campaign: str, number: int, lang: str, reporting: str | None, token: str | None, as_json: bool) -> None:
    """Show the rankings of publication NUMBER of CAMPAIGN."""
    found = asking.ask(reporting, token, f"campaigns/{campaign}/publications/{number}")
    if as_json:
        asking.print_json(found)
    else:
        tell_publication(found, lang)


@publication.command()
@click.argument("campaign", type=asking.CODES)
@click.argument("number", type=click.IntRange(1))
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
def verify(*, campaign: str, number: int, as_json: bool) -> None:
    """Recompute publication NUMBER of CAMPAIGN from the log, and compare it to the last digit.

    Exit code 0: the log says what was published, and the database holds just that. 1: one of them does not.
    """
    stages = Stages(Console(stderr=True))
    with _making(operator_settings(), stages) as making:
        making.find(campaign, number)  # before the log is read
        with stages.stage("Counting the log anew", making.records()) as told:
            found = making.check(campaign, number, told)
    event = found.event
    if as_json:
        said = {"equal": found.equal, "stored": found.stored, "digest": found.digest, "root": found.root}
        click.echo(json.dumps({"campaign": campaign, "number": number, **said, "size": found.size}))
    else:
        same = "is what the log says" if found.equal else "IS NOT what the log says"
        click.echo(f"Publication {number} of {campaign} {same}.")
        for name in ("digest", "root", "size"):
            published, now = getattr(event, name), getattr(found, name)
            click.echo(f"  {name}: {published}" + ("" if published == now else f"; recomputed: {now}"))
        if not found.equal:
            click.echo(f"  It was made by version {event.software} of the software, in form {event.form}.")
        if found.stored is None:
            click.echo("The database does not hold it: run `parindex publication restore`.")
        elif not found.stored:
            click.echo("What the database holds is something else: run `parindex publication restore`.")
    if not (found.equal and found.stored):
        raise SystemExit(DIFFERENT)


@publication.command()
@click.option("--json", "as_json", is_flag=True, help="Print what was restored as JSON.")
def restore(*, as_json: bool) -> None:
    """Store again what was published, as it follows from the log, where the database does not hold it."""
    stages = Stages(Console(stderr=True))
    with _making(operator_settings(), stages) as making:
        done, failed = restored(making, stages)
    if as_json:
        click.echo(json.dumps({"restored": done, "failed": failed}))
    else:
        click.echo(f"{len(done)} restored." if done or failed else "All publications are there.")
        for name in failed:
            click.echo(f"{name} is not what the log says: see `parindex publication verify`.")
    if failed:
        raise SystemExit(DIFFERENT)


def restored(making: Making, stages: Stages) -> tuple[list[str], list[str]]:
    """Stores what is missing of what the log knows; what was restored, and what the log no longer says."""
    done: list[str] = []
    failed: list[str] = []
    for campaign, number in making.missing():
        name = f"{campaign}/{number}"
        with stages.stage(f"Making publication {name} anew", making.records()) as told:
            equal = making.restore(campaign, number, told)
        (done if equal else failed).append(name)
    return done, failed


@publication.command("check-receipt")
@click.argument("receipt", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--publication", "where", required=True, help="Its address, or a file: a proof, or what was published.")
@click.option("--proof", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="A proof that was saved.")
def check_receipt(*, receipt: Path, where: str, proof: Path | None) -> None:
    """Check with the receipt of a response that a publication counts it.

    Whoever has saved a publication and a proof needs nobody for it. Exit code 0: it is counted; 1: it is not; 2: these
    are no receipt, publication or proof.
    """
    from services.cli.publication_proof import Doubt, checked

    try:
        click.echo(checked(receipt, where, proof))
    except Doubt as doubt:
        click.echo(str(doubt), err=True)
        raise SystemExit(doubt.exit_code) from doubt


def _admin(settings: Settings, token: str | None) -> str:
    """The name of the admin who holds a token."""
    if token is None:
        from services.cli.client import stack_token

        token = stack_token()
    try:
        authority = tokens.Authority(tokens.read_tokens(settings.tokens_file))
        return authority.require(f"Bearer {token}" if token else None, "admin").name
    except Problem as problem:
        raise Unreachable(f"an admin's token is needed to publish: {problem.detail}") from problem
    except (tokens.BadTokensFile, OSError) as error:
        raise BadInput(f"PARINDEX_TOKENS_FILE: {error}") from error


def _title(vi: str | None, en: str | None) -> Mapping[str, str]:
    if en and not vi:
        raise BadInput("a title in English goes with one in Vietnamese: --title-vi")
    return {name: text for name, text in (("vi", vi), ("en", en)) if text}


def _note(note: str | None) -> str | None:
    if note and len(note) > MOST_NOTE:
        raise BadInput(f"a note has at most {MOST_NOTE:,} characters")
    return note or None


@contextmanager
def _making(settings: Settings, stages: Stages) -> Iterator[Making]:
    making = Making(settings)
    try:
        with stages.stage("Reading the definitions and the publications"):
            making.open()
        yield making
    except Unknown as error:
        raise BadInput(str(error)) from error
    except (Halted, Taken) as error:
        raise click.ClickException(str(error)) from error
    except (kafka.Unready, mongo.Unready, Unavailable, KafkaError, PyMongoError) as error:
        raise Unreachable(f"{error}; are PARINDEX_KAFKA and PARINDEX_MONGO right?") from error
    finally:
        making.close()


def _document(draft: Draft) -> dict[str, Any]:
    event = draft.event
    return {
        "campaign": event.campaign,
        "number": event.number,
        "version": event.version,
        "digest": event.digest,
        "root": event.root,
        "counted": event.size,
        "forced": list(event.forced),
        "pending": {unit: list(leaves) for unit, leaves in draft.pending.items()},
        "without_breakdown": list(draft.without_breakdown),
        "without_index": list(draft.without_index),
        "compared": draft.compared,
    }
