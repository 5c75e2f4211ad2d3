"""What one definition says other than another, in words, and whom it concerns. Pure.

Either definition is described as things (a unit, a leaf, a rule …) with properties; the difference is read off the two
descriptions. So nothing that a definition holds can be forgotten here: a test goes through every field of the model.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Literal

from services.common.campaign import Campaign, Criterion, Field, Group, Leaf, Text

Kind = Literal[
    "campaign",
    "block",
    "unit",
    "group",
    "option",
    "field",
    "criterion",
    "leaf",
    "adjustments",
    "band",
    "rules",
    "fieldwork",
]
Effect = Literal["words", "form", "index", "rank", "conduct"]
"""What changes by it: labels alone; what raters are asked; indices; ranks and grades alone; how the survey is run and
its results are shown."""
Thing = tuple[Kind, str]
"""A kind and a code; the code is empty where there is only one."""

KINDS: Mapping[Kind, Text] = {
    "campaign": Text("chiến dịch", "campaign"),
    "block": Text("khối", "block"),
    "unit": Text("đơn vị", "unit"),
    "group": Text("nhóm trả lời", "group"),
    "option": Text("phương án", "option"),
    "field": Text("lĩnh vực", "field"),
    "criterion": Text("tiêu chí", "criterion"),
    "leaf": Text("tiêu chí thành phần", "leaf"),
    "adjustments": Text("điểm cộng, điểm trừ", "adjustments"),
    "band": Text("mức xếp loại", "grade"),
    "rules": Text("quy tắc", "rules"),
    "fieldwork": Text("ngưỡng cảnh báo", "fieldwork"),
}
PROPERTIES: Mapping[str, tuple[Text, Effect]] = {
    "title": (Text("tiêu đề", "title"), "words"),
    "name": (Text("tên", "name"), "words"),
    "label": (Text("nhãn", "label"), "words"),
    "tile": (Text("ô trên bản đồ", "tile"), "words"),
    "formerly": (Text("trước đây là", "formerly"), "conduct"),
    "opens": (Text("mở lúc", "opens"), "conduct"),
    "closes": (Text("đóng lúc", "closes"), "conduct"),
    "quota": (Text("chỉ tiêu phiếu", "quota"), "conduct"),
    "access": (Text("quyền trả lời", "access"), "conduct"),
    "edits": (Text("sửa phiếu", "edits"), "conduct"),
    "live": (Text("công bố trực tiếp", "live"), "conduct"),
    "suppress_below": (Text("ẩn khi ít hơn", "suppress_below"), "conduct"),
    "reasons": (Text("lý do thẩm định", "reasons"), "conduct"),
    "decimals": (Text("số chữ số thập phân", "decimals"), "words"),
    "question": (Text("câu hỏi", "question"), "form"),
    "rates": (Text("đánh giá các khối", "rates"), "form"),
    "groups": (Text("các nhóm được hỏi", "groups"), "form"),
    "scale": (Text("thang trả lời", "scale"), "form"),
    "block": (Text("khối", "block"), "index"),
    "weight": (Text("trọng số", "weight"), "index"),
    "weights": (Text("trọng số các nhóm", "weights"), "index"),
    "max_points": (Text("điểm tối đa", "max_points"), "index"),
    "method": (Text("cách chấm", "method"), "index"),
    "percent": (Text("phần trăm điểm", "percent"), "index"),
    "within": (Text("thuộc", "within"), "index"),
    "bonus_cap": (Text("điểm cộng tối đa", "bonus_cap"), "index"),
    "penalty_cap": (Text("điểm trừ tối đa", "penalty_cap"), "index"),
    "not_applicable": (Text("khi không áp dụng", "not_applicable"), "index"),
    "min_answers": (Text("số trả lời tối thiểu", "min_answers"), "index"),
    "behind": (Text("chậm tiến độ", "behind"), "conduct"),
    "no_opinion": (Text("không có ý kiến", "no_opinion"), "conduct"),
    "straight_lining": (Text("chọn một phương án", "straight_lining"), "conduct"),
    "edited": (Text("phiếu sửa", "edited"), "conduct"),
    "withdrawn": (Text("phiếu rút", "withdrawn"), "conduct"),
    "conflict": (Text("phiếu mâu thuẫn", "conflict"), "conduct"),
    "ties": (Text("xếp hạng khi bằng nhau", "ties"), "rank"),
    "floor": (Text("từ", "from"), "rank"),
}
_WHOLE: Mapping[Kind, Effect] = {
    "campaign": "words",
    "block": "index",
    "unit": "rank",
    "group": "form",
    "option": "form",
    "field": "words",
    "criterion": "words",
    "leaf": "index",
    "adjustments": "index",
    "band": "rank",
    "rules": "index",
    "fieldwork": "conduct",
}
"""What changes when such a thing comes or goes."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is new or gone (`aspect` is None), or one property of it that has another value."""

    kind: Kind
    code: str
    aspect: str | None
    before: str | None
    after: str | None
    effect: Effect
    blocks: tuple[str, ...]
    """Whose units it concerns."""
    groups: tuple[str, ...]
    """Whose raters it concerns."""

    @property
    def text(self) -> Text:
        """In words, e.g. "leaf 1-1-1: max_points 2 → 3"."""
        kind = KINDS[self.kind]
        english = kind.en or kind.vi
        subject = Text(f"{kind.vi} {self.code}".strip(), f"{english} {self.code}".strip())
        if self.aspect is None:
            if self.before is None:
                return Text(f"thêm {subject.vi}: {self.after}", f"{subject.en} is new: {self.after}")
            return Text(f"bỏ {subject.vi}: {self.before}", f"{subject.en} is gone: {self.before}")
        named, _ = PROPERTIES[self.aspect]
        vi, en = (
            f"{none if self.before is None else self.before} → {none if self.after is None else self.after}"
            for none in ("không có", "none")
        )
        return Text(f"{subject.vi}: {named.vi} {vi}", f"{subject.en}: {named.en} {en}")


@dataclass(frozen=True, slots=True)
class _Described:
    """A thing of a definition: what it is called, what is said of it, and whom it concerns."""

    called: str
    properties: Mapping[str, str | None]
    blocks: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()


def differences(old: Campaign, new: Campaign) -> list[Difference]:
    """What `new` says other than `old`, in the order of the definitions; codes tell what is the same thing.

    The order in which questions and answers are shown is no difference.
    """
    before, after = _described(old), _described(new)
    found = []
    for thing in dict.fromkeys([*after, *before]):
        was, is_ = before.get(thing), after.get(thing)
        # Whom a thing concerned it concerns still when it is taken away, and the other way round.
        blocks, groups = (
            tuple(dict.fromkeys(code for one in (was, is_) if one is not None for code in getattr(one, name)))
            for name in ("blocks", "groups")
        )
        kind, code = thing
        if was is None or is_ is None:
            called = [None if one is None else one.called for one in (was, is_)]
            found.append(Difference(kind, code, None, called[0], called[1], _WHOLE[kind], blocks, groups))
            continue
        for aspect, value in is_.properties.items():
            if (earlier := was.properties[aspect]) != value:
                _, effect = PROPERTIES[aspect]
                found.append(Difference(kind, code, aspect, earlier, value, effect, blocks, groups))
    return found


def _described(campaign: Campaign) -> dict[Thing, _Described]:
    every = tuple(block.code for block in campaign.blocks)
    raters = tuple(group.code for group in campaign.groups)
    times = {"opens": campaign.opens.isoformat(), "closes": campaign.closes.isoformat()}
    things: dict[Thing, _Described] = {
        ("campaign", ""): _Described(
            _text(campaign.title) or "", {"title": _text(campaign.title), **times}, every, raters
        )
    }
    for block in campaign.blocks:
        things["block", block.code] = _named(block.name, {}, (block.code,))
    for unit in campaign.units:
        tile = None if unit.tile is None else f"{unit.tile[0]}, {unit.tile[1]}"
        formerly = None if unit.formerly is None else _list(unit.formerly) or "[]"
        said = {"block": unit.block, "tile": tile, "formerly": formerly}
        things["unit", unit.code] = _named(unit.name, said, (unit.block,))
    for group in campaign.groups:
        things["group", group.code] = _group(group)
    things |= _options(campaign)
    for field in campaign.fields:
        things |= _field(campaign, field, every)
    caps = campaign.adjustments
    caps_text = {"bonus_cap": _number(caps.bonus_cap), "penalty_cap": _number(caps.penalty_cap)}
    things["adjustments", ""] = _Described("", caps_text, every)
    for band in campaign.bands:
        name = _text(band.name) or ""
        things["band", band.name.vi] = _Described(name, {"name": name, "floor": _number(band.floor)}, every)
    rules, fieldwork = campaign.rules, campaign.fieldwork
    things["rules", ""] = _Described(
        "", {rule.name: str(getattr(rules, rule.name)) for rule in fields(rules)}, every, raters
    )
    things["fieldwork", ""] = _Described(
        "", {limit.name: str(getattr(fieldwork, limit.name)) for limit in fields(fieldwork)}, every, raters
    )
    return things


def _group(group: Group) -> _Described:
    owed = group.quota
    quota = (
        None if owed is None else f"{owed.forms} / {owed.per}" + ("" if owed.covers == "sample" else f", {owed.covers}")
    )
    said = {"rates": _list(group.rates), "weight": _number(group.weight), "quota": quota, "access": group.access}
    return _named(group.name, said, group.rates, (group.code,))


def _options(campaign: Campaign) -> dict[Thing, _Described]:
    things: dict[Thing, _Described] = {}
    for scale in campaign.scales:
        leaves = [leaf for leaf in campaign.leaves if leaf.scale == scale.code]
        groups = _union(leaf.groups for leaf in leaves)
        blocks = _union(_blocks(campaign, leaf) for leaf in leaves)
        for option in scale.options:
            label = _text(option.label)
            percent = None if option.percent is None else _number(option.percent)
            said = {"label": label, "percent": percent}
            things["option", f"{scale.code}/{option.code}"] = _Described(label or "", said, blocks, groups)
    return things


def _field(campaign: Campaign, field: Field, every: tuple[str, ...]) -> dict[Thing, _Described]:
    things: dict[Thing, _Described] = {("field", field.code): _named(field.name, {}, every)}
    for criterion in field.criteria:
        things["criterion", criterion.code] = _named(criterion.name, {"within": field.code}, every)
        for leaf in criterion.leaves:
            things["leaf", leaf.code] = _leaf(campaign, criterion, leaf)
    return things


def _leaf(campaign: Campaign, criterion: Criterion, leaf: Leaf) -> _Described:
    weights = ", ".join(f"{group} {_number(weight)}" for group, weight in sorted(leaf.weights.items()))
    said = {
        "within": criterion.code,
        "max_points": _number(leaf.max_points),
        "method": leaf.method,
        "question": _text(leaf.question),
        "scale": leaf.scale,
        "groups": _list(leaf.groups),
        "weights": weights or None,
    }
    return _named(leaf.name, said, _blocks(campaign, leaf), leaf.groups)


def _blocks(campaign: Campaign, leaf: Leaf) -> tuple[str, ...]:
    """The blocks in whose index a leaf counts."""
    return tuple(
        block.code for block in campaign.blocks if leaf.method == "appraisal" or campaign.raters(leaf, block.code)
    )


def _named(
    name: Text, said: Mapping[str, str | None], blocks: tuple[str, ...], groups: tuple[str, ...] = ()
) -> _Described:
    return _Described(_text(name) or "", {"name": _text(name), **said}, blocks, groups)


def _text(text: Text | None) -> str | None:
    if text is None:
        return None
    return text.vi if text.en is None else f"{text.vi} / {text.en}"


def _number(value: Decimal) -> str:
    """2.00 and 2 are the same."""
    return format(value.normalize(), "f")


def _list(codes: Iterable[str]) -> str | None:
    return ", ".join(sorted(codes)) or None


def _union(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(code for codes in lists for code in codes))
