"""The highest revision of a response counts, the first content of a revision stands, and saying it again is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.events import Response, Withdrawal, digest
from services.scoring.revisions import EFFECTS, Effect, Rejected, Row, after, effect

SAID = Response("id", 2, "survey", 1, "g1", "web", {"u1": {"q": "A"}}, "Tốt")
ROW = Row("survey", 1, "g1", 2, digest(SAID), SAID.ratings, withdrawn=False)
TAKEN_BACK = Withdrawal("id", 3, "survey", 1)
GONE = Row("survey", 1, "g1", 3, digest(TAKEN_BACK), {}, withdrawn=True)


def effect_of(row: Row | None, event: Response | Withdrawal) -> Effect:
    return effect(row, event, digest(event))


class TestEffect:
    @pytest.mark.parametrize(
        ("row", "event", "what"),
        [
            (None, SAID, "submitted"),
            (None, replace(SAID, revision=7), "submitted"),
            (None, TAKEN_BACK, "withdrawn"),
            (ROW, SAID, "duplicate"),
            (ROW, replace(SAID, campaign_version=9), "duplicate"),
            (ROW, replace(SAID, ratings={}), "conflict"),
            (ROW, replace(SAID, group="g2"), "conflict"),
            (ROW, replace(SAID, comment=None), "conflict"),
            (ROW, replace(TAKEN_BACK, revision=2), "conflict"),
            (ROW, replace(SAID, revision=1), "superseded"),
            (ROW, replace(TAKEN_BACK, revision=1), "superseded"),
            (ROW, replace(SAID, revision=3), "edited"),
            (ROW, replace(SAID, revision=3, ratings={}), "edited"),
            (ROW, TAKEN_BACK, "withdrawn"),
            (ROW, replace(TAKEN_BACK, revision=9), "withdrawn"),
            (GONE, SAID, "superseded"),
            (GONE, TAKEN_BACK, "duplicate"),
            (GONE, replace(SAID, revision=3), "conflict"),
            (GONE, replace(SAID, revision=4), "submitted"),
            (GONE, replace(TAKEN_BACK, revision=4), "withdrawn"),
        ],
    )
    def test_what_a_record_does(self, row: Row | None, event: Response | Withdrawal, what: Effect):
        assert effect_of(row, event) == what
        assert what in EFFECTS

    @pytest.mark.parametrize("event", [SAID, TAKEN_BACK, replace(SAID, revision=1), replace(SAID, revision=9)])
    def test_an_id_stays_with_its_campaign(self, event: Response | Withdrawal):
        with pytest.raises(Rejected, match="'survey'") as caught:
            effect_of(ROW, replace(event, campaign="other"))
        assert caught.value.reason == "other-campaign"


class TestAfter:
    def test_a_response_leaves_itself(self):
        event = replace(SAID, revision=5, group="g2", campaign_version=4, ratings={"u2": {}})
        assert after(ROW, event, "d") == Row("survey", 4, "g2", 5, "d", {"u2": {}}, withdrawn=False)
        assert after(None, SAID, digest(SAID)) == ROW

    def test_a_withdrawal_leaves_no_answers_and_the_group(self):
        assert after(ROW, TAKEN_BACK, digest(TAKEN_BACK)) == GONE

    def test_a_withdrawal_that_comes_first_knows_no_group(self):
        assert after(None, TAKEN_BACK, "d") == Row("survey", 1, "", 3, "d", {}, withdrawn=True)

    def test_no_comment_is_kept(self):
        assert "Tốt" not in repr(after(None, SAID, digest(SAID)))


events = st.builds(
    Response,
    st.just("id"),
    st.integers(1, 4),
    st.just("survey"),
    st.integers(1, 2),
    st.sampled_from(["g1", "g2"]),
    st.just("web"),
    st.sampled_from([{}, {"u1": {"q": "A"}}]),
) | st.builds(Withdrawal, st.just("id"), st.integers(1, 4), st.just("survey"), st.integers(1, 2))


@given(st.lists(events, min_size=1))
def test_after_any_history_the_first_content_of_the_highest_revision_counts(said: list[Response | Withdrawal]):
    row = None
    for event in said:
        if effect_of(row, event) in ("submitted", "edited", "withdrawn"):
            row = after(row, event, digest(event))
    assert row is not None
    highest = max(event.revision for event in said)
    stands = next(event for event in said if event.revision == highest)
    assert (row.revision, row.digest, row.version) == (highest, digest(stands), stands.campaign_version)
    assert row.withdrawn == isinstance(stands, Withdrawal)
    assert row.ratings == (stands.ratings if isinstance(stands, Response) else {})


@given(st.lists(events, min_size=1))
def test_a_history_said_again_changes_nothing(said: list[Response | Withdrawal]):
    row = None
    for event in said:
        if effect_of(row, event) in ("submitted", "edited", "withdrawn"):
            row = after(row, event, digest(event))
    assert {effect_of(row, event) for event in said} <= {"duplicate", "superseded", "conflict"}
