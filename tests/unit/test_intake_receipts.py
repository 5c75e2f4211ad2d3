"""A receipt is proof: intake can tell its own, and any change to it shows."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from services.intake.receipts import BadKey, Receipts, read_key

KEY = b"k" * 32
RECEIPT = Receipts(KEY).receipt("3fa85f64-5717-4562-b3fc-2c963f66afa6", 2, "ab" * 32, 3, 41)


def test_a_receipt_says_what_was_taken_and_where() -> None:
    assert {name: value for name, value in RECEIPT.items() if name != "mac"} == {
        "response": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
        "revision": 2,
        "digest": "ab" * 32,
        "partition": 3,
        "offset": 41,
    }


def test_a_genuine_receipt_verifies_in_any_order_of_its_members() -> None:
    assert Receipts(KEY).verify(dict(reversed(RECEIPT.items())))


@pytest.mark.parametrize(
    "change",
    [
        {"response": "3fa85f64-5717-4562-b3fc-2c963f66afa7"},
        {"revision": 3},
        {"revision": "2"},
        {"digest": "ac" * 32},
        {"partition": 2},
        {"offset": 42},
        {"offset": None},
        {"mac": "0" * 64},
        {"mac": RECEIPT["mac"].upper()},
        {"mac": "é"},
        {"mac": 7},
        {"mac": None},
        {"more": 1},
    ],
)
def test_a_changed_receipt_does_not_verify(change: dict[str, Any]) -> None:
    assert not Receipts(KEY).verify(RECEIPT | change)


@pytest.mark.parametrize("missing", RECEIPT)
def test_a_receipt_with_a_part_missing_does_not_verify(missing: str) -> None:
    assert not Receipts(KEY).verify({name: value for name, value in RECEIPT.items() if name != missing})


def test_another_key_makes_another_mac() -> None:
    assert not Receipts(b"x" * 32).verify(RECEIPT)


def test_a_place_that_is_not_known_is_signed_too() -> None:
    unknown = Receipts(KEY).receipt("3fa85f64-5717-4562-b3fc-2c963f66afa6", 2, "ab" * 32, 3, None)
    assert Receipts(KEY).verify(unknown)
    assert unknown["mac"] != RECEIPT["mac"]


def test_a_key_is_read_without_the_line_end(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(KEY + b"\n")
    assert read_key(tmp_path / "key") == KEY


def test_a_short_or_missing_key_is_refused_with_the_remedy(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"short")
    with pytest.raises(BadKey, match="openssl rand"):
        read_key(tmp_path / "key")
    with pytest.raises(BadKey, match="nokey cannot be read"):
        read_key(tmp_path / "nokey")


def test_without_a_file_the_key_is_random_and_that_is_said(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        first, second = read_key(None), read_key(None)
    assert first != second
    assert "PARINDEX_RECEIPT_KEY_FILE" in caplog.text
