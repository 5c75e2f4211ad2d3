"""What the reports of scores have in common: bars, ranks, and notes."""

from __future__ import annotations

from collections.abc import Iterator

from services.reporting.exports.headings import NOTES, PUBLISHED, REASONS, RELEASED
from services.reporting.exports.pdf_page import Document, Json, Page
from services.reporting.exports.pdf_words import WORDS
from services.reporting.exports.table import Frozen, Label


def notes(page: Page) -> tuple[Label, ...]:
    """What is to be known of scores; of breakdowns as last released that they are."""
    vi, en = WORDS["dagger"]
    released = (RELEASED,) if any(document.get("released") for document in page.job.documents) else ()
    frozen = page.job.about.frozen
    if frozen is not None:
        return {"vi": vi, "en": en}, *_of(frozen), *PUBLISHED
    return {"vi": vi, "en": en}, *NOTES, *released


def _of(frozen: Frozen) -> Iterator[Label]:
    """What is said of a publication alone."""
    if frozen.note:
        yield {"vi": frozen.note}
    if frozen.forced:
        vi, en = ("; ".join(REASONS[reason][tongue] for reason in frozen.forced) for tongue in ("vi", "en"))
        yield {"vi": f"Vẫn công bố dù: {vi}.", "en": f"Published although: {en}."}
    yield {"vi": f"SHA-256 của nội dung: {frozen.digest}", "en": f"SHA-256 of the content: {frozen.digest}"}
    yield {
        "vi": f"Gốc cây Merkle của các phiếu đã tính: {frozen.root}",
        "en": f"Root of the responses' Merkle tree: {frozen.root}",
    }


def ranks(record: Document) -> str:
    """The ranks that the answers leave open, where there are several."""
    best, worst = record.get("rank_interval") or (None, None)
    return "" if best == worst else f"({best}\u2013{worst})"


def bar(record: Document) -> Json:
    """A bar's length, and where its whiskers end."""
    low, high = record.get("interval") or (None, None)
    return {"value": value(record["index"]), "low": value(low), "high": value(high)}


def value(text: str | None) -> float | None:
    """A figure as a length: near enough to be drawn."""
    return None if text is None else float(text)
