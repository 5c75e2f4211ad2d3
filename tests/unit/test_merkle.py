"""The tree of a publication: every response in it can be proved to be, and nothing else can."""

from __future__ import annotations

import hashlib

from hypothesis import assume, given
from hypothesis import strategies as st

from services.common import merkle

HASHES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=70, unique=True)


def plain_root(leaves: list[bytes]) -> bytes:
    """The root by levels, from below: another way than the definition's, for the same tree."""
    level = leaves
    while len(level) > 1:
        pairs = [level[at : at + 2] for at in range(0, len(level), 2)]
        level = [hashlib.sha256(b"\x01" + b"".join(pair)).digest() if len(pair) == 2 else pair[0] for pair in pairs]
    return level[0]


@given(HASHES, st.data())
def test_every_leaf_is_proved(leaves: list[bytes], data: st.DataObject):
    place = data.draw(st.integers(0, len(leaves) - 1))
    root = merkle.root(leaves)
    assert root == plain_root(leaves)
    assert merkle.proves(leaves[place], place, len(leaves), merkle.path(leaves, place), root)


@given(HASHES, st.data())
def test_nothing_else_is(leaves: list[bytes], data: st.DataObject):
    """Neither another leaf, nor this one at another place, of another size, by another path, or of another tree."""
    place = data.draw(st.integers(0, len(leaves) - 1))
    nodes, root, size = merkle.path(leaves, place), merkle.root(leaves), len(leaves)
    other = data.draw(st.binary(min_size=32, max_size=32))
    assume(other != leaves[place])
    assert not merkle.proves(other, place, size, nodes, root)
    assert not merkle.proves(leaves[place], place, size, nodes, other)
    assert not any(merkle.proves(leaves[place], at, size, nodes, root) for at in range(-1, size + 1) if at != place)
    assert not merkle.proves(leaves[place], place, size, [*nodes, other], root)
    for cut in range(len(nodes)):
        assert not merkle.proves(leaves[place], place, size, nodes[:cut], root)
        changed = [*nodes[:cut], other, *nodes[cut + 1 :]]
        assert other == nodes[cut] or not merkle.proves(leaves[place], place, size, changed, root)
    for inner in {merkle.root(leaves[: 1 << bits]) for bits in range(1, 7) if 1 << bits <= size}:
        assert not any(merkle.proves(inner, at, size, nodes[1:], root) for at in range(size))


@given(HASHES, st.integers(0, 4))
def test_a_tree_is_that_of_its_parts(leaves: list[bytes], bits: int):
    length = 1 << bits
    parts = [leaves[at : at + length] for at in range(0, len(leaves), length)]
    roots = [merkle.root(part) for part in parts]
    assert merkle.root(roots) == merkle.root(leaves)
    for place in range(len(leaves)):
        part, within = divmod(place, length)
        assert [*merkle.path(parts[part], within), *merkle.path(roots, part)] == merkle.path(leaves, place)


def test_known_answers_of_the_rfc():
    """The test vectors of RFC 6962's reference implementation: leaves of given bytes."""
    inputs = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    leaves = [hashlib.sha256(b"\x00" + bytes.fromhex(one)).digest() for one in inputs]
    assert merkle.root([]).hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert merkle.root(leaves[:1]).hex() == "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    assert merkle.root(leaves).hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_leaf_says_what_a_receipt_says():
    said = b'\x00{"digest":"ab","response":"0","revision":2}'
    assert merkle.leaf("0", 2, "ab") == hashlib.sha256(said).digest()
    assert merkle.PART & (merkle.PART - 1) == 0
