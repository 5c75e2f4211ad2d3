"""A ranking as CSV that spreadsheets open as it is: BOM, CRLF, and no cell that would be run as a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping, Sequence

from services.common.campaign import Text
from services.reporting.answers import CSV
from services.reporting.rankings import Row, View, figures, rows, uncertainty
from services.reporting.standing import Body, Standing

BOM = "\ufeff"
# The last four are the full-width = + - @, which some spreadsheets read alike.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
COLUMNS = (
    "campaign",
    "version",
    "state",
    "counted",
    "block",
    "field",
    "group",
    "rank",
    "tied",
    "rank_low",
    "rank_high",
    "unit",
    "name_vi",
    "name_en",
    "index",
    "index_exact",
    "earned",
    "attainable",
    "se",
    "interval_low",
    "interval_high",
    "band_vi",
    "band_en",
    "n",
    "provisional",
    "pending",
    "suppressed",
)


def neutral(text: str) -> str:
    """A text that no spreadsheet takes for a formula: one that begins like it gets an apostrophe in front."""
    return f"'{text}" if text.startswith(FORMULA) else text


def table(standing: Standing, view: View) -> Body:
    """The ranking as a CSV file; the header X-Row-Count states how many rows it must have."""
    written = io.StringIO()
    writer = csv.writer(written, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    found = rows(standing, view)
    writer.writerows([cells[column] for column in COLUMNS] for cells in _cells(standing, view, found))
    name = "-".join(part for part in (standing.campaign.code, *view) if part)
    return Body(
        (BOM + written.getvalue()).encode(),
        CSV,
        (("Content-Disposition", f'attachment; filename="{name}.csv"'), ("X-Row-Count", str(len(found)))),
    )


def _cells(standing: Standing, view: View, found: Sequence[Row]) -> Iterator[Mapping[str, object]]:
    campaign, as_of = standing.campaign, standing.as_of
    common = {
        "campaign": campaign.code,
        "version": campaign.version,
        "state": as_of.state,
        "counted": as_of.total,
        "block": view.block,
        "field": view.field,
        "group": view.group,
    }
    decimals = campaign.rules.decimals
    for row in found:
        about = uncertainty(row.index, row.se, decimals)
        yield common | {
            "rank": row.rank.rank,
            "tied": _yes(row.rank.tied),
            **_limits("rank", row.rank_interval),
            "unit": row.unit.code,
            **_label("name", row.unit.name),
            **figures(row.points, row.index, decimals),
            "se": about["se"],
            **_limits("interval", about["interval"]),
            **_label("band", None if row.band is None else row.band.name),
            "n": row.n,
            "provisional": _yes(bool(row.pending)),
            "pending": " ".join(row.pending),
            "suppressed": _yes(row.suppressed),
        }


def _label(name: str, text: Text | None) -> dict[str, str]:
    vi, en = ("", None) if text is None else (text.vi, text.en)
    return {f"{name}_vi": neutral(vi), f"{name}_en": neutral(en or "")}


def _limits(name: str, limits: Sequence[object] | None) -> dict[str, object]:
    low, high = limits or (None, None)
    return {f"{name}_low": low, f"{name}_high": high}


def _yes(value: bool) -> str:  # noqa: FBT001
    return "true" if value else "false"
