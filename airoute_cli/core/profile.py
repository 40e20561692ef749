"""The resolved profile: what the planner and the engine work from.

The TOML document is validated at the border (``edges/profile``); these are its values, with
names resolved, defaults filled in and prices found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from enum import StrEnum
from typing import Any

from airoute_cli.core.budget import NO_BUDGET, Budget, OnBudget
from airoute_cli.core.elements import CARRIES_ALL, Carrier
from airoute_cli.core.embedding import Embedder, Shelf
from airoute_cli.core.frozen import frozen
from airoute_cli.core.label import ModelClassifier
from airoute_cli.core.money import Price
from airoute_cli.core.policy import NO_POLICY, Policy
from airoute_cli.core.regions import is_loopback, lies_within, region_of
from airoute_cli.core.request import Capability, ResponseSchema
from airoute_cli.core.settings import EMPTY, NOTHING, Settings
from airoute_cli.core.templates import Template

DEFAULT_TIMEOUT_S = 300.0
DEFAULT_MAX_OUTPUT_TOKENS = 1_024
DEFAULT_ROW_TIMEOUT_S = 3_600.0
DEFAULT_MAX_ATTEMPTS = 16
DEFAULT_CANARY = 20
DEFAULT_NAME = "default"
EMBEDDED_FORMAT = "llama-cpp"


class OnTruncated(StrEnum):
    """What becomes of an answer that was cut at its token limit."""

    KEEP = "keep"
    FAIL = "fail"


class Unsupported(StrEnum):
    """What to do with a setting that a model or its wire format cannot carry."""

    REFUSE = "refuse"
    DROP = "drop"


class OnUnavailable(StrEnum):
    """What becomes of a row whose models cannot be asked at all, whatever the row says."""

    PENDING = "pending"
    DEGRADE = "degrade"
    DEFER = "defer"
    HANDOFF = "handoff"
    FAIL = "fail"


class UnknownPrice(StrEnum):
    """What to do with a model whose price nobody knows."""

    REFUSE = "refuse"
    ALLOW = "allow"


@frozen
class Limits:
    """What may be used in any 60 seconds, and at once. None: no limit."""

    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    max_concurrency: int | None = None


@frozen
class Provider:
    """A service.

    ``api`` is its entry in the catalogue and ``wire_format`` what it speaks; ``options`` belong to
    the wire format. ``api_key_env`` are variables of which the first one that is set holds the
    key; with ``key_optional`` none needs to be set. ``api_key_keyring`` is a service and a user
    name of the system's keyring. ``timeout`` is the total of one attempt, in seconds.
    ``shared_limits``: all processes on this machine with the same key keep them together.
    """

    name: str
    api: str
    base_url: str | None = None
    api_key_env: tuple[str, ...] = ()
    api_key_cmd: tuple[str, ...] = ()
    api_key_keyring: tuple[str, str] | None = None
    key_optional: bool = False
    headers: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    region: str | None = None
    limits: Limits = Limits()
    shared_limits: bool = True
    timeout: float = DEFAULT_TIMEOUT_S
    wire_format: str = ""
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)

    def __post_init__(self) -> None:
        object.__setattr__(self, "wire_format", self.wire_format or self.api)

    @property
    def embedded(self) -> bool:
        """Whether its models run inside this process."""
        return self.wire_format == EMBEDDED_FORMAT


@frozen
class Model:
    """A model of a provider. ``name`` is ours, ``wire_name`` the provider's.

    ``price`` None: unknown. ``context_window`` None: unknown, and not checked.
    ``max_output_tokens`` is what the model can give at most, None where nobody said.
    """

    name: str
    provider: Provider
    wire_name: str
    price: Price | None = None
    context_window: int | None = None
    max_output_tokens: int | None = None
    capabilities: frozenset[Capability] = frozenset()
    retention: str | None = None
    private: bool = False
    limits: Limits = Limits()
    settings: Settings = EMPTY
    carrier: Carrier = CARRIES_ALL
    budget: Budget = NO_BUDGET

    @property
    def identity(self) -> str:
        """What it is beyond our name for it: its wire format, host and name there."""
        return "|".join((self.provider.api, self.provider.base_url or "", self.wire_name))

    @property
    def stays_here(self) -> bool:
        """Whether calls of it are private and provably do not leave this machine."""
        return self.private and (self.provider.embedded or is_loopback(self.provider.base_url))

    @property
    def private_by_claim(self) -> bool:
        """Whether that it is private is the profile's word alone."""
        return self.private and not self.stays_here

    @property
    def region(self) -> str | None:
        """Where it is: what its host proves, or the claim, which is only ever narrower."""
        proven = region_of(self.provider.base_url, self.wire_name)
        claimed = self.provider.region
        if proven and claimed and lies_within(claimed, proven):
            return claimed
        return proven or claimed

    @property
    def privacy(self) -> str:
        """In words: proved, declared by the profile, or none."""
        if not self.private:
            return "not private"
        return "private" if self.stays_here else "private (declared)"


@frozen
class When:
    """What a request must be for a route. Every stated condition must hold; an empty one matches.

    ``metadata`` holds, for each key, the values or globs of which one must match; ``detects`` the
    classes of the privacy scan of which one must be found.
    """

    contains_any: tuple[str, ...] = ()
    regex: str | None = None
    starts_with: tuple[str, ...] = ()
    min_input_tokens: int | None = None
    max_input_tokens: int | None = None
    min_complexity: float | None = None
    max_complexity: float | None = None
    task: tuple[str, ...] = ()
    requires: frozenset[Capability] = frozenset()
    metadata: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: NOTHING)
    detects: tuple[str, ...] = ()
    all: tuple[When, ...] = ()
    any: tuple[When, ...] = ()
    not_: When | None = None


@frozen
class Classifier:
    """What finds the task of a prompt instead of the built-in heuristics.

    ``examples`` are texts with their labels; ``default`` is the label below ``min_confidence``.
    ``embedder`` None: it goes by words alone. ``shelf`` keeps what took long to learn.
    """

    name: str
    examples: tuple[tuple[str, str], ...]
    default: str
    min_confidence: float = 0.0
    embedder: Embedder | None = field(default=None, compare=False, repr=False)
    shelf: Shelf | None = field(default=None, compare=False, repr=False)

    @property
    def labels(self) -> tuple[str, ...]:
        """All labels that it can give."""
        return tuple(dict.fromkeys((*(label for _, label in self.examples), self.default)))


@frozen
class Route:
    """One ``[[routes]]`` entry. ``when`` None: the default. ``options`` belong to the strategy.

    ``on_budget`` None: as the policy says. ``schema`` is the form of answers to rows that bring
    none; with ``repair`` a model is asked once to put right what does not have it. ``normalize``
    names the forms that the texts of its answers are brought into.
    """

    name: str
    strategy: str
    models: tuple[str, ...]
    fallback: tuple[str, ...] = ()
    when: When | None = None
    system: str | None = None
    template: str | None = None
    schema: ResponseSchema | None = None
    repair: bool = True
    normalize: tuple[str, ...] = ()
    settings: Settings = EMPTY
    on_truncated: OnTruncated = OnTruncated.KEEP
    latency_target_ms: float | None = None
    on_unavailable: OnUnavailable = OnUnavailable.PENDING
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    budget: Budget = NO_BUDGET
    on_budget: OnBudget | None = None


@frozen
class RunSettings:
    """How much one row may take, and when a whole run is given up.

    ``row_timeout`` is in seconds, from the row's first call on. ``max_attempts`` counts every
    call for a row, whatever it is for. ``canary`` rows of each model are looked at before more
    go out at once; 0: none.
    """

    row_timeout: float = DEFAULT_ROW_TIMEOUT_S
    max_attempts: int = DEFAULT_MAX_ATTEMPTS
    canary: int = DEFAULT_CANARY


NO_RUN_SETTINGS = RunSettings()


@frozen
class Profile:
    """A whole profile.

    ``audit_content``: prompts and answers stand in the audit file of a run as they are.
    ``document`` is the TOML as read (it never holds a secret), ``files`` what stands in the JSON
    files that it names, and ``digest`` the hex digest of both; all stand in the run folder.
    """

    name: str
    path: str
    providers: Mapping[str, Provider]
    models: Mapping[str, Model]
    routes: tuple[Route, ...]
    unknown_price: UnknownPrice = UnknownPrice.REFUSE
    unsupported: Unsupported = Unsupported.REFUSE
    policy: Policy = NO_POLICY
    run: RunSettings = NO_RUN_SETTINGS
    audit_content: bool = False
    classifier: Classifier | ModelClassifier | None = None
    templates: Mapping[str, Template] = field(default_factory=lambda: NOTHING)
    document: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    files: Mapping[str, Any] = field(default_factory=lambda: NOTHING)
    digest: str = ""

    @property
    def degrades(self) -> bool:
        """Whether some route lets any model stand in for its own."""
        return any(
            route.on_unavailable is OnUnavailable.DEGRADE
            or self.on_budget(route) is OnBudget.DEGRADE
            for route in self.routes
        )

    def on_budget(self, route: Route | None) -> OnBudget:
        """What becomes of a row of ``route`` for which a budget has no room."""
        return (route and route.on_budget) or self.policy.on_budget
