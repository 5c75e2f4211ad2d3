"""Placeholder."""


def document() -> dict[str, object]:
    return {"info": {"title": "x"}}
