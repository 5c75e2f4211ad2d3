"""What a definition would change, for whoever is about to publish it: sorted by what it does, with whom it concerns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from services.common.campaign import Campaign
from services.common.campaign_difference import Difference, Effect
from services.common.campaign_versions import Forbidden

EFFECTS: dict[Effect, str] = {
    "index": "Changes indices; all units are computed anew from the answers there are",
    "rank": "Changes ranks or grades, no index",
    "form": "Changes what raters are asked, from the next form on; answers that are there stay",
    "conduct": "Changes how the survey is run or its results are shown",
    "words": "Changes words only",
}


def document(
    old: Campaign, new: Campaign, found: Sequence[Difference], forbidden: Sequence[Forbidden]
) -> dict[str, Any]:
    """As JSON data."""
    return {
        "campaign": new.code,
        "version": old.version,
        "differences": [
            {
                "kind": difference.kind,
                "code": difference.code,
                "aspect": difference.aspect,
                "before": difference.before,
                "after": difference.after,
                "effect": difference.effect,
                "blocks": difference.blocks,
                "groups": difference.groups,
                "text": {"vi": difference.text.vi, "en": difference.text.en},
            }
            for difference in found
        ],
        "forbidden": [{"pointer": change.pointer, "detail": change.detail} for change in forbidden],
    }


def show(
    old: Campaign, new: Campaign, found: Sequence[Difference], forbidden: Sequence[Forbidden], console: Console
) -> None:
    """Prints the differences by what they do."""
    against = f"version {old.version}" if old.version else "the other file"
    if not found:
        _line(console, f"{new.code}: nothing differs from {against}.")
        return
    _line(console, f"{new.code}: {len(found)} differences from {against}.", "bold")
    for effect, meaning in EFFECTS.items():
        of_it = [difference for difference in found if difference.effect == effect]
        if of_it:
            console.print()
            _line(console, f"{meaning}:", "bold")
        for difference in of_it:
            _line(console, f"  {difference.text.en}{_whom(new, difference)}")
    if forbidden:
        console.print()
        _line(console, "It cannot be published, for it takes away or re-maps what responses refer to:", "bold red")
        for change in forbidden:
            _line(console, f"  {change.pointer}: {change.detail}")


def _whom(campaign: Campaign, difference: Difference) -> str:
    """The units whose figures, or the groups whose forms, a difference touches."""
    if difference.effect in {"index", "rank"}:
        counts = [(block, sum(unit.block == block for unit in campaign.units)) for block in difference.blocks]
        return f" (for {', '.join(f'{count} units of {block}' for block, count in counts)})" if counts else ""
    if difference.effect == "form" and difference.groups:
        return f" (for {', '.join(difference.groups)})"
    return ""


def _line(console: Console, text: str, style: str = "") -> None:
    console.print(text, style=style, markup=False, highlight=False, soft_wrap=True)
