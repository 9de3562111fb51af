from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from jupyterlab_rob.service.engine.turns import in_turn


@dataclass(frozen=True)
class Run:
    owner: str | None
    number: int


#: Runs without an owner are those of post-processing and of old records: an owner like any other.
OWNERS = st.sampled_from(["ann", "bob", "cleo", None])
WAITING = st.lists(OWNERS, max_size=30).flatmap(
    lambda owners: st.permutations([Run(owner, number) for number, owner in enumerate(owners)])
)
RUNNING = st.lists(OWNERS, max_size=6)


@given(WAITING, RUNNING)
def test_all_get_their_turn_once(waiting: list[Run], running: list[str | None]) -> None:
    order = in_turn(waiting, running)
    assert sorted(order, key=lambda run: run.number) == sorted(waiting, key=lambda run: run.number)


@given(WAITING, RUNNING)
def test_everybody_gets_a_first_before_anybody_gets_a_second(waiting: list[Run], running: list[str | None]) -> None:
    has = Counter(running)
    turns = []
    for run in in_turn(waiting, running):
        has[run.owner] += 1
        turns.append(has[run.owner])
    assert turns == sorted(turns)


@given(WAITING, RUNNING)
def test_runs_of_one_keep_their_order(waiting: list[Run], running: list[str | None]) -> None:
    numbers = defaultdict(list)
    for run in in_turn(waiting, running):
        numbers[run.owner].append(run.number)
    assert all(mine == sorted(mine) for mine in numbers.values())


@given(WAITING, RUNNING)
def test_equals_are_served_as_they_came(waiting: list[Run], running: list[str | None]) -> None:
    has = Counter(running)
    last: dict[int, int] = {}
    for run in in_turn(waiting, running):
        has[run.owner] += 1
        turn = has[run.owner]
        assert run.number > last.get(turn, -1)
        last[turn] = run.number


@given(st.data(), WAITING, RUNNING)
def test_the_order_does_not_depend_on_the_lists(
    data: st.DataObject, waiting: list[Run], running: list[str | None]
) -> None:
    again = in_turn(data.draw(st.permutations(waiting)), data.draw(st.permutations(running)))
    assert again == in_turn(waiting, running)


@given(WAITING, RUNNING)
def test_the_places_that_were_told_stay_when_the_first_starts(waiting: list[Run], running: list[str | None]) -> None:
    order = in_turn(waiting, running)
    while order:
        first, *rest = order
        running = [*running, first.owner]
        assert in_turn(rest, running) == rest
        order = rest


@given(WAITING, RUNNING, OWNERS)
def test_a_new_run_passes_only_those_who_have_more(
    waiting: list[Run], running: list[str | None], owner: str | None
) -> None:
    """Nobody who waits for a first, or has no more than the newcomer, moves down."""
    new = Run(owner, len(waiting))
    order = in_turn([*waiting, new], running)
    has = Counter(running)
    turns = {}
    for run in order:
        has[run.owner] += 1
        turns[run] = has[run.owner]
    assert all(turns[run] > turns[new] for run in order[order.index(new) + 1 :])
