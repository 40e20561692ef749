"""A class that is ``frozen`` is what the standard library makes of it, made in another way."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Mapping
from dataclasses import FrozenInstanceError, asdict, dataclass, field, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airoute_cli.core.frozen import frozen


class Body:
    """What the two classes have in common; each is made of a copy."""

    a: int
    b: str = "b"
    c: Mapping[str, int] = field(default_factory=dict)
    d: float | None = field(default=None, compare=False, repr=False)
    e: int = field(init=False)
    f: int = field(init=False, default=3)

    def __post_init__(self) -> None:
        object.__setattr__(self, "e", self.a * 2)


def _copy(name: str) -> type[Any]:
    kept = {key: value for key, value in vars(Body).items() if not key.startswith("__dict")}
    kept.pop("__weakref__", None)
    return type(name, (), kept | {"__qualname__": name})


Ours: type[Any] = frozen(_copy("Ours"))
Theirs: type[Any] = dataclass(frozen=True, slots=True)(_copy("Theirs"))
ARGUMENTS = st.tuples(
    st.integers(0, 1), st.sampled_from("ab"), st.just({}), st.sampled_from([None, 1.0])
)


@given(ARGUMENTS, ARGUMENTS)
def test_it_is_printed_compared_and_copied_as_a_dataclass(one, other):
    for made, name in ((Ours, "Ours"), (Theirs, "Theirs")):
        mine, yours = made(*one), made(*other)
        assert (mine == yours) is (one[:3] == other[:3])
        assert mine != one
        assert repr(mine) == repr(Theirs(*one)).replace("Theirs", name)
        assert asdict(mine) == asdict(Theirs(*one))
        assert replace(mine, b="c") == made(one[0], "c", *one[2:])
        for again in (copy.copy(mine), copy.deepcopy(mine), pickle.loads(pickle.dumps(mine))):
            assert again == mine
            assert (again.d, again.e, again.f) == (mine.d, mine.e, mine.f)
    assert Ours(*one) != Theirs(*one)


@frozen
class Point:
    x: int
    y: int = 0


@frozen
class Folded:
    """Compares by itself."""

    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folded) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())


@frozen
class Nothing:
    pass


def test_what_is_equal_has_one_hash():
    assert len({Point(1), Point(x=1), Point(1, 0), Point(1, 1)}) == 2
    assert len({Folded("A"), Folded("a")}) == 1
    assert len({Nothing(), Nothing()}) == 1
    with pytest.raises(TypeError, match="unhashable"):
        hash(Ours(1))


def test_nothing_in_it_can_be_changed():
    point = Point(1)
    for name in ("x", "z"):
        with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
            setattr(point, name, 2)
    with pytest.raises(FrozenInstanceError, match="cannot delete field 'x'"):
        del point.x
    assert not hasattr(point, "__dict__")


def test_it_says_what_is_missing_by_its_name():
    for _ in range(2):  # before it is compiled, and after
        with pytest.raises(TypeError, match=r"Point\.__init__\(\) missing 1 required .*: 'x'"):
            Point()  # type: ignore[call-arg]
        with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
            Point(1, z=2)  # type: ignore[call-arg]


def test_a_default_is_made_for_each():
    assert Ours(1).c is not Ours(1).c
    assert [one.name for one in fields(Ours)] == [one.name for one in fields(Theirs)]
    assert Ours.__match_args__ == Theirs.__match_args__
    match Point(1, 2):
        case Point(x, y):
            assert (x, y) == (1, 2)


def test_nothing_is_compiled_before_it_is_needed():
    @frozen
    class Late:
        x: int = 1

    before = [vars(Late)[name] for name in ("__init__", "__eq__", "__hash__")]
    assert Late() == Late()
    after = [vars(Late)[name] for name in ("__init__", "__eq__", "__hash__")]
    assert [one is other for one, other in zip(before, after, strict=True)] == [False, False, True]
    assert list(inspect.signature(Late).parameters) == ["x"]
