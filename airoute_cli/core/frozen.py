"""Frozen, slotted dataclasses that cost little to declare and little to make.

``dataclass(frozen=True, slots=True)`` writes and compiles six functions for every class: a third
of a millisecond, and before a plan there are some eighty classes, of most of which nobody makes
one. Here a function is compiled when it is first called. To make one then takes little more than
half the time, as each slot is set by its own descriptor and not by its name through ``object``.

``dataclasses.fields``, ``replace`` and ``asdict`` take them as they take any dataclass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, dataclass, field, fields
from typing import Any, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")
# What gives the text of a function, and the names that stand in it.
_Source = Callable[[type], tuple[str, Mapping[str, Any]]]

_NEW = object()  # in the place of a default that is made for each


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def frozen(cls: type[T]) -> type[T]:
    """Make a frozen, slotted dataclass of a class whose fields are not keyword-only."""
    # Without a docstring the standard library would look for a signature to put there.
    cls.__doc__ = cls.__doc__ or cls.__name__
    own = dict(vars(cls))
    made = dataclass(init=False, repr=False, eq=False, slots=True)(cls)
    methods: dict[str, Any] = {
        "__init__": _later(made, "__init__", _init_source),
        "__eq__": _later(made, "__eq__", _eq_source),
        "__hash__": _later(made, "__hash__", _hash_source),
        "__repr__": _repr,
        "__setattr__": _refuse_to_set,
        "__delattr__": _refuse_to_delete,
        "__getstate__": _state,
        "__setstate__": _set_state,
    }
    for name, method in methods.items():
        if own.get(name) is None:  # Python itself puts None where there is an __eq__ alone
            setattr(made, name, method)
    return made


def _later(cls: type, name: str, source: _Source) -> Callable[..., Any]:
    """A method that is compiled when it is first called, and then stands in its own place."""

    def first(self: Any, *args: Any, **named: Any) -> Any:
        text, known = source(cls)
        space: dict[str, Any] = {}
        exec(text, {**known, "__name__": cls.__module__}, space)  # noqa: S102 - of our own fields
        method = space[name]
        method.__qualname__ = f"{cls.__qualname__}.{name}"
        setattr(cls, name, method)
        return method(self, *args, **named)

    return first


def _init_source(cls: type[Any]) -> tuple[str, Mapping[str, Any]]:
    known: dict[str, Any] = {"_NEW": _NEW}
    arguments, lines = [], []
    for one in fields(cls):
        name = one.name
        known[f"_set_{name}"] = getattr(cls, name).__set__
        if one.default is not MISSING:
            known[f"_of_{name}"] = one.default
        elif one.default_factory is not MISSING:
            known[f"_of_{name}"] = one.default_factory
        if one.init:
            arguments.append(name + _default(one))
            lines.append(f"_set_{name}(self, {_given(one)})")
        elif _default(one):
            made = "()" if one.default is MISSING else ""
            lines.append(f"_set_{name}(self, _of_{name}{made})")
    if hasattr(cls, "__post_init__"):
        lines.append("self.__post_init__()")
    head = f"def __init__({', '.join(['self', *arguments])}):"
    return "\n ".join([head, *lines, "return None"]), known


def _default(one: Field[Any]) -> str:
    if one.default is not MISSING:
        return f"=_of_{one.name}"
    return "" if one.default_factory is MISSING else "=_NEW"


def _given(one: Field[Any]) -> str:
    name = one.name
    made_for_each = one.default is MISSING and one.default_factory is not MISSING
    return f"_of_{name}() if {name} is _NEW else {name}" if made_for_each else name


def _eq_source(cls: type[Any]) -> tuple[str, Mapping[str, Any]]:
    text = (
        "def __eq__(self, other):\n"
        " if other.__class__ is self.__class__:\n"
        f"  return {_compared(cls, 'self')} == {_compared(cls, 'other')}\n"
        " return NotImplemented"
    )
    return text, {}


def _hash_source(cls: type[Any]) -> tuple[str, Mapping[str, Any]]:
    return f"def __hash__(self):\n return hash({_compared(cls, 'self')})", {}


def _compared(cls: type[Any], whose: str) -> str:
    names: Iterable[str] = (one.name for one in fields(cls) if one.compare)
    return f"({''.join(f'{whose}.{name},' for name in names)})"


def _repr(self: Any) -> str:
    shown = [f"{one.name}={getattr(self, one.name)!r}" for one in fields(self) if one.repr]
    return f"{type(self).__qualname__}({', '.join(shown)})"


def _refuse_to_set(_self: Any, name: str, _value: Any) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_to_delete(_self: Any, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, one.name) for one in fields(self)]


def _set_state(self: Any, state: Iterable[Any]) -> None:
    for one, value in zip(fields(self), state, strict=True):
        object.__setattr__(self, one.name, value)
