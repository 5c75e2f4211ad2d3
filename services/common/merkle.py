"""A Merkle tree (RFC 6962, 2.1) over the responses that a publication counts, and proofs that one is in it. Pure.

A leaf is SHA-256(0x00 ‖ the canonical JSON of {response, revision, digest}), a node SHA-256(0x01 ‖ left ‖ right): so no
node can be passed off as a leaf. Leaves stand in the order of the responses' ids.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import orjson

PART = 4_096
"""A tree is kept in parts of so many leaves. It must be a power of two: then each part is a subtree of the whole."""
EMPTY = hashlib.sha256().digest()
"""The root of no leaves."""


def leaf(response: str, revision: int, digest: str) -> bytes:
    """The hash of a leaf: what a receipt says of a response, never what it answered."""
    content = {"response": response, "revision": revision, "digest": digest}
    return hashlib.sha256(b"\x00" + orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).digest()


def root(hashes: Sequence[bytes]) -> bytes:
    """The root of a tree of these leaves; or of these subtrees, when all but the last are of one power of two."""
    if not hashes:
        return EMPTY
    if len(hashes) == 1:
        return hashes[0]
    middle = _split(len(hashes))
    return _node(root(hashes[:middle]), root(hashes[middle:]))


def path(hashes: Sequence[bytes], place: int) -> list[bytes]:
    """The nodes beside the way from a leaf to the root, the lowest first."""
    if len(hashes) == 1:
        return []
    middle = _split(len(hashes))
    if place < middle:
        return [*path(hashes[:middle], place), root(hashes[middle:])]
    return [*path(hashes[middle:], place - middle), root(hashes[:middle])]


def proves(leaf_hash: bytes, place: int, size: int, nodes: Sequence[bytes], root_hash: bytes) -> bool:
    """Whether a path leads from a leaf at a place to the root of a tree of so many leaves (RFC 9162, 2.1.3.2)."""
    if not 0 <= place < size:
        return False
    here, last, found = place, size - 1, leaf_hash
    for node in nodes:
        if not last:
            return False
        if here & 1 or here == last:
            found = _node(node, found)
            while here and not here & 1:
                here, last = here >> 1, last >> 1
        else:
            found = _node(found, node)
        here, last = here >> 1, last >> 1
    return not last and found == root_hash


def _node(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _split(size: int) -> int:
    """The largest power of two below a size."""
    return 1 << (size - 1).bit_length() - 1
