"""`parindex rejected`: what could not be applied, and publishing it again when the cause is mended."""

from __future__ import annotations

import json
import logging
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NoReturn

import click
from kafka.errors import KafkaError
from pymongo.errors import PyMongoError
from rich.console import Console

from services.cli.rejected_shown import lines, print_reasons, print_rows, row, whole
from services.cli.settings import Unreachable, operator_settings
from services.cli.stages import Stages
from services.common import kafka, mongo
from services.common.campaign import CODE
from services.common.generation import Generation
from services.common.requeued import Place
from services.common.settings import TOPICS
from services.scoring.buried import Buried, Selection
from services.scoring.reasons import HOPELESS, REASONS
from services.scoring.requeuing import Outcome, Requeuing, Unreached

LIMIT = 50
LOG_WIDTH = 160
PATIENCE_S = 120.0
"""Sorting a hundred thousand letters takes a busy server longer than a service may wait."""
_EXITS = """

Exit codes: 0 done; 1 some could not be published, or there is no such letter; 2 bad usage; 3 a server does not answer.
"""


class _PlaceType(click.ParamType[Place]):
    name = "topic/partition/offset"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Place:  # noqa: ANN401
        try:
            return value if isinstance(value, Place) else Place.parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _code(_context: click.Context, _option: click.Parameter, code: str | None) -> str | None:
    if code is not None and not CODE.fullmatch(code):
        raise click.BadParameter(f"{code!r} is not a campaign's code")
    return code


_campaign = click.option(
    "--campaign",
    metavar="CODE",
    callback=_code,
    help="Only of this campaign. Of what is unreadable or misplaced the campaign is not known.",
)
_reasons = click.option(
    "--reason",
    "reasons",
    type=click.Choice(list(REASONS)),
    multiple=True,
    help="Only for this reason; may be repeated.",
)
_as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")


@click.group()
def rejected() -> None:
    """Records that could not be applied: list them, look into one, publish them again.

    docs/operations.md says what each reason means and what to do.
    """


@rejected.command("list", epilog=_EXITS)
@_campaign
@_reasons
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also those that were requeued, conflicts (a rater's doing) and stale appraisals (an appraiser's).",
)
@click.option(
    "--limit", type=click.IntRange(0), default=LIMIT, show_default=True, help="The newest so many; 0 lists all."
)
@_as_json
def list_(*, campaign: str | None, reasons: tuple[str, ...], everything: bool, limit: int, as_json: bool) -> None:
    """List what waits because it could not be applied, the newest last. Nothing of what raters say is shown."""
    selection = Selection(campaign, reasons, expected=everything, requeued=everything)
    with _buried() as buried:
        counts = buried.by_reason(Selection(campaign, reasons, expected=True, requeued=True))
        total = buried.total(selection)
        rows = (row(buried.place(letter), letter) for letter in buried.newest(selection, limit))
        if as_json:
            _print_document({"total": total, "reasons": counts}, rows)
            return
        console = Console(width=None if sys.stdout.isatty() else LOG_WIDTH)
        if counts:
            print_reasons(console, counts)
            click.echo()
        shown = list(rows)
        if shown:
            print_rows(console, shown)
            click.echo()
    left_out = sum(sum(count.values()) for count in counts.values()) - total
    click.echo(
        f"{len(shown):,} of {total:,} shown, the newest last."
        + (" --limit shows more." if len(shown) < total else "")
        + (f" Left out: {left_out:,} that were requeued, conflicts or stale; --all lists them." if left_out else "")
    )


@rejected.command(epilog=_EXITS)
@click.argument("place", type=_PlaceType())
@_as_json
def show(place: Place, *, as_json: bool) -> None:
    """Show the record at PLACE whole, with why it could not be applied and what to do.

    It may hold what a rater said. Where it is no text, --json has its bytes.
    """
    with _buried() as buried:
        found = buried.at([place])
    if place not in found:
        raise click.ClickException(f"nothing was rejected at {place}; `parindex rejected list --all` lists what was")
    document = whole(place, found[place])
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    for line in lines(document):
        click.echo(line)


@rejected.command(epilog=_EXITS)
@click.argument("places", metavar="[PLACE]...", type=_PlaceType(), nargs=-1)
@_campaign
@_reasons
@click.option("--all", "everything", is_flag=True, help="All that wait, but for conflicts and stale appraisals.")
@click.option("--again", is_flag=True, help="Also those that were requeued before.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@_as_json
def requeue(
    *,
    places: tuple[Place, ...],
    campaign: str | None,
    reasons: tuple[str, ...],
    everything: bool,
    again: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Publish records again, each into the partition it came from, when what kept them from being applied is mended.

    Name them by PLACE (as `parindex rejected list` shows them), by --reason, or take --all. Doing it twice is harmless:
    a response counts once, and what still cannot be applied is rejected again.
    """
    if sum((bool(places), bool(reasons), everything)) != 1 or (places and campaign):
        raise click.UsageError("name PLACEs, or a --reason, or --all; --campaign goes with the last two")
    for reason in HOPELESS:
        if reason in reasons:
            raise click.UsageError(f"{reason}: {REASONS[reason].remedy}")
    with _buried() as buried:
        if places:
            chosen, passed_over, problems = _named(buried, places, again=again)
        else:
            chosen, passed_over, problems = buried.reasons(Selection(campaign, reasons, requeued=again)), 0, []
        outcome = Outcome()
        if chosen:
            if not yes:
                _ask(chosen)
            outcome = _publish(buried, sorted(chosen))
        outcome.problems += problems
    _report(outcome, passed_over, as_json=as_json)


@contextmanager
def _buried() -> Iterator[Buried]:
    """Where the letters are; silence of MongoDB ends the command."""
    settings = operator_settings()
    try:
        with mongo.client(settings.mongo, patience_s=PATIENCE_S) as client:
            yield Buried(Generation.current(mongo.database(client)), settings)
    except PyMongoError as error:
        raise Unreachable(f"MongoDB does not answer ({error}); check PARINDEX_MONGO") from error


def _print_document(head: Mapping[str, Any], rows: Iterator[Mapping[str, Any]]) -> None:
    """Prints the document {…head, "letters": [one a line]} as the letters come, however many there are."""
    before = f'{json.dumps(head)[:-1]}, "letters": ['
    for found in rows:
        click.echo(f"{before}\n{json.dumps(found)}", nl=False)
        before = ","
    click.echo(f"{before.rstrip(',')}\n]}}")


def _named(
    buried: Buried, places: Sequence[Place], *, again: bool
) -> tuple[dict[Place, str], int, list[tuple[Place, str]]]:
    """The letters at places with their reasons, how many of them were requeued before, and what cannot be requeued."""
    found = buried.at(places)
    problems = [(place, "nothing was rejected here") for place in places if place not in found]
    chosen, passed_over = {}, 0
    for place, letter in found.items():
        if letter["reason"] in HOPELESS:
            problems.append((place, f"{letter['reason']}: {REASONS[letter['reason']].remedy}"))
        elif "requeued" in letter and not again:
            passed_over += 1
        else:
            chosen[place] = letter["reason"]
    return chosen, passed_over, problems


def _ask(chosen: Mapping[Place, str]) -> None:
    by_reason = ", ".join(f"{n:,} {reason}" for reason, n in sorted(Counter(chosen.values()).items()))
    click.echo(f"To be published again: {by_reason}.", err=True)
    if not click.confirm("Do it?", err=True):
        raise click.ClickException("nothing was published")


def _publish(buried: Buried, places: Sequence[Place]) -> Outcome:
    if any(place.topic not in TOPICS for place in places):
        raise click.ClickException("the letters are of topics with another prefix: set PARINDEX_TOPIC_PREFIX to theirs")
    # It writes dozens of lines a second while a broker is away; that it is away is told here.
    logging.getLogger("kafka").setLevel(logging.CRITICAL)
    try:
        requeuing = Requeuing(buried)
        try:
            with Stages(Console(stderr=True)).stage("Publishing again", len(places)) as advance:
                return requeuing.requeue(places, advance)
        finally:
            requeuing.close()
    except kafka.Unready as error:
        raise click.ClickException(str(error)) from error
    except (Unreached, KafkaError) as error:
        raise Unreachable(f"{error}; nothing was published; check PARINDEX_KAFKA") from error


def _report(outcome: Outcome, passed_over: int, *, as_json: bool) -> NoReturn:
    """Prints what was done, and ends the command with its exit code."""
    failed = len(outcome.problems) + outcome.unsent
    if as_json:
        problems = [{"place": str(place), "problem": problem} for place, problem in outcome.problems]
        counts = {"requeued": outcome.requeued, "passed_over": passed_over, "failed": failed, "unsent": outcome.unsent}
        click.echo(json.dumps({**counts, "problems": problems}, indent=2))
    else:
        for place, problem in outcome.problems:
            click.echo(f"{place}: {problem}", err=True)
        if outcome.unsent:
            click.echo(f"{outcome.unsent:,} were not tried, since Kafka does not answer.", err=True)
        if passed_over:
            click.echo(f"{passed_over:,} were requeued before and passed over; --again takes them too.")
        click.echo(f"{outcome.requeued:,} published again.")
        if outcome.requeued:
            click.echo("What still cannot be applied comes back: `parindex rejected list` shows it in a moment.")
    raise SystemExit(1 if failed else 0)
