"""Bearer tokens of operators, appraisers and viewers: only their hashes are stored, in a file of `name role sha256`.

A fourth word limits an appraiser to the units of some blocks: their codes, with commas between them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from services.common import problems
from services.common.campaign import CODE
from services.common.problems import Problem

Role = Literal["admin", "appraiser", "viewer"]
ROLES: tuple[Role, ...] = get_args(Role)
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.@-]{0,63}$")
HASH = re.compile(r"^[0-9a-f]{64}$")


class BadTokensFile(ValueError):
    """The file cannot be used; the message names the line."""


@dataclass(frozen=True, slots=True)
class Token:
    """Who holds a token, and what it allows. An admin may do whatever the others may."""

    name: str
    role: Role
    sha256: str
    blocks: tuple[str, ...] = ()
    """The codes of the blocks whose units an appraiser may appraise; empty: all."""

    @property
    def line(self) -> str:
        """The token's line in the file."""
        limited = f" {','.join(self.blocks)}" if self.blocks else ""
        return f"{self.name} {self.role} {self.sha256}{limited}\n"

    def may_appraise(self, block: str) -> bool:
        """Whether it allows to appraise the units of a block, if it allows to appraise at all."""
        return not self.blocks or block in self.blocks

    def allows(self, role: Role) -> bool:
        return self.role in ("admin", role)


def new_token(name: str, role: Role, blocks: tuple[str, ...] = ()) -> tuple[str, Token]:
    """A new secret (256 bits) and what is stored of it."""
    secret = secrets.token_urlsafe(32)
    return secret, Token(name, role, sha256(secret), blocks)


def sha256(secret: str) -> str:
    # A secret of 256 random bits needs no slow hash: there is nothing to guess.
    return hashlib.sha256(secret.encode()).hexdigest()


def read_tokens(path: Path | None) -> tuple[Token, ...]:
    """The tokens of a file; without a file there are none, and every route that needs one refuses.

    Raises:
        BadTokensFile: names the line that cannot be read.
    """
    if path is None:
        return ()
    found = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        token = _token(line.split())
        if token is None:
            raise BadTokensFile(
                f"{path}, line {number}: expected `name role sha256`, with a role of {', '.join(ROLES)}; for an "
                "appraiser a fourth word may name blocks, with commas between them"
            )
        found.append(token)
    return tuple(found)


def _token(words: list[str]) -> Token | None:
    """The token of a line; None when it is none."""
    match words:
        case [name, role, digest, *limit] if NAME.match(name) and role in ROLES and HASH.match(digest):
            known = next(known for known in ROLES if known == role)
            blocks = tuple(limit[0].split(",")) if len(limit) == 1 else ()
            # A limit that is not understood must not become none.
            if limit and not (known == "appraiser" and blocks and all(map(CODE.fullmatch, blocks))):
                return None
            return Token(name, known, digest, blocks)
    return None


class Authority:
    """Decides what the bearer of a request may do."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens

    def holder(self, authorization: str | None) -> Token | None:
        """The token of an Authorization header; None when there is none or it is unknown.

        The same work is done for every token, so that the time says nothing about how close a guess came.
        """
        scheme, _, secret = (authorization or "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        digest = sha256(secret.strip())
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.sha256, digest):
                found = token
        return found

    def require(self, authorization: str | None, role: Role) -> Token:
        """The holder, who must have a role.

        Raises:
            Problem: 401 without a known token, 403 when its role does not allow this.
        """
        token = self.holder(authorization)
        if token is None:
            raise Problem(problems.UNAUTHENTICATED, "send the header Authorization: Bearer <token>")
        if not token.allows(role):
            raise Problem(problems.FORBIDDEN, f"this needs a token of the role {role}; yours has the role {token.role}")
        return token
