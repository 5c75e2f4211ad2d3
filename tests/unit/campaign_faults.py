"""The ways in which the small campaign can be wrong, each with the one problem that it makes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

SMALL = (Path(__file__).parents[1] / "data" / "small_campaign.yaml").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Case:
    """A part of the small campaign, what it is replaced by, and the one problem that this makes."""

    old: str
    new: str
    pointer: str
    line: int | None
    code: str

    @property
    def text(self) -> str:
        assert SMALL.count(self.old) == 1, f"{self.old!r} must be there once"
        return SMALL.replace(self.old, self.new)


L1, L2, L3 = (f"/fields/0/criteria/0/leaves/{row}" for row in range(3))
W1 = 'code: w1\n    name: {vi: "Phường Một", en: "Ward One"}\n    block: ward'

FIELDS = [
    Case("campaign: small", "campaign: small\nmotto: x", "/motto", 2, "unknown-field"),
    Case("campaign: small", "campaign: small\nversion: 3", "/version", 2, "unknown-field"),
    Case("campaign: small", "campaign: small town", "/campaign", 1, "bad-code"),
    Case("campaign: small", f"campaign: {'x' * 33}", "/campaign", 1, "bad-code"),
    Case("campaign: small", 'campaign: "small\\n"', "/campaign", 1, "bad-code"),
    Case("campaign: small", "campaign: _small", "/campaign", 1, "bad-code"),
    Case("campaign: small", "campaign: true", "/campaign", 1, "not-text"),
    Case("campaign: small", "campaign:", "/campaign", 1, "null"),
    Case("campaign: small", "campaign: [small]", "/campaign", 1, "not-text"),
    Case("campaign: small\n", "", "/campaign", 1, "missing"),
    Case('title: {vi: "Đợt thử", en: "Trial"}', "title: Đợt thử", "/title", 2, "not-a-mapping"),
    Case('title: {vi: "Đợt thử", en: "Trial"}', "title: {en: Trial}", "/title/vi", 2, "missing"),
    Case('title: {vi: "Đợt thử", en: "Trial"}', "title: {vi: yes, en: false}", "/title/en", 2, "not-text"),
    Case('vi: "Đợt thử"', 'vi: " "', "/title/vi", 2, "blank"),
    Case('vi: "Đợt thử"', f"vi: {'x' * 2001}", "/title/vi", 2, "too-long"),
    Case('vi: "Đợt thử"', 'vi: "a\\0b"', "/title/vi", 2, "unprintable"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-11-01T00:00:00", "/opens", 3, "not-a-moment"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-11-01", "/opens", 3, "not-a-moment"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 2022-13-01T00:00:00+07:00", "/opens", 3, "not-a-moment"),
    Case("opens: 2022-11-01T00:00:00+07:00", "opens: 1901-01-01T00:00:00+07:00", "/opens", 3, "out-of-range"),
    Case("closes: 2022-12-01", "closes: 2022-11-01", "/closes", 4, "closes-too-early"),
    Case("closes: 2022-12-01T00:00:00+07:00", "closes: 2022-10-31T17:00:00Z", "/closes", 4, "closes-too-early"),
    Case("decimals: 3", "decimals: 7", "/rules/decimals", 65, "out-of-range"),
    Case("decimals: 3", "decimals: 2.5", "/rules/decimals", 65, "not-a-whole-number"),
    Case("decimals: 3", "decimals: 3\n  min_answers: 0", "/rules/min_answers", 66, "out-of-range"),
    Case("decimals: 3", "decimals: 3\n  suppress_below: -1", "/rules/suppress_below", 66, "out-of-range"),
    Case("decimals: 3", "decimals: 3\n  live: secret", "/rules/live", 66, "not-a-choice"),
    Case("ties: dense", "ties: [dense]", "/rules/ties", 66, "not-a-choice"),
    Case("bonus_cap: 2", "bonus_cap: -2", "/adjustments/bonus_cap", 60, "out-of-range"),
    Case("penalty_cap: 5", "penalty_cap: 1001", "/adjustments/penalty_cap", 60, "out-of-range"),
]


ROWS = [
    Case(
        '  - {code: office, name: {vi: "Phòng"}}',
        '  - {code: office, name: {vi: "Phòng"}}\n  - {code: ward, name: {vi: "X"}}',
        "/blocks/2/code",
        8,
        "repeated-code",
    ),
    Case('code: "002"', "code: w1", "/units/1/code", 13, "repeated-code"),
    Case(W1, W1.replace("block: ward", "block: street"), "/units/0/block", 11, "unknown-block"),
    Case(f"{W1}\n", W1.replace("    block: ward", ""), "/units/0/block", 9, "missing"),
    Case("tile: [0, 2]", "tile: [0, 1]", "/units/1/tile", 16, "repeated-tile"),
    Case("tile: [0, 2]", "tile: [0, 2]\n    formerly: [w9, w9]", "/units/1/formerly/1", 17, "repeated-item"),
    Case("tile: [0, 2]", "tile: [0, 2]\n    formerly: w9", "/units/1/formerly", 17, "not-a-list"),
    Case("tile: [0, 2]", "tile: [0]", "/units/1/tile", 16, "not-a-tile"),
    Case("tile: [0, 2]", "tile: {row: 0}", "/units/1/tile", 16, "not-a-tile"),
    Case("tile: [0, 2]", "tile: [0, 2.5]", "/units/1/tile", 16, "not-a-whole-number"),
    Case("tile: [0, 2]", "tile: [0, -2]", "/units/1/tile", 16, "out-of-range"),
    Case("rates: [ward, office]", "rates: [ward, street]", "/groups/0/rates/1", 24, "unknown-block"),
    Case("rates: [ward, office]", "rates: [ward, office, ward]", "/groups/0/rates/2", 24, "repeated-item"),
    Case("rates: [ward, office]", "rates: ward", "/groups/0/rates", 24, "not-a-list"),
    Case("rates: [ward, office]", "rates: []", "/groups/0/rates", 24, "too-few"),
    Case("weight: 1.50", "weight: 0", "/groups/0/weight", 25, "out-of-range"),
    Case("weight: 1.50", "weight: heavy", "/groups/0/weight", 25, "not-a-number"),
    Case("weight: 1.50", "weight: 1.1234567", "/groups/0/weight", 25, "too-many-decimals"),
    Case("forms: 30", "forms: 0", "/groups/0/quota/forms", 26, "out-of-range"),
    Case("per: unit", "per: street", "/groups/0/quota/per", 26, "not-a-choice"),
    Case("forms: 30", "forms: 30, covers: all", "/groups/0/quota/covers", 26, "not-a-choice"),
    Case("access: open", "access: closed", "/groups/1/access", 30, "not-a-choice"),
    Case("percent: 100}", "percent: 100.5}", "/scales/0/options/0/percent", 34, "out-of-range"),
    Case(", percent: 100}", "}", "/scales/0/options/0/percent", 34, "missing"),
    Case("percent: 0}", "percent: good}", "/scales/0/options/2/percent", 36, "not-a-number"),
    Case("{code: B, label", "{code: A, label", "/scales/0/options/1/code", 35, "repeated-code"),
    Case("fields:\n", 'fields:\n  - {code: f0, name: {vi: "X"}, criteria: []}\n', "/fields/0/criteria", 39, "too-few"),
    Case("from: 50", "from: 90", "/bands/1/from", 63, "band-order"),
    Case("from: 50", "from: -1", "/bands/1/from", 63, "out-of-range"),
]

LEAVES = [
    Case("code: l2", "code: l1", f"{L2}/code", 46, "repeated-code"),
    Case("code: l2", "code: 1.2", f"{L2}/code", 46, "bad-code"),
    Case("max_points: 2.00", "max_points: 0", f"{L1}/max_points", 45, "out-of-range"),
    Case("max_points: 0.1", "max_points: 0,1", f"{L2}/max_points", 48, "not-a-number"),
    Case("max_points: 0.1", "max_points: 1e1", f"{L2}/max_points", 48, "not-a-number"),
    Case("max_points: 0.1", "max_points: true", f"{L2}/max_points", 48, "not-a-number"),
    Case("max_points: 0.1", "max_points: 998", "/fields", 38, "too-many-points"),
    Case("method: appraisal", "method: guess", f"{L1}/method", 45, "not-a-choice"),
    Case("method: appraisal", "method: appraisal, scale: five", f"{L1}/scale", 45, "survey-only"),
    Case("method: appraisal", "method: appraisal, question: {vi: x}", f"{L1}/question", 45, "survey-only"),
    Case(
        "            scale: five\n            groups: [deputy",
        "            groups: [deputy",
        f"{L2}/scale",
        46,
        "missing",
    ),
    Case("            groups: [citizen]\n", "", f"{L3}/groups", 54, "missing"),
    Case("groups: [citizen]", "groups: []", f"{L3}/groups", 59, "too-few"),
    Case("groups: [citizen]", "groups: [citizens]", f"{L3}/groups/0", 59, "unknown-group"),
    Case("groups: [citizen]", "groups: [citizen, citizen]", f"{L3}/groups/1", 59, "repeated-item"),
    Case(
        "scale: five\n            groups: [citizen]",
        "scale: six\n            groups: [citizen]",
        f"{L3}/scale",
        58,
        "unknown-scale",
    ),
    Case("weights: {citizen: 2}", "weights: {mayor: 2}", f"{L2}/weights/mayor", 52, "unknown-group"),
    Case("weights: {citizen: 2}", "weights: {citizen: 0}", f"{L2}/weights/citizen", 52, "out-of-range"),
    Case("weights: {citizen: 2}", "weights: [2]", f"{L2}/weights", 52, "not-a-mapping"),
    Case("question: {vi", "question: {de: x, vi", f"{L2}/question/de", 53, "unknown-field"),
]

YAML = [
    Case("percent: 0}", "percent: .nan}", "/scales/0/options/2/percent", 36, "not-a-number"),
    Case("campaign: small", "campaign: small\ncampaign: other", "/campaign", 2, "repeated-key"),
    Case("ties: dense", "ties: dense\n  ties: shared", "/rules/ties", 67, "repeated-key"),
    Case("rates: [ward, office]", "rates: &both [ward, office]", "/groups/0/rates", 24, "anchor"),
    Case("rates: [ward, office]", "rates: *both", "/groups/0/rates", 24, "alias"),
    Case("decimals: 3", "decimals: !!int 3", "/rules/decimals", 65, "tag"),
    Case("campaign: small", "campaign: !!python/object/apply:os.getcwd []", "/campaign", 1, "tag"),
    Case("ties: dense", "ties: dense\n---\ncampaign: other", "", 67, "many-documents"),
    Case("title: {vi", "title: {{vi", "", 2, "key"),
    Case("title: {vi", "title: [[[[[[[[[[[[[[[[[[[[[[[[[[[[{vi", "", 2, "too-deep"),
    Case("opens: 2022", "\topens: 2022", "", 3, "syntax"),
    Case('vi: "Đợt thử"', "vi: a\0b", "", 2, "unprintable"),
    Case('vi: "Đợt thử"', "vi: \ud800", "", 2, "unprintable"),
]
