"""What is said is read back as it was said, tells nobody who said it, and garbage is refused by one error alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from random import Random
from typing import Any

import bson
import pytest
from campaigns import CODES, campaigns
from hypothesis import given, settings
from hypothesis import strategies as st

from services.common import campaign_schema, events
from services.common.appraisals import Change, Evidence, LeafAppraisal
from services.common.campaign_versions import extended_layout
from services.common.events import CHANNELS, Appraisal, Definition, Event, Response, Withdrawal, canonical, digest
from services.common.records import LARGEST_INTEGER, Unreadable, decode, encode

NOW = datetime(2022, 11, 18, 15, 47, 31, 654321, tzinfo=timezone(timedelta(hours=7)))
ID = "3f2b9f0e-7d0a-4c43-9a5e-0f6d3c1b2a99"
RESPONSE = Response(
    ID, 1, "hanoi-2022", 3, "deputy", "web", {"q1": {"1.1": "A", "1.2": "C"}, "q2": {"1.1": "N"}}, "Tốt"
)
WITHDRAWAL = Withdrawal(ID, 2, "hanoi-2022", 3)
APPRAISAL = Appraisal(
    "hanoi-2022",
    3,
    "an.nguyen",
    datetime(2022, 12, 1, 2, 3, 4, tzinfo=UTC),
    {"q1": Change({"1.1": LeafAppraisal(Decimal("1.50")), "1.2": None}, {"bonus": Decimal("0.5"), "penalty": None}, 4)},
)
DEFINITION = Definition("hanoi-2022", 3, {"campaign": "hanoi-2022"})
EXAMPLES: tuple[Event, ...] = (RESPONSE, WITHDRAWAL, APPRAISAL, DEFINITION)

ids = st.uuids().map(str)
positive = st.integers(1, LARGEST_INTEGER)
ratings = st.dictionaries(CODES, st.dictionaries(CODES, CODES, max_size=4), max_size=4)
responses = st.builds(
    Response, ids, positive, CODES, positive, CODES, st.sampled_from(CHANNELS), ratings, st.none() | st.text()
)
withdrawals = st.builds(Withdrawal, ids, positive, CODES, positive)
exact = st.decimals(0, 10**6, places=6) | st.decimals(0, 100, places=2)
leaves = st.builds(
    LeafAppraisal,
    st.none() | exact,
    st.booleans(),
    st.none() | exact,
    st.none() | st.text(),
    st.just(())
    | st.tuples(st.builds(Evidence, st.none(), st.text()))
    | st.lists(st.builds(Evidence, st.text(min_size=1), st.none() | st.text()), min_size=1, max_size=2).map(tuple),
)


def noted(change: Change) -> st.SearchStrategy[Change]:
    """A change with reasons of what it names."""
    names = st.sampled_from(sorted(change.adjustments)) if change.adjustments else st.nothing()
    return st.dictionaries(names, st.text(min_size=1)).map(lambda notes: replace(change, notes=notes))


changes = st.builds(
    Change,
    st.dictionaries(CODES, st.none() | leaves, max_size=4),
    st.dictionaries(st.sampled_from(["bonus", "penalty"]), st.none() | exact),
    st.none() | st.integers(0, LARGEST_INTEGER),
).flatmap(noted)
moments = st.datetimes(datetime(1970, 1, 1), datetime(2999, 12, 31)).map(  # noqa: DTZ001 (the zone follows)
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)
appraisals = st.builds(
    Appraisal,
    CODES,
    positive,
    st.text(min_size=1),
    moments,
    st.dictionaries(CODES, changes, min_size=1, max_size=3),
    st.none() | st.text(),
)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    campaign = draw(campaigns())
    campaign = replace(campaign, version=campaign.version + 1, layout=extended_layout(campaign, {}))
    return Definition(campaign.code, campaign.version, campaign_schema.dump(campaign))


def content(event: Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(encode(event, NOW, source="/test").value)
    return found


def headers(event: Event) -> dict[str, bytes]:
    found = encode(event, NOW, source="/test").headers
    assert len(dict(found)) == len(found)
    return dict(found)


def read(document: object, kind: Event = RESPONSE) -> Event:
    """What a record of a kind says when its content is `document`."""
    return decode(json.dumps(document).encode(), [("ce_type", headers(kind)["ce_type"])])


class TestRoundTrip:
    @given(responses | withdrawals | appraisals)
    def test_what_is_said_is_read_back_as_it_was(self, event: Event):
        record = encode(event, NOW, source="/test")
        assert decode(record.value, record.headers) == event

    @given(definitions())
    @settings(max_examples=25)
    def test_a_definition_is_read_back_as_it_was(self, event: Definition):
        record = encode(event, NOW, source="/test")
        found = decode(record.value, record.headers)
        assert found == event
        assert campaign_schema.load(found.document).version == event.version

    @pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
    def test_the_order_of_headers_and_headers_of_others_do_not_matter(self, event: Event):
        record = encode(event, NOW, source="/test")
        assert decode(record.value, [*record.headers[::-1], ("traceparent", b"00-1-2-01")]) == event

    @pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
    def test_content_that_a_later_version_adds_is_passed_over(self, event: Event):
        assert read({**content(event), "later": {"more": 1}}, event) == event


class TestRecord:
    def test_a_record_is_a_cloud_event_in_binary_mode(self):
        assert headers(RESPONSE) == {
            "ce_specversion": b"1.0",
            "ce_type": b"parindex.response.submitted.v1",
            "ce_id": f"{ID}/1".encode(),
            "ce_source": b"/test",
            "ce_time": b"2022-11-18T08:00:00Z",
            "content-type": b"application/json",
        }

    @pytest.mark.parametrize(
        ("event", "kind", "key"),
        [
            (RESPONSE, b"parindex.response.submitted.v1", ID.encode()),
            (WITHDRAWAL, b"parindex.response.withdrawn.v1", ID.encode()),
            (APPRAISAL, b"parindex.appraisals.recorded.v1", b"hanoi-2022/q1"),
            (DEFINITION, b"parindex.campaign.defined.v1", b"hanoi-2022/3"),
        ],
        ids=lambda value: type(value).__name__,
    )
    def test_its_type_and_key_are_those_of_its_topic(self, event: Event, kind: bytes, key: bytes):
        assert headers(event)["ce_type"] == kind
        assert encode(event, NOW, source="/test").key == key

    @given(responses, withdrawals)
    def test_all_records_of_a_response_have_one_key(self, said: Response, taken_back: Withdrawal):
        taken_back = replace(taken_back, response=said.response)
        assert encode(said, NOW, source="/test").key == encode(taken_back, NOW, source="/test").key

    @pytest.mark.parametrize("event", [APPRAISAL, DEFINITION], ids=lambda event: type(event).__name__)
    def test_other_content_has_another_id(self, event: Appraisal | Definition):
        assert headers(event)["ce_id"] == headers(replace(event))["ce_id"]
        other = (
            replace(event, changes={"q1": Change({}, {}, 5)})
            if isinstance(event, Appraisal)
            else replace(event, document={})
        )
        assert headers(event)["ce_id"] != headers(other)["ce_id"]


def changed(**members: object) -> dict[str, Any]:
    """The content of the appraisal with other members of its one change."""
    ((unit, change),) = content(APPRAISAL)["changes"].items()
    return {**content(APPRAISAL), "changes": {unit: {**change, **members}}}


class TestAnonymity:
    @given(
        responses | withdrawals,
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()),  # noqa: DTZ001
    )
    def test_the_time_of_a_rater_is_cut_to_the_hour(self, event: Response | Withdrawal, now: datetime):
        record = encode(event, now, source="/test")
        hour = now.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
        assert record.timestamp_ms == hour.timestamp() * 1000
        assert dict(record.headers)["ce_time"].decode() == hour.strftime("%Y-%m-%dT%H:00:00Z")

    @given(responses | withdrawals)
    def test_the_headers_hold_nothing_of_a_rater_but_the_id_of_the_response(self, event: Response | Withdrawal):
        assert headers(event).keys() == headers(RESPONSE).keys()
        varying = {name for name, value in headers(event).items() if value != headers(RESPONSE)[name]}
        assert varying <= {"ce_id", "ce_type"}
        assert headers(event)["ce_id"] == f"{event.response}/{event.revision}".encode()

    def test_a_response_has_no_place_for_who_said_it(self):
        said = {"response", "revision", "campaign", "campaign_version", "group", "channel", "ratings", "comment"}
        assert {field.name for field in fields(Response)} == said
        assert content(RESPONSE).keys() == said

    def test_what_an_appraiser_does_keeps_its_time(self):
        record = encode(APPRAISAL, NOW, source="/test")
        assert dict(record.headers)["ce_time"] == b"2022-11-18T08:47:31Z"
        assert record.timestamp_ms == 1_668_761_251_000


def rfc_8785(value: object) -> str:
    """JSON Canonicalization Scheme for what has no fractions: keys by UTF-16 code units, the shortest escapes."""
    if isinstance(value, Mapping):
        ordered = sorted(value.items(), key=lambda item: item[0].encode("utf-16-be"))
        return "{" + ",".join(f"{rfc_8785(key)}:{rfc_8785(item)}" for key, item in ordered) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(rfc_8785, value)) + "]"
    if isinstance(value, str):
        short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}
        return '"' + "".join(short.get(c, f"\\u{ord(c):04x}" if ord(c) < 32 else c) for c in value) + '"'
    return "null" if value is None else str(value).lower()


class TestDigest:
    def test_it_is_the_sha_256_of_the_canonical_content_without_the_version(self):
        text = (
            '{"campaign":"hanoi-2022","channel":"web","comment":"Tốt","group":"deputy",'
            '"ratings":{"q1":{"1.1":"A","1.2":"C"},"q2":{"1.1":"N"}},'
            f'"response":"{ID}","revision":1}}'
        )
        assert digest(RESPONSE) == hashlib.sha256(text.encode()).hexdigest()

    @given(responses | withdrawals, positive)
    def test_a_retry_under_a_new_version_is_the_same_content(self, event: Response | Withdrawal, version: int):
        assert digest(replace(event, campaign_version=version)) == digest(event)

    @given(responses, st.randoms())
    def test_the_order_of_keys_does_not_matter(self, event: Response, random: Random):
        def mixed(mapping: Mapping[str, Any]) -> dict[str, Any]:
            keys = list(mapping)
            random.shuffle(keys)
            return {key: mixed(mapping[key]) if isinstance(mapping[key], Mapping) else mapping[key] for key in keys}

        assert digest(replace(event, ratings=mixed(event.ratings))) == digest(event)

    @pytest.mark.parametrize(
        "change",
        [
            {"revision": 2},
            {"group": "citizen"},
            {"channel": "paper"},
            {"comment": None},
            {"comment": ""},
            {"ratings": {}},
            {"ratings": {**RESPONSE.ratings, "q3": {}}},
            {"response": ID.replace("3", "4")},
            {"campaign": "hanoi-2023"},
        ],
    )
    def test_other_content_has_another_digest(self, change: dict[str, Any]):
        assert digest(replace(RESPONSE, **change)) != digest(RESPONSE)

    def test_a_withdrawal_is_no_empty_response(self):
        empty = replace(RESPONSE, revision=2, ratings={}, comment=None)
        assert digest(WITHDRAWAL) != digest(empty)

    @given(responses | withdrawals)
    def test_the_canonical_content_is_that_of_rfc_8785(self, event: Response | Withdrawal):
        said = content(event)
        assert canonical(said).decode() == rfc_8785(said)
        assert encode(event, NOW, source="/test").value == canonical(said)

    def test_the_comparison_is_that_of_the_rfc(self):
        """The example of RFC 8785, section 3.2.2, as far as it has no fractions."""
        example = {"string": "\u20ac$\u000f\u000aA'\u0042\u0022\u005c\\\"/", "literals": [None, True, False], "n": 56}
        text = r'{"literals":[null,true,false],"n":56,"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
        assert rfc_8785(example) == canonical(example).decode() == text


def short(value: object) -> str:
    return repr(value)[:20]


WRONG: list[object] = [None, True, 0, -1, 1.5, 2**53, "", "1", [], {}, [1], {"a": 1}]


class TestGarbage:
    @pytest.mark.parametrize("kind", [[], [("ce_type", b"")], [("ce_type", b"parindex.response.submitted.v2")]])
    def test_another_type_is_unreadable(self, kind: list[tuple[str, bytes]]):
        with pytest.raises(Unreadable, match="ce_type"):
            decode(b"{}", kind)

    @pytest.mark.parametrize("kind", [None, b"\xff\xfe", b"parindex.response.submitted.v1\x00"])
    def test_a_type_that_is_no_text_is_unreadable(self, kind: bytes | None):
        with pytest.raises(Unreadable, match="ce_type"):
            decode(b"{}", [("ce_type", kind)])  # type: ignore[list-item]

    @pytest.mark.parametrize(
        "value",
        [
            *(None, b"", b"{", b"\xff\xfe{}", b"null", b"[]", b'"x"', b"1", b"NaN", b'{"a": NaN}', b'{"a":"\\ud800"}'),
            *(b"[" * 100_000, b'{"a":' * 2_000 + b"1" + b"}" * 2_000, b"9" * 10_000, b"{}{}", b"\xef\xbb\xbf{}"),
        ],
    )
    @pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
    def test_what_is_no_json_object_is_unreadable(self, event: Event, value: bytes | None):
        with pytest.raises(Unreadable, match="value"):
            decode(value, [("ce_type", headers(event)["ce_type"])])

    @pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
    def test_content_with_a_part_missing_is_unreadable(self, event: Event):
        whole = content(event)
        for name in whole.keys() - {"comment", "withdrawn"}:
            part = {key: value for key, value in whole.items() if key != name}
            with pytest.raises(Unreadable, match=name):
                read(part, event)

    @pytest.mark.parametrize("wrong", WRONG, ids=repr)
    @pytest.mark.parametrize("event", EXAMPLES, ids=lambda event: type(event).__name__)
    def test_a_part_of_another_kind_is_unreadable_or_means_what_it_says(self, event: Event, wrong: object):
        whole = content(event)
        for name, right in whole.items():
            if type(wrong) is type(right):
                continue
            try:
                found = read({**whole, name: wrong}, event)
            except Unreadable:
                continue
            assert (name, wrong) in [("base", None), ("comment", None), ("withdrawn", wrong)]
            assert encode(found, NOW, source="/test")

    @pytest.mark.parametrize(
        "number", [0, -1, 2**53, 2**63, 2**64, 10**40, 10**400, 1.0, 1e3, "1", True, None], ids=short
    )
    @pytest.mark.parametrize("name", ["revision", "campaign_version"])
    def test_a_number_that_is_no_whole_one_from_1_is_unreadable(self, name: str, number: object):
        for event in (RESPONSE, WITHDRAWAL):
            with pytest.raises(Unreadable, match=f"{name}|number is"):
                read({**content(event), name: number}, event)

    @pytest.mark.parametrize(
        "wrong",
        [
            *({"q1": None}, {"q1": ["A"]}, {"q1": {"1.1": None}}, {"q1": {"1.1": 1}}, {"q1": {"1.1": ["A"]}}),
            *({"q1": {"1.1": {"A": "A"}}}, {"q1": "A"}, [["q1", {}]], "q1"),
        ],
        ids=repr,
    )
    def test_ratings_of_another_shape_are_unreadable(self, wrong: object):
        with pytest.raises(Unreadable, match="ratings"):
            read({**content(RESPONSE), "ratings": wrong})

    @pytest.mark.parametrize(
        "points", ["NaN", "sNaN", "Infinity", "-Infinity", "1e5", "1E-7", "1e-999999", "1,5", "", " 1"]
    )
    @pytest.mark.parametrize("name", ["points", "self_points"])
    def test_points_that_are_no_plain_decimal_are_unreadable(self, name: str, points: str):
        with pytest.raises(Unreadable):
            read(changed(leaves={"1.1": {name: points}}), APPRAISAL)

    @pytest.mark.parametrize("points", [1, 1.5, True, [0, [1], 0], {}, "0." + "1" * 1000, "9" * 1000], ids=short)
    def test_points_are_a_short_text(self, points: object):
        with pytest.raises(Unreadable):
            read(changed(leaves={"1.1": {"points": points}}), APPRAISAL)
        with pytest.raises(Unreadable):
            read(changed(adjustments={"bonus": points}), APPRAISAL)

    @pytest.mark.parametrize(
        "leaf",
        [
            *(0, False, "", [], "x", {"points": []}, {"not_applicable": "no"}, {"not_applicable": 1}),
            *(
                {"note": 1},
                {"note": {}},
                {"evidence": ["x"]},
                {"evidence": [{}]},
                {"evidence": [{"url": ""}]},
                {"evidence": {}},
            ),
        ],
        ids=repr,
    )
    def test_a_leaf_of_an_appraisal_of_another_shape_is_unreadable(self, leaf: object):
        with pytest.raises(Unreadable):
            read(changed(leaves={"1.1": leaf}), APPRAISAL)

    @pytest.mark.parametrize("base", [-1, 1.5, True, "4", [], 2**53])
    def test_a_base_that_is_no_version_of_a_row_is_unreadable(self, base: object):
        with pytest.raises(Unreadable):
            read(changed(base=base), APPRAISAL)

    @pytest.mark.parametrize(
        "at",
        [
            "",
            "2022-12-01",
            "2022-12-01T02:03:04",
            "2022-13-01T00:00:00Z",
            1669860184,
            None,
            "0001-01-01T00:00:00+14:00",
        ],
    )
    def test_a_time_without_its_zone_is_unreadable(self, at: object):
        with pytest.raises(Unreadable):
            read({**content(APPRAISAL), "at": at}, APPRAISAL)

    @pytest.mark.parametrize("notes", [{"bonus": ""}, {"bonus": None}, {"other": "x"}, ["bonus"], "bonus"], ids=repr)
    def test_reasons_of_what_is_not_named_are_unreadable(self, notes: object):
        with pytest.raises(Unreadable):
            read(changed(notes=notes), APPRAISAL)

    def test_an_appraisal_of_no_unit_is_unreadable(self):
        with pytest.raises(Unreadable):
            read({**content(APPRAISAL), "changes": {}}, APPRAISAL)

    def test_an_appraisal_of_the_old_form_is_read_for_ever_and_stored_as_it_was(self):
        """One change beside the members of the event, its evidence a text."""
        (change,) = content(APPRAISAL)["changes"].values()
        leaf = {"points": "1.50", "evidence": "Báo cáo số 12"}
        old = {name: said for name, said in content(APPRAISAL).items() if name != "changes"}
        old |= {"unit": "q1", **change, "leaves": {"1.1": leaf, "1.2": None}}
        found = decode(json.dumps(old).encode(), [("ce_type", b"parindex.appraisal.recorded.v1")])
        assert isinstance(found, Appraisal)
        said = found.changes["q1"].leaves["1.1"]
        assert said == LeafAppraisal(Decimal("1.50"), evidence=(Evidence(title="Báo cáo số 12"),))
        assert events.leaf_document(said) == leaf
        leaves = {"1.1": replace(said, evidence=()), "1.2": None}
        assert replace(found, changes={"q1": replace(found.changes["q1"], leaves=leaves)}) == APPRAISAL

    def test_a_time_is_read_in_utc(self):
        found = read({**content(APPRAISAL), "at": "2022-12-01T09:03:04+07:00"}, APPRAISAL)
        assert isinstance(found, Appraisal)
        assert (found.at, found.at.tzinfo) == (APPRAISAL.at, UTC)


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text()
    | st.sampled_from(["NaN", "1e999999", "1", "x", "\ud800", "\x00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@st.composite
def damaged(draw: st.DrawFn) -> tuple[bytes, list[tuple[str, bytes]]]:
    """A record with one part of its content replaced, removed or added, at any depth."""
    event = draw(responses | withdrawals | appraisals | definitions())
    record = encode(event, NOW, source="/test")
    document = json.loads(record.value)
    at = document
    while isinstance(at, dict | list) and at:
        key = draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if not isinstance(at[key], dict | list) or draw(st.booleans()):
            break
        at = at[key]
    if isinstance(at, dict):
        if draw(st.booleans()):
            at[draw(st.text(max_size=3)) if draw(st.booleans()) or not at else key] = draw(json_values)
        elif at:
            del at[key]
    elif isinstance(at, list):
        at.append(draw(json_values))
    return json.dumps(document).encode(), record.headers


KINDS = st.sampled_from([dict(encode(event, NOW, source="/test").headers)["ce_type"] for event in EXAMPLES])


class TestFuzz:
    @given(st.none() | st.binary(), st.lists(st.tuples(st.text(), st.none() | st.binary())))
    def test_any_bytes_are_an_event_or_unreadable(self, value: bytes | None, found: list[tuple[str, Any]]):
        with pytest.raises(Unreadable):
            decode(value, found)

    @given(st.binary() | json_values.map(lambda value: json.dumps(value).encode()), KINDS)
    def test_any_content_of_a_known_type_is_an_event_or_unreadable(self, value: bytes, kind: bytes):
        with pytest.raises(Unreadable):
            decode(value, [("ce_type", kind)])

    @given(damaged())
    def test_what_is_read_of_a_damaged_record_can_be_said_again_and_kept(
        self, case: tuple[bytes, list[tuple[str, bytes]]]
    ):
        value, found = case
        try:
            event = decode(value, found)
        except Unreadable:
            return
        again = encode(event, NOW, source="/test")
        assert decode(again.value, again.headers) == event
        if isinstance(event, Response):
            assert len(digest(event)) == 64
            bson.encode({"ratings": event.ratings, "_id": event.response, "group": event.group})
        if isinstance(event, Appraisal):
            bson.encode({"at": event.at, "by": event.by, "why": event.why})
            for change in event.changes.values():
                bson.encode({"base": change.base, "notes": change.notes})
                for leaf in change.leaves.values():
                    assert leaf is None or bson.encode(events.leaf_document(leaf)) is not None

    @pytest.mark.parametrize("depth", [1, 100, 250, 300, 1000, 100_000])
    def test_deep_nesting_is_unreadable(self, depth: int):
        nested = b'{"x":' * depth + b'"A"' + b"}" * depth
        value = encode(RESPONSE, NOW, source="/test").value.replace(b'"A"', nested)
        with pytest.raises(Unreadable):
            decode(value, [("ce_type", headers(RESPONSE)["ce_type"])])
