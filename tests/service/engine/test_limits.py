from __future__ import annotations

import json
import signal
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jupyterlab_rob.errors import InvalidInput
from jupyterlab_rob.service.engine.limits import (
    Limits,
    exceeded,
    limit_problems,
    read_limits,
    step_limits,
    workflow_limits,
)

_MB = 1 << 20
_GB = 1 << 30


@pytest.mark.parametrize(
    ("key", "value", "read"),
    [
        ("time", "10 min", 600),
        ("time", "1.5h", 5400),
        ("time", "2 days", 172800),
        ("time", 0.5 + 1, 1.5),
        ("step_time", 300, 300),
        ("step_time", "300", 300),
        ("step_time", "90 seconds", 90),
        ("memory", "2 GB", 2 * _GB),
        ("memory", "1.5 gib", 3 * _GB // 2),
        ("memory", 500 * _MB, 500 * _MB),
        ("cpu", "1.5 s", 2),
        ("processes", 64, 64),
        ("processes", "64", 64),
        ("file_size", "100 KB", 102400),
        ("disk", "5 TB", 5 << 40),
        ("network", True, True),
        ("memory", None, None),
    ],
)
def test_reads_numbers_and_texts_with_units(key: str, value: object, read: object) -> None:
    limits = read_limits({key: value})
    assert getattr(limits, key) == read
    assert [f.name for f in fields(Limits) if f.name != key and getattr(limits, f.name) not in (None, False)] == []


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"tim": 5}, ["takes no 'tim'", "did you mean 'time'"]),
        ({"memroy": "2 GB"}, ["did you mean 'memory'"]),
        ({"bandwidth": 1}, ["takes no 'bandwidth'", "processes"]),
        ({7: 1}, ["takes no '7'"]),
        ({"time": "soon"}, ["'time'", "'soon'", "'10 min'"]),
        ({"time": "10 GB"}, ["'time'", "'10 GB'"]),
        ({"time": -1}, ["'time'", "at least 1 s", "-1"]),
        ({"time": 0}, ["at least 1 s"]),
        ({"time": float("nan")}, ["'time'", "nan"]),
        ({"time": float("inf")}, ["'time'", "inf"]),
        ({"time": True}, ["'time'", "true"]),
        ({"time": []}, ["'time'", "a list"]),
        ({"memory": "2 min"}, ["'memory'", "'2 GB'", "'2 min'"]),
        ({"memory": 2}, ["'memory'", "at least 16 MB", "give it a unit"]),
        ({"memory": 10**400}, ["'memory'", "at most", "many digits"]),
        ({"processes": 1.5}, ["'processes'", "a whole number", "1.5"]),
        ({"processes": "64 MB"}, ["'processes'", "a whole number"]),
        ({"processes": 0}, ["'processes'", "at least 1"]),
        ({"network": "yes"}, ["'network'", "true or false", "'yes'"]),
        ({"network": None}, ["'network'", "nothing"]),
        ({"disk": "x" * 5000}, ["'disk'", "…"]),
        (None, ["must be a mapping", "nothing"]),
        ([], ["must be a mapping", "a list"]),
        ("2 GB", ["must be a mapping", "'2 GB'"]),
    ],
)
def test_says_what_is_wrong_by_key_and_value(mapping: object, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_limits(mapping, "'limits' of the workflow")
    for word in ["'limits' of the workflow", *words]:
        assert word in refused.value.message
    assert len(refused.value.message) < 400


def test_tells_all_problems_at_once() -> None:
    problems = limit_problems({"tim": 1, "memory": "much", "cpu": 5})
    assert [(problem.key, problem.at_value) for problem in problems] == [("tim", False), ("memory", True)]


def test_a_template_without_limits_has_none() -> None:
    assert workflow_limits({"steps": []}) == Limits()
    assert step_limits({"name": "x"}, Limits(memory=_GB, network=True)) == Limits(memory=_GB, network=True)


def test_a_step_is_held_to_the_lower_of_its_own_and_its_runs() -> None:
    run = workflow_limits({"limits": {"time": "1 h", "step_time": 600, "memory": "2 GB", "cpu": 60, "network": True}})
    step = step_limits({"name": "x", "limits": {"memory": "1 GB", "cpu": 90, "disk": "1 MB"}}, run)
    assert step == Limits(time=3600, step_time=600, memory=_GB, cpu=60, disk=_MB, network=True)


def test_the_time_of_a_step_is_the_steps() -> None:
    run = Limits(time=100, step_time=50)
    assert step_limits({"limits": {"time": 20}}, run) == Limits(time=100, step_time=20)
    assert step_limits({"limits": {"time": 20, "step_time": 10}}, run) == Limits(time=100, step_time=10)
    assert step_limits({"limits": {"time": 20}}, Limits()) == Limits(step_time=20)


def test_a_step_can_give_the_network_up_and_not_take_it() -> None:
    assert not step_limits({"limits": {"network": False}}, Limits(network=True)).network
    assert not step_limits({"limits": {"network": True}}, Limits()).network
    assert step_limits({"limits": {"cpu": 5}}, Limits(network=True)).network


def test_a_step_with_wrong_limits_is_named() -> None:
    with pytest.raises(InvalidInput, match="'limits' of the step 'evaluate' takes no 'cpus'; did you mean 'cpu'"):
        step_limits({"name": "evaluate", "limits": {"cpus": 5}}, Limits())


def test_the_service_caps() -> None:
    cap = Limits(time=100, memory=_GB, processes=64, network=False)
    assert Limits(memory=2 * _GB, cpu=5, network=True).capped(cap) == Limits(
        time=100, memory=_GB, processes=64, cpu=5, network=False
    )
    assert Limits(network=True).capped(Limits(network=True)).network


_NUMBERS = st.none() | st.integers(1, 1 << 40)
_LIMITS = st.builds(
    Limits,
    time=_NUMBERS,
    step_time=_NUMBERS,
    memory=_NUMBERS,
    cpu=_NUMBERS,
    processes=_NUMBERS,
    file_size=_NUMBERS,
    disk=_NUMBERS,
    network=st.booleans(),
)


@given(_LIMITS, _LIMITS)
def test_nothing_is_lifted(one: Limits, other: Limits) -> None:
    capped = one.capped(other)
    assert capped == other.capped(one)
    assert capped.capped(other) == capped
    assert one.capped(Limits(network=True)) == one
    for limit in fields(Limits):
        if limit.name != "network":
            values = [value for limits in (one, other) if (value := getattr(limits, limit.name)) is not None]
            assert getattr(capped, limit.name) == min(values, default=None)


@given(_LIMITS)
def test_travels_as_json(limits: Limits) -> None:
    assert Limits.from_dict(json.loads(json.dumps(limits.to_dict()))) == limits


@given(
    st.dictionaries(
        st.sampled_from([f.name for f in fields(Limits)]) | st.text(max_size=5),
        st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers()),
    )
)
def test_reads_anything_or_says_what_is_wrong(mapping: dict[str, Any]) -> None:
    if limit_problems(mapping):
        with pytest.raises(InvalidInput):
            read_limits(mapping)
    else:
        assert all(value is None or value > 0 or value is False for value in vars(read_limits(mapping)).values())


@pytest.mark.parametrize(
    ("code", "limit"),
    [
        (-signal.SIGXCPU, "cpu"),
        (128 + signal.SIGXCPU, "cpu"),
        (-signal.SIGXFSZ, "file_size"),
        (0, None),
        (1, None),
        (137, None),
        (-9, None),
        (300, None),
    ],
)
def test_tells_which_limit_ended_a_process(code: int, limit: str | None) -> None:
    assert exceeded(code) == limit
