"""The receipt of a response: what was taken and where it stands in the log, with a MAC that only intake can make."""

from __future__ import annotations

import hmac
import logging
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from services.common.events import canonical

log = logging.getLogger(__name__)

LEAST_BYTES: Final = 32
SIGNED: Final = ("response", "revision", "digest", "partition", "offset")


class BadKey(ValueError):
    """The key file cannot be used; the message says why and what to do."""


def read_key(path: Path | None) -> bytes:
    """The key of the receipts: the content of a file, without white space around it.

    Without a file the key is random: receipts then cannot be verified by another process or after a restart.

    Raises:
        BadKey: the file is missing, unreadable or too short.
    """
    if path is None:
        log.warning("receipts are signed with a random key: set PARINDEX_RECEIPT_KEY_FILE to verify them later")
        return secrets.token_bytes(LEAST_BYTES)
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise BadKey(f"the receipt key {path} cannot be read: {error.strerror}") from error
    if len(key) < LEAST_BYTES:
        raise BadKey(
            f"the receipt key {path} has {len(key)} bytes: write at least {LEAST_BYTES}, e.g. openssl rand -hex 32"
        )
    return key


class Receipts:
    """Makes receipts and tells genuine ones."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def receipt(self, response: str, revision: int, digest: str, partition: int, offset: int | None) -> dict[str, Any]:
        """What the sender keeps.

        Args:
            response: the response's id.
            revision: its revision.
            digest: SHA-256 (hex) of the canonical content.
            partition: of the topic `responses`.
            offset: in the partition; None when the broker had the record already and did not say where.
        """
        receipt: dict[str, Any] = dict(zip(SIGNED, (response, revision, digest, partition, offset), strict=True))
        receipt["mac"] = self._mac(receipt)
        return receipt

    def verify(self, receipt: Mapping[str, Any]) -> bool:
        """Whether intake made this receipt and nobody changed it."""
        mac = receipt.get("mac")
        if not isinstance(mac, str) or receipt.keys() != {*SIGNED, "mac"}:
            return False
        return hmac.compare_digest(self._mac({name: receipt[name] for name in SIGNED}).encode(), mac.encode())

    def _mac(self, signed: Mapping[str, Any]) -> str:
        return hmac.digest(self._key, canonical(signed), "sha256").hex()
