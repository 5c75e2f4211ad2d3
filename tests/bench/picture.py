"""The figures as a picture: each rate as a part of its limit, each time as a part of what it may take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from tests.bench.tables import figure

WIDTH = 920
LABEL, BAR, TEXT = 16, 330, 690
BAR_WIDTH = TEXT - BAR - 14
LINE, THICK, HEAD = 30, 14, 40
LONGEST = 1.25
"""A time that takes more than this part of what it may ends at the edge."""
NAMED = 'role="img" aria-labelledby="t d" font-family="system-ui, sans-serif" font-size="14"'
STYLE = """
    .bg { fill: #ffffff } .t { fill: #0f172a } .s { fill: #475569 } .track { fill: #e2e8f0 }
    .met { fill: #2563eb } .not { fill: #d97706 } .mark { stroke: #0f172a }
    @media (prefers-color-scheme: dark) {
      .bg { fill: #0d1117 } .t { fill: #e6edf3 } .s { fill: #9da7b3 } .track { fill: #30363d }
      .met { fill: #58a6ff } .not { fill: #e3a33b } .mark { stroke: #e6edf3 }
    }"""

Document = Mapping[str, Any]


def picture(document: Document) -> str:
    """An SVG of what a run has measured; light or dark as its reader's page is."""
    rows = {row["name"]: row for row in document["rows"]}
    reached = [target for target in document["targets"] if target["reached"] is not None]
    ratios = [(target, _rates(rows[target["row"]])) for target in reached if target["kind"] == "ratio"]
    times = [(target, _times(target)) for target in reached if target["kind"] == "time"]
    panels = [
        ("Rates, as a part of what this machine does without our work", ratios, 1.0),
        ("Times, as a part of what they may take", times, LONGEST),
    ]
    body: list[str] = []
    top = 14
    for title, lines, longest in panels:
        if lines:
            body += _panel(title, lines, longest, top)
            top += HEAD + LINE * len(lines) + 6
    height = top + 24
    machine = document["machine"]
    made = (
        f"{machine['cores']} cores shared by client, servers and services, {machine['date'][:10]}. Marks are targets."
    )
    told = "; ".join(f"{target['what']} = {text}" for target, text in (*ratios, *times))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" {NAMED}>',
            '  <title id="t">Rates and times of PAR Index against their limits</title>',
            f'  <desc id="d">{escape(told)}</desc>',
            f"  <style>{STYLE}\n  </style>",
            f'  <rect class="bg" width="{WIDTH}" height="{height}"/>',
            *body,
            f'  <text class="s" x="{LABEL}" y="{height - 14}" font-size="12">{escape(made)}</text>',
            "</svg>",
            "",
        ]
    )


def _panel(title: str, lines: Sequence[tuple[Document, str]], longest: float, top: int) -> Iterator[str]:
    yield f'  <text class="t" x="{LABEL}" y="{top + 18}" font-weight="600">{escape(title)}</text>'
    for number, (target, text) in enumerate(lines):
        y = top + HEAD + number * LINE
        whole = target["bound"] if target["kind"] == "time" else 1.0
        part, mark = min(target["reached"] / whole, longest) / longest, target["bound"] / whole / longest
        at = BAR + mark * BAR_WIDTH
        shade = "met" if target["met"] else "not"
        yield f'  <text class="t" x="{LABEL}" y="{y + 12}">{escape(target["short"])}</text>'
        yield f'  <rect class="track" x="{BAR}" y="{y}" width="{BAR_WIDTH}" height="{THICK}" rx="3"/>'
        yield f'  <rect class="{shade}" x="{BAR}" y="{y}" width="{part * BAR_WIDTH:.1f}" height="{THICK}" rx="3"/>'
        yield f'  <path class="mark" d="M{at:.1f} {y - 4}V{y + THICK + 4}" stroke-width="2"/>'
        yield f'  <text class="s" x="{TEXT}" y="{y + 12}" font-size="13">{escape(text)}</text>'


def _rates(row: Document) -> str:
    ours, limit = row["ours"]["per_second"], row["limit"]["per_second"]
    return f"{figure(row['ratio_to_limit'])}: {figure(ours)} of {figure(limit)}/s"


def _times(target: Document) -> str:
    return f"{figure(target['reached'])} of {target['bound']:,g}{target['unit']}"
