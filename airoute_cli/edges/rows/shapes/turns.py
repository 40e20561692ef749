"""The turns of a conversation as Anthropic and Bedrock write them: a role and its content."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from airoute_cli.core.errors import RowError
from airoute_cli.core.request import Message, Part, Role
from airoute_cli.edges.rows.shapes.reading import only_keys, said, want_list, want_object

_ROLES: Mapping[str, Role] = MappingProxyType(
    {"user": "user", "assistant": "assistant", "system": "system"}
)
_TURN = frozenset({"role", "content"})

# The messages of a turn with this role and content; what to call the place.
ReadTurn = Callable[[Role, Any, str], tuple[Message, ...]]
ReadSystem = Callable[[Any, str], tuple[Part, ...]]


def take_turns(body: dict[str, Any], where: str, read_turn: ReadTurn) -> tuple[Message, ...]:
    """What ``messages`` says, which is taken out of ``body``. Raises RowError."""
    place = f"{where}.messages"
    turns = want_list(body.pop("messages", []), place)
    each = (_turn(turn, f"{place}[{i}]", read_turn) for i, turn in enumerate(turns))
    return said([message for turn in each for message in turn], place)


def take_system(body: dict[str, Any], where: str, read: ReadSystem) -> tuple[Message, ...]:
    """The message that ``system`` makes, which is taken out of ``body``; none without one."""
    system = body.pop("system", None)
    return (Message("system", read(system, f"{where}.system")),) if system else ()


def _turn(given: Any, where: str, read_turn: ReadTurn) -> tuple[Message, ...]:
    turn = want_object(given, where)
    only_keys(turn, _TURN, where)
    role = turn.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        raise RowError(f"{where}.role must be user, assistant or system, not {role!r}")
    return read_turn(_ROLES[role], turn.get("content"), f"{where}.content")
