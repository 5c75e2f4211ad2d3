"""Sets the record of a run into a page of the docs, in the place of the one before."""

from __future__ import annotations


def with_record(text: str, name: str, record: str) -> str:
    """A page with a record between its two marks.

    Args:
        text: the page.
        name: of the kind of run: a page may have places for several.
        record: Markdown.

    Raises:
        ValueError: the page has no such place.
    """
    begin, end = marks(name)
    before, found, rest = text.partition(begin)
    _, ended, after = rest.partition(end)
    if not found or not ended:
        raise ValueError(f"the page has no place for a record: {begin} … {end}")
    return f"{before}{begin}\n\n{record}\n\n{end}{after}"


def marks(name: str) -> tuple[str, str]:
    """The two marks of a place."""
    return f"<!-- {name}: made by make {name} -->", f"<!-- /{name} -->"
