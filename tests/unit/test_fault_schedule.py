"""The schedule of faults: a seed gives the same faults again, every kind has its turn, no target is hit twice."""

from __future__ import annotations

from itertools import pairwise

import pytest

from tests.faults import machine
from tests.faults.schedule import SETTLE_S, Ability, schedule

ABILITIES = [
    *(Ability("kill", target, room=6) for target in ("intake", "scoring-1", "reporting", "kafka", "mongo")),
    Ability("freeze", "scoring-1", lasts=(11, 14)),
    Ability("fill", "mongo", lasts=(3, 6), room=12, pause=8),
    *(
        Ability(mode, link, lasts=(1, 6), room=2)
        for mode in ("delay", "hole", "eatack")
        for link in ("a-b", "b-c", "c-d")
    ),
]


def test_the_same_seed_gives_the_same_faults_and_another_seed_others() -> None:
    assert schedule(7, 5, ABILITIES) == schedule(7, 5, ABILITIES)
    assert schedule(7, 5, ABILITIES) != schedule(8, 5, ABILITIES)


@pytest.mark.parametrize("seed", range(20))
def test_every_kind_has_its_turn_once_there_is_time_for_it(seed: int) -> None:
    faults = schedule(seed, 1.5, ABILITIES)
    assert {fault.name for fault in faults} == {ability.name for ability in ABILITIES}


@pytest.mark.parametrize("seed", range(20))
def test_thirty_minutes_have_three_hundred_faults_in_their_time(seed: int) -> None:
    faults = schedule(seed, 30, ABILITIES)
    assert len(faults) >= 300
    assert faults[0].at == SETTLE_S
    assert faults[-1].at < 30 * 60 + 60
    assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)


@pytest.mark.parametrize("seed", range(20))
def test_a_target_is_left_alone_until_it_has_recovered_and_all_after_a_full_disk(seed: int) -> None:
    room = {ability.name: ability.room for ability in ABILITIES}
    faults = schedule(seed, 10, ABILITIES)
    for target in {fault.target for fault in faults}:
        for fault, after in pairwise(fault for fault in faults if fault.target == target):
            assert after.at >= fault.until + room[fault.name] - 0.02
    for fault, after in pairwise(faults):
        if fault.kind == "fill":
            assert after.at >= fault.at + 8


@pytest.mark.parametrize("seed", range(20))
def test_what_names_one_thing_as_its_own_is_never_done_twice_at_a_time(seed: int) -> None:
    of_one = [
        Ability("kill", "leader", room=10, of="machine"),
        Ability("isolate", "primary", lasts=(5, 15), room=8, of="machine"),
    ]
    room = {ability.name: ability.room for ability in of_one}
    faults = [fault for fault in schedule(seed, 5, [*of_one, *ABILITIES]) if fault.name in room]
    assert {fault.name for fault in faults} == room.keys()
    for fault, after in pairwise(faults):
        assert after.at >= fault.until + room[fault.name] - 0.02


@pytest.mark.parametrize("disks", [(), ("kafka", "mongo")])
@pytest.mark.parametrize("seed", range(20))
def test_three_minutes_have_time_for_every_kind_of_the_one_machine(seed: int, disks: tuple[str, ...]) -> None:
    every = machine.abilities(disks)
    faults = schedule(seed, 3, every)
    assert {fault.name for fault in faults} == {ability.name for ability in every}
    assert faults[-1].at < 240


def test_a_lasting_fault_lasts_as_long_as_its_ability_says() -> None:
    limits = {ability.name: ability.lasts for ability in ABILITIES}
    for fault in schedule(1, 10, ABILITIES):
        shortest, longest = limits[fault.name]
        assert shortest <= fault.lasts <= longest
        assert 0 <= fault.luck < 1
