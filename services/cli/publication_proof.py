"""Whether a publication counts the response of a receipt: by a proof that whoever holds it can check alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from services.common import merkle
from services.common.events import canonical

Document = Mapping[str, Any]

SAID = ("response", "revision", "digest")
"""What a receipt says of the response itself."""
TIMEOUT_S = 30.0


class Doubt(Exception):
    """It is not proved; the message says why, `exit_code` whether it is not so (1) or cannot be told (2, 3)."""

    def __init__(self, message: str, exit_code: int = 1) -> None:
        super().__init__(message)
        self.exit_code = exit_code


def checked(receipt_file: Path, where: str, proof_file: Path | None) -> str:
    """What is proved, in words.

    Args:
        receipt_file: what intake answered, or its receipt.
        where: the address of a publication, or a file with a proof or with what was published.
        proof_file: the proof, where `where` does not give it.

    Raises:
        Doubt: it is not.
    """
    receipt = _receipt(_read(receipt_file))
    if where.startswith(("http://", "https://")):
        proof = _fetched(f"{where.removesuffix('.json').rstrip('/')}/proof/{receipt['response']}")
        head = proof.get("publication")
    else:
        given = _read(Path(where))
        proof = _read(proof_file) if proof_file is not None else given
        head = _whole(given) if "content" in given else given.get("publication")
    if not isinstance(head, Mapping) or "path" not in proof:
        raise Doubt("that is no proof: save what …/publications/N/proof/RESPONSE answers, and name it with --proof", 2)
    return _proved(receipt, proof, head)


def _proved(receipt: Document, proof: Document, head: Document) -> str:
    name = f"publication {head['number']} of {head['campaign']}"
    leaf = merkle.leaf(receipt["response"], receipt["revision"], receipt["digest"])
    try:
        nodes, root = [bytes.fromhex(node) for node in proof["path"]], bytes.fromhex(head["root"])
        place, size, proved = proof["place"], head["counted"], proof["leaf"]
        holds = merkle.proves(leaf, place, size, nodes, root)
    except (KeyError, TypeError, ValueError) as error:
        raise Doubt(f"the proof cannot be read: {error!r}", 2) from error
    if leaf.hex() != proved:
        raise Doubt(
            f"the proof is not of this receipt: another revision of the response counts in {name}, or another one"
        )
    if not holds:
        raise Doubt(f"the proof does not lead to the root of {name}: {head['root']}")
    return (
        f"Response {receipt['response']}, revision {receipt['revision']}, is counted in {name}.\n"
        f"  digest of what was published: {head['digest']}\n"
        f"  root of all that count:       {head['root']}"
    )


def _whole(published: Document) -> Document:
    """The head of what was published, if its digest is right."""
    head: Document = published["publication"]
    content = published["content"]
    if hashlib.sha256(canonical(content)).hexdigest() != head["digest"]:
        raise Doubt("what was published was changed: its digest is another one")
    if content["about"]["as_of"]["root"] != head["root"]:
        raise Doubt("what was published was changed: it names another root")
    return head


def _receipt(given: Document) -> Document:
    receipt = given.get("receipt", given)
    if not isinstance(receipt, Mapping) or not set(SAID) <= set(receipt):
        raise Doubt(f"that is no receipt: it has {', '.join(SAID)}", 2)
    return receipt


def _read(path: Path) -> Document:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError) as error:
        raise Doubt(f"{path} cannot be read: {error}", 2) from error
    if not isinstance(found, dict):
        raise Doubt(f"{path} is no JSON object", 2)
    return found


def _fetched(address: str) -> Document:
    try:
        answer = httpx.get(address, timeout=TIMEOUT_S)
        found = answer.json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise Doubt(f"{address} does not answer as reporting does: {error}", 3) from error
    if not isinstance(found, dict):
        raise Doubt(f"{address} does not answer as reporting does", 3)
    if answer.status_code == httpx.codes.NOT_FOUND:
        raise Doubt(f"not counted: {found.get('detail')}")
    if not answer.is_success:
        raise Doubt(f"{address} refuses: {found.get('title')}", 3)
    return found
