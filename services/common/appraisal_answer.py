"""A row of appraisals as the services answer it. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from services.common.appraisals import AppraisalRow, Evidence, LeafAppraisal
from services.common.events import evidence_document, leaf_document
from services.common.problems import Fault
from services.common.records import leaf_appraisal

Document = dict[str, Any]


def row_answer(row: AppraisalRow) -> Document:
    """A row: its version, what is said of each leaf, bonus and penalty with their reasons."""
    return {"version": row.version, **values_answer(row)}


def values_answer(row: AppraisalRow) -> Document:
    """The same without the version."""
    document: Document = {
        "leaves": {code: leaf_answer(leaf) for code, leaf in row.leaves.items()},
        "bonus": format(row.bonus, "f"),
        "penalty": format(row.penalty, "f"),
    }
    return document | {f"{name}_note": note for name, note in row.notes.items()}


def leaf_answer(leaf: LeafAppraisal) -> Document:
    """A leaf; its evidence is a list of links whatever the form in which it was said."""
    document = leaf_document(leaf)
    if leaf.evidence:
        document["evidence"] = [evidence_document(link) for link in leaf.evidence]
    return document


def row_said(document: Mapping[str, Any]) -> AppraisalRow:
    """The row of an answer: the inverse of `row_answer`."""
    return AppraisalRow(
        version=document["version"],
        leaves={
            code: replace(
                leaf_appraisal({name: said for name, said in leaf.items() if name != "evidence"}),
                evidence=tuple(Evidence(link.get("url"), link.get("title")) for link in leaf.get("evidence", ())),
            )
            for code, leaf in document["leaves"].items()
        },
        bonus=Decimal(document["bonus"]),
        penalty=Decimal(document["penalty"]),
        notes={name: document[f"{name}_note"] for name in ("bonus", "penalty") if f"{name}_note" in document},
    )


def warnings_answer(found: Sequence[Fault]) -> list[Document]:
    return [warning.document() for warning in found]
