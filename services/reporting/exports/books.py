"""What the JSON views say, as tables. Nothing is computed here: every figure stands in the view as in the table.

A table that is a file on its own (CSV, Parquet) says in each row what it belongs to (`apart`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal

from services.reporting.exports import appraisals_book, participation_book, scores_book
from services.reporting.exports.making import Contents, Document, Making
from services.reporting.exports.table import About, Book, Label, Tongue

What = Literal["ranking", "unit", "participation", "appraisals"]

PARTS: Mapping[What, tuple[str, ...]] = {
    "ranking": ("ranking",),
    "unit": ("unit",),
    "participation": participation_book.PARTS,
    "appraisals": appraisals_book.PARTS,
}
"""What there is to choose from for a file that holds one part alone; the first is what is given unasked."""
_BOOKS: Mapping[What, Callable[[Making], Contents]] = {
    "ranking": scores_book.ranking,
    "unit": scores_book.unit,
    "participation": participation_book.participation,
    "appraisals": appraisals_book.appraisals,
}


def book(
    what: What,
    documents: Sequence[Document],
    about: About,
    blocks: Mapping[str, Label],
    tongue: Tongue,
    *,
    apart: bool,
) -> Book:
    """A view as a book.

    Args:
        what: which view.
        documents: its JSON; a ranking may have one for each block.
        about: what the file says of itself.
        blocks: the names of the campaign's blocks, in order.
        tongue: of headings and labels.
        apart: whether each row says what it belongs to.
    """
    made = _BOOKS[what](Making(documents, about, blocks, tongue, apart=apart))
    return Book(about, made.title, tuple(made.tables), made.notes)
