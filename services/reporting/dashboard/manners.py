"""Headers of pages: a page runs scripts of this service only, and stands in no frame but where it is made for one."""

from __future__ import annotations

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors "
)
ALONE, ANYWHERE = "'none'", "*"
"""Who may show a page in a frame."""

Headers = tuple[tuple[str, str], ...]


def headers(frames: str = ALONE) -> Headers:
    """What every page carries."""
    return (
        ("Content-Security-Policy", POLICY + frames),
        ("Referrer-Policy", "same-origin"),
        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    )
