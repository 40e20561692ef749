"""The keys of a profile, as pydantic models; every key's description is its documentation."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Tag,
    field_validator,
    model_validator,
)

from airoute_cli.core.durations import days
from airoute_cli.core.figures import PRIOR_LATENCY_MS
from airoute_cli.core.profile import (
    DEFAULT_CANARY,
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_MAX_OUTPUT_TOKENS,
    DEFAULT_ROW_TIMEOUT_S,
    DEFAULT_TIMEOUT_S,
    EMBEDDED_FORMAT,
)
from airoute_cli.core.request import Capability
from airoute_cli.core.scan import DETECTABLE
from airoute_cli.core.settings import Settings
from airoute_cli.edges.profile.fields import (
    TABLE_OR_WORD,
    Dollars,
    Flag,
    Kind,
    Name,
    Names,
    Number,
    Patterns,
    Text,
    Usd,
    Whole,
    Words,
    listed,
)
from airoute_cli.edges.profile.keys import (
    CREDENTIAL_HEADERS,
    check_entry,
    check_key_name,
    looks_like_key,
)
from airoute_cli.edges.profile.problems import nearest

Params = Annotated[dict[str, Any], Kind("table")]
Capabilities = Annotated[
    tuple[Literal["vision", "tools", "json_schema", "reasoning", "documents"], ...],
    Kind(f"list of {', '.join(Capability)}"),
]


class Table(BaseModel):
    """A table of the profile: frozen, and every unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ProfileTable(Table):
    """What the profile is called."""

    name: Name = Field(default="default", description="The name in plans and summaries.")
    classifier: Name | None = Field(
        default=None,
        description="A name from `[classifiers]`, which then finds the `task` of `[routes.when]`. "
        "Default: the built-in heuristics.",
    )


class ClassifierTable(Table):
    """Finds the task of a prompt by labelled prompts. A policy's rules never go by it."""

    kind: Literal["examples"] = Field(
        description="`examples`: the label of the examples that a prompt is most like, without a "
        "call."
    )
    examples: Annotated[dict[Name, Names], Kind("table of lists")] = Field(
        default_factory=dict,
        description='A few prompts for each label, as in `examples = { refund = ["…"] }`; five '
        "or more are good.",
    )
    examples_file: Text | None = Field(
        default=None,
        description="More of them: a `.jsonl` file beside the profile, with lines such as "
        '`{"text": "…", "label": "refund"}`.',
    )
    min_confidence: Number = Field(
        default=0.0, ge=0, le=1, description="Below it the prompt gets the label `default`."
    )
    default: Name = Field(
        default="other", description="The label of prompts that are like none, or not enough."
    )


UnavailableValue = Literal["pending", "degrade", "defer", "handoff", "fail"]


class RunTable(Table):
    """How much one row of a run may take, and when the run is given up."""

    row_timeout: Number = Field(
        default=DEFAULT_ROW_TIMEOUT_S,
        gt=0,
        description="Seconds for one row from its first call on, all its attempts and the waiting "
        "between them together. A provider's `timeout` is that of one attempt.",
    )
    max_attempts: Whole = Field(
        default=DEFAULT_MAX_ATTEMPTS,
        gt=0,
        description="The most calls for one row: retries, fallbacks and repairs together.",
    )
    canary: Whole = Field(
        default=DEFAULT_CANARY,
        ge=0,
        description="Until so many rows of a model have ended, at most so many are under way at "
        "it; if all of them fail, or are cut at their token limit, or come back empty, the run "
        "stops and leaves the rest pending. 0 switches it off.",
    )
    on_unavailable: UnavailableValue = Field(
        default="pending",
        description="What becomes of a row when none of its models can be asked (an outage, a key "
        "that is refused, a quota that is used up, a model that is not there). `pending`: it is "
        "left for `--resume`. `degrade`: any other model that may answer is asked, the cheapest "
        "first. `defer`, `handoff`, `fail`: it ends in deferred.jsonl, handoff.jsonl or "
        "errors.jsonl.",
    )


def _known_class(name: str) -> str:
    if name not in DETECTABLE:
        raise ValueError(f'nothing is detected under "{name}". {nearest(name, DETECTABLE)}')
    return name


Detected = Annotated[
    tuple[Annotated[str, AfterValidator(_known_class)], ...],
    BeforeValidator(listed),
    Kind("string or list of strings"),
]


def _checked_duration(written: str | None) -> str | None:
    if written is not None:
        days(written)
    return written


class LimitedTable(Table):
    """A table that may limit what is used in any 60 seconds."""

    requests_per_minute: Whole | None = Field(
        default=None, gt=0, description="The most requests in any 60 seconds."
    )
    tokens_per_minute: Whole | None = Field(
        default=None, gt=0, description="The most tokens, in and out, in any 60 seconds."
    )


class ProviderTable(LimitedTable):
    """A service, or the runtime inside airoute."""

    api: Name = Field(
        description="The service, as `airoute providers` lists them: `openai` also for everything "
        "that speaks OpenAI's chat completions, `llama-cpp` for a GGUF file inside this process."
    )
    base_url: Text | None = Field(
        default=None,
        description="The endpoint as the service's official SDK takes it: for OpenAI and those who "
        "speak like it up to and with its version, as in `https://api.openai.com/v1`. Default: the "
        "service's own. Keys never stand in it.",
    )
    api_key_env: Names = Field(
        default=(),
        description="The name of the environment variable that holds the key, never the key; of "
        "several the first one that is set. Default at the service's own host: as it is usual "
        "there, as in `OPENAI_API_KEY`.",
    )
    api_key_cmd: Words = Field(
        default=(),
        description="A command and its arguments that print the key, run without a shell, instead "
        "of `api_key_env`.",
    )
    api_key_keyring: Name | None = Field(
        default=None,
        description="The entry of the system's keyring that holds the key, as in "
        "`airoute/openai`: its service and its user name, put there by "
        "`keyring set airoute openai`. Needs `pip install 'airoute[keyring]'`.",
    )
    headers: Annotated[dict[str, str], Kind("table of strings")] = Field(
        default_factory=dict, description="Headers sent with every call. Keys never stand in them."
    )
    region: Name | None = Field(
        default=None,
        description="Where the endpoint is, as in `eu` or `eu-central-1`. Hosts that tell it "
        "themselves (`eu.api.openai.com`, Bedrock, Vertex AI, Mistral) need none, and may not be "
        "contradicted.",
    )
    max_concurrency: Whole | None = Field(
        default=None, gt=0, description="The most calls that are open at once."
    )
    shared_limits: Flag = Field(
        default=True,
        description="Whether all airoute processes on this machine that use the same key keep its "
        "limits per minute, and those of its models, together. They tell each other in a file in "
        "the user's state folder. `max_concurrency` holds in each process.",
    )
    timeout: Number = Field(
        default=DEFAULT_TIMEOUT_S, gt=0, description="Seconds for one whole attempt."
    )

    @field_validator("base_url")
    @classmethod
    def _plain_url(cls, url: str | None) -> str | None:
        return None if url is None else _checked_url(url)

    @field_validator("api_key_env")
    @classmethod
    def _a_name(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_key_name(name) for name in names)

    @field_validator("api_key_keyring")
    @classmethod
    def _an_entry(cls, entry: str | None) -> str | None:
        return None if entry is None else check_entry(entry)

    @field_validator("headers")
    @classmethod
    def _no_credentials(cls, headers: dict[str, str]) -> dict[str, str]:
        for name in headers:
            if name.lower() in CREDENTIAL_HEADERS:
                raise ValueError(
                    f"the header {name} carries a key, and keys never stand in a profile. "
                    "Use api_key_env or api_key_cmd."
                )
        _refuse_keys(headers.values())
        return headers

    @field_validator("api_key_cmd")
    @classmethod
    def _no_key(cls, command: tuple[str, ...]) -> tuple[str, ...]:
        _refuse_keys(command)
        return command

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        sources = [key for key in _KEY_SOURCES if getattr(self, key)]
        if len(sources) > 1:
            are = "both" if len(sources) == 2 else "all"  # noqa: PLR2004 - two of them
            raise ValueError(f"{' and '.join(sources)} are {are} set. Keep one of them.")
        remote = [key for key in ("base_url", *_KEY_SOURCES) if getattr(self, key)]
        if self.api == EMBEDDED_FORMAT and remote:
            raise ValueError(
                f'{remote[0]} has no meaning for api = "llama-cpp", which runs inside this '
                "process. Remove it."
            )
        return self


_KEY_SOURCES = ("api_key_env", "api_key_cmd", "api_key_keyring")


def _refuse_keys(values: Iterable[str]) -> None:
    if any(looks_like_key(value) for value in values):
        raise ValueError(
            "one of its values looks like a key itself, and keys never stand in a profile. "
            "Use api_key_env, or a command that prints the key."
        )


def _checked_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        credentials = parts.username is not None or parts.password is not None
        host = parts.hostname
        _ = parts.port
    except ValueError:
        raise ValueError("this is not a URL. Write it as https://host/v1.") from None
    if credentials:
        raise ValueError(
            "it holds a user name or a password, and secrets never stand in a profile. "
            "Use api_key_env or api_key_cmd."
        )
    if parts.scheme not in {"http", "https"} or not host:
        raise ValueError("this is not an http or https URL. Write it as https://host/v1.")
    if parts.query or parts.fragment:
        raise ValueError("it goes on after its path. Remove everything from the ? or # on.")
    return url.rstrip("/")


class PriceTable(Table):
    """US dollars per million tokens."""

    input: Usd = Field(ge=0, description="Input tokens.")
    output: Usd = Field(ge=0, description="Output tokens.")
    cached_input: Usd | None = Field(
        default=None, ge=0, description="Input read from a cache. Default: as `input`."
    )
    cache_write: Usd | None = Field(
        default=None, ge=0, description="Input written to a cache. Default: as `input`."
    )
    reasoning: Usd | None = Field(
        default=None, ge=0, description="Reasoning tokens of the output. Default: as `output`."
    )


PriceValue = Annotated[
    Annotated[PriceTable, Tag("table")] | Annotated[Literal["free"], Tag("word")],
    TABLE_OR_WORD,
    Kind('table or `"free"`'),
]


class BudgetTable(Table):
    """The most that may be spent, by the price list. What may have been billed counts as spent."""

    per_request: Dollars | None = Field(
        default=None,
        ge=0,
        description="By one row, all calls of its plan and its retries together. A row that could "
        "cost more fails.",
    )
    per_run: Dollars | None = Field(
        default=None,
        ge=0,
        description="By one run with all its resumes, or by one `airoute ask` or `airoute try`.",
    )
    per_day: Dollars | None = Field(
        default=None,
        ge=0,
        description="On one day of UTC, by every process on this machine whose profile has the "
        "same name.",
    )
    per_month: Dollars | None = Field(
        default=None, ge=0, description="As `per_day`, in one month of UTC."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if all(getattr(self, name) is None for name in type(self).model_fields):
            raise ValueError("it is empty. Write it as { per_run = 20.0, per_day = 100.0 }.")
        return self


BudgetValue = Annotated[BudgetTable, Kind("table")]
OnBudgetWord = Literal["fail", "degrade", "defer"]


class TierTable(Table):
    """The rows whose `metadata.tier` is NAME; case does not count."""

    budget: BudgetValue = Field(description="What they may cost together.")


class ModelTable(LimitedTable):
    """A model of a provider, under the name that routes use."""

    provider: Name = Field(
        description="A name from `[providers]`. `local` is the embedded runtime without being "
        "declared."
    )
    name: Name = Field(
        description="The provider's name of the model; for `llama-cpp` known weights or the path "
        "of a GGUF file."
    )
    price: PriceValue | None = Field(
        default=None,
        description="Overrides the catalogue. The embedded model costs 0 by itself.",
    )
    price_as: Annotated[str, Kind("string")] | None = Field(
        default=None,
        pattern=r"^[^/\s]+/\S+$",
        description="`provider/model` whose catalogue price holds for this one, as for a "
        "deployment with a name of its own.",
    )
    context_window: Whole | None = Field(
        default=None,
        gt=0,
        description="Tokens of prompt and answer together. Default: as the catalogue says; "
        "where nobody knows it is not checked.",
    )
    max_output_tokens: Whole | None = Field(
        default=None, gt=0, description="The most tokens that the model can answer with."
    )
    capabilities: Capabilities | None = Field(
        default=None,
        description="What the model can do. Default: as `airoute providers` says of its API.",
    )
    retention: Text | None = Field(
        default=None,
        description="How long the provider keeps what it is sent: `30d`, `24h`, `2w`, `1y` or "
        "`none`. The embedded model keeps nothing.",
    )
    private: Flag | None = Field(
        default=None,
        description="Your claim that nothing leaves your hands. The embedded model is private by "
        "itself; for others the default is false.",
    )
    budget: BudgetValue | None = Field(
        default=None, description="What the calls to it may cost together."
    )
    params: Params = Field(
        default_factory=dict,
        description="How to answer: `max_output_tokens` (where nobody sets it, "
        f"{DEFAULT_MAX_OUTPUT_TOKENS:,}), `temperature`, `top_p`, `top_k`, `stop`, "
        "`seed`, `reasoning_effort`; others go to the provider under their own names. A route's "
        "win over a model's, a row's over both.",
    )

    @field_validator("params")
    @classmethod
    def _settings(cls, params: dict[str, Any]) -> dict[str, Any]:
        Settings.read(params)
        return params

    @field_validator("retention")
    @classmethod
    def _a_duration(cls, written: str | None) -> str | None:
        return _checked_duration(written)

    @model_validator(mode="after")
    def _one_price(self) -> Self:
        if self.price is not None and self.price_as is not None:
            raise ValueError("price and price_as are both set. Keep one of them.")
        return self


class WhenTable(Table):
    """What a request must be. Every stated condition must hold; an empty table matches all."""

    contains_any: Names = Field(
        default=(),
        min_length=1,
        description="One of these stands in the user's text; case does not count.",
    )
    regex: Text | None = Field(
        default=None, description="A Python regular expression found in the user's text."
    )
    starts_with: Names = Field(
        default=(),
        min_length=1,
        description="The user's text starts with one of these; case does not count.",
    )
    min_input_tokens: Whole | None = Field(
        default=None, ge=0, description="At least so many input tokens, by estimate."
    )
    max_input_tokens: Whole | None = Field(
        default=None, ge=0, description="At most so many input tokens, by estimate."
    )
    min_complexity: Number | None = Field(
        default=None,
        ge=0,
        le=1,
        description="At least so complex, from 0 to 1, by a rule of thumb: length, steps, "
        "quantities, conditions, code. `airoute try` shows it.",
    )
    max_complexity: Number | None = Field(
        default=None, ge=0, le=1, description="At most so complex, from 0 to 1."
    )
    task: Names = Field(
        default=(),
        min_length=1,
        description="What kind of work it is, by the built-in heuristics, or by the "
        "`classifier` of `[profile]`.",
    )
    requires: Capabilities = Field(
        default=(), description="The request needs all of these capabilities."
    )
    detects: Detected = Field(
        default=(),
        min_length=1,
        description="One of these stands in what is sent: `pii` (all of `pii.email`, `pii.phone`, "
        "`pii.card`, `pii.iban`, `pii.id`, `pii.ip`), `secret` (all of `secret.key`, "
        "`secret.token`, `secret.password`, `secret.private_key`), one of these alone, or "
        "`pii.name` and `pii.place` with the extra `pii`. What cannot be read (an image) counts "
        "as if it were there.",
    )
    metadata: Annotated[dict[str, Patterns], Kind("table")] = Field(
        default_factory=dict,
        description="`metadata.KEY` is a value or a list of values, of which one must equal the "
        "row's; `*` and `?` are globs; case does not count.",
    )
    all: Annotated[tuple[WhenTable, ...], Kind("list of tables")] = Field(
        default=(), min_length=1, description="All of these hold."
    )
    any: Annotated[tuple[WhenTable, ...], Kind("list of tables")] = Field(
        default=(), min_length=1, description="At least one of these holds."
    )
    not_: Annotated[WhenTable, Kind("table")] | None = Field(
        default=None, alias="not", description="This does not hold."
    )

    @field_validator("regex")
    @classmethod
    def _compiles(cls, pattern: str | None) -> str | None:
        try:
            re.compile(pattern or "")
        except re.error as error:
            raise ValueError(f"this is not a regular expression: {error}.") from None
        return pattern

    @model_validator(mode="after")
    def _possible(self) -> Self:
        least, most = self.min_complexity, self.max_complexity
        if least is not None and most is not None and least > most:
            raise ValueError(
                f"min_complexity ({least:g}) is more than max_complexity ({most:g}), so nothing "
                "ever matches."
            )
        low, high = self.min_input_tokens, self.max_input_tokens
        if low is not None and high is not None and low > high:
            raise ValueError(
                f"min_input_tokens ({low:,}) is more than max_input_tokens ({high:,}), so nothing "
                "ever matches."
            )
        return self


class MaxPriceTable(Table):
    """US dollars per million tokens, by the price list."""

    input: Usd | None = Field(default=None, ge=0, description="The most for input tokens.")
    output: Usd | None = Field(
        default=None, ge=0, description="The most for output tokens, reasoning included."
    )

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.input is None and self.output is None:
            raise ValueError("it is empty. Write it as { input = 1.0, output = 5.0 }, or one.")
        return self


class RequireTable(Table):
    """What a model must be; all of it. What nobody knows of a model is not met by it."""

    private: Flag = Field(
        default=False, description="Models with `private` only (the embedded one is by itself)."
    )
    regions: Names = Field(
        default=(),
        min_length=1,
        description="It is in one of these. `eu` holds `eu-west-1` and `europe-west4`; a private "
        "model on this machine is everywhere.",
    )
    retention: Text | None = Field(
        default=None, description="It is kept no longer than this: `30d`, `24h`, or `none`."
    )
    providers: Names = Field(default=(), min_length=1, description="Names from `[providers]`.")
    models: Names = Field(default=(), min_length=1, description="Names from `[models]`.")
    capabilities: Capabilities = Field(
        default=(), min_length=1, description="It can do all of these."
    )
    max_price: Annotated[MaxPriceTable, Kind("table")] | None = Field(
        default=None, description="The most that its tokens cost."
    )
    max_latency: Number | None = Field(
        default=None,
        gt=0,
        description="Milliseconds that its answers took on average; before its first one "
        f"{PRIOR_LATENCY_MS:,.0f} are assumed.",
    )

    @field_validator("retention")
    @classmethod
    def _a_duration(cls, written: str | None) -> str | None:
        return _checked_duration(written)


class ForbidTable(Table):
    """What a model may not be; none of it. What may be so counts as so."""

    regions: Names = Field(default=(), min_length=1, description="Not in any of these.")
    providers: Names = Field(default=(), min_length=1, description="Names from `[providers]`.")
    models: Names = Field(default=(), min_length=1, description="Names from `[models]`.")


class RuleTable(Table):
    """A hard rule. All that match apply together; a rule can only take models away."""

    name: Name = Field(description="The name in plans and results; each stands once.")
    when: Annotated[WhenTable, Kind("table")] | None = Field(
        default=None, description="Which rows it governs, as a route's. Without it: all."
    )
    require: Annotated[RequireTable, Kind("table")] | None = Field(
        default=None, description="What a model must be for these rows."
    )
    forbid: Annotated[ForbidTable, Kind("table")] | None = Field(
        default=None, description="What it may not be."
    )
    redact: Detected = Field(
        default=(),
        min_length=1,
        description="What is replaced, as by `<EMAIL_1>`, before anything is sent, and put back "
        "into the answer. Where nothing is left that made the rule match, its `require` and "
        "`forbid` take nobody away.",
    )
    on_empty: Literal["refuse", "handoff", "defer"] = Field(
        default="refuse",
        description="What becomes of a row that the rule leaves to nobody: an end in "
        "refused.jsonl, handoff.jsonl (for people) or deferred.jsonl (for another time).",
    )

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        nothing = (None, RequireTable(), ForbidTable())
        if self.require in nothing and self.forbid in nothing and not self.redact:
            raise ValueError("it asks for nothing. Give it a require, a forbid or a redact.")
        return self


class AuditTable(Table):
    """What stands in the audit file of a run."""

    content: bool = Field(
        default=False,
        description="Whether prompts, answers and the providers' error messages stand in it as "
        "they are. Without it there are only keyed digests of them.",
    )


class PolicyTable(Table):
    """What holds for every request."""

    unknown_price: Literal["refuse", "allow"] = Field(
        default="refuse",
        description="What to do with a model whose price nobody knows. An unknown price is never "
        "taken for zero: a run refuses to start, or with `allow` counts such rows apart.",
    )
    unsupported: Literal["refuse", "drop"] = Field(
        default="refuse",
        description="What to do with a setting that a model cannot carry (a seed, say). `refuse`: "
        "the model may not answer such a row. `drop`: it is left out and the result says so. What "
        "is asked itself (texts, images, documents, tools) is never dropped.",
    )
    require_metadata: Names = Field(
        default=(),
        description="Keys of `metadata` that every row must have; one without fails, so that it "
        "cannot slip past a rule.",
    )
    audit: Annotated[AuditTable, Kind("table")] | None = Field(
        default=None, description="What stands in the audit file of a run."
    )
    budget: BudgetValue | None = Field(
        default=None, description="What everything may cost together."
    )
    tiers: dict[str, TierTable] = Field(
        default_factory=dict, description="Budgets by tier, each under `[policy.tiers.NAME]`."
    )
    on_budget: OnBudgetWord | None = Field(
        default=None,
        description="What becomes of a row for which a budget has no room left. Without it the run "
        "stops, and its other rows stay pending. `fail`: it fails. `defer`: it ends in "
        "deferred.jsonl. `degrade`: the cheapest model that may answer and still fits does so, "
        "those of the route first.",
    )
    rules: Annotated[tuple[RuleTable, ...], Kind("list of tables")] = Field(
        default=(), description="The hard rules, each under `[[policy.rules]]`."
    )


Normalized = Annotated[
    tuple[Literal["trailing_space", "bom", "nfc"], ...],
    Kind("list of trailing_space, bom, nfc"),
]
SchemaValue = Annotated[
    Annotated[dict[str, Any], Tag("table")] | Annotated[Text, Tag("word")],
    TABLE_OR_WORD,
    Kind("table or string"),
]


class RouteTable(Table):
    """A named route; the first one whose `when` matches wins, one without `when` is the default."""

    name: Name = Field(description="The name in plans, results and summaries; each stands once.")
    when: Annotated[WhenTable, Kind("table")] | None = Field(
        default=None, description="What a request must be. Without it the route is the default."
    )
    strategy: Name | None = Field(
        default=None,
        description="How its models are used. Default: `single` for one model, else `fallback`.",
    )
    models: Names = Field(min_length=1, description="Names from `[models]`.")
    fallback: Names = Field(
        default=(), description="Models that are asked in this order when those cannot answer."
    )
    system: Text | None = Field(
        default=None, description="A system message for rows that bring none of their own."
    )
    template: Name | None = Field(
        default=None, description="A name from `[templates]`: what words the prompt that is sent."
    )
    schema_: SchemaValue | None = Field(
        default=None,
        alias="schema",
        description="The JSON Schema of its answers, as a table or as a JSON file relative to the "
        "profile; a row's own wins. It is sent in the API's own field, or in words where there is "
        "none; every answer is checked, and one that does not fit fails its row.",
    )
    repair: Flag = Field(
        default=True,
        description="Whether the first model is asked once more to put right an answer that does "
        "not fit its schema; what code can put right needs no call.",
    )
    normalize: Normalized = Field(
        default=(),
        description="Forms that the texts of its answers are brought into: `trailing_space` (none "
        "at the ends of lines), `bom` (none), `nfc` (one Unicode form). Default: as they came.",
    )
    params: Params = Field(
        default_factory=dict, description="As a model's `params`, over which these win."
    )
    on_truncated: Literal["keep", "fail"] = Field(
        default="keep",
        description="What becomes of an answer that was cut at its token limit: a completed row "
        "with a flag, or a failed one.",
    )
    latency_target: Number | None = Field(
        default=None,
        gt=0,
        description="Milliseconds. Models whose last answers took longer on average are passed "
        "over, as long as another may answer; one that has never answered is not.",
    )
    on_unavailable: UnavailableValue | None = Field(
        default=None, description="As in `[run]`, for this route. Default: as it stands there."
    )
    budget: BudgetValue | None = Field(default=None, description="What its rows may cost together.")
    on_budget: OnBudgetWord | None = Field(
        default=None, description="As `[policy] on_budget`, over which it wins."
    )

    @field_validator("params")
    @classmethod
    def _settings(cls, params: dict[str, Any]) -> dict[str, Any]:
        Settings.read(params)
        return params


class VariantTable(Table):
    """A text of a template."""

    text: Text | None = Field(
        default=None,
        description="The prompt in Jinja's language: `{{ prompt }}` is the text of the row's last "
        "user turn, `{{ system }}` that of its system turns, `{{ metadata.KEY }}` and "
        "`{{ row.KEY }}` its metadata and its other fields. What the row does not have fails it.",
    )
    file: Text | None = Field(
        default=None, description="The same from a file, relative to the profile."
    )

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.text is None) == (self.file is None):
            both = "both set. Keep one of them" if self.text else "both missing. Give one of them"
            raise ValueError(f"text and file are {both}.")
        return self


class TemplateTable(VariantTable):
    """What words the prompt of a route; what it names of a row is sent, metadata too.

    The name is the title and, behind an @, the version: `[templates."code-review@2"]`. A policy
    sees the row as it came and as it is sent.
    """

    models: Annotated[dict[str, VariantTable], Kind("table of tables")] = Field(
        default_factory=dict,
        description="`models.NAME` is the text for one model; it wins over a task's.",
    )
    tasks: Annotated[dict[str, VariantTable], Kind("table of tables")] = Field(
        default_factory=dict, description="`tasks.NAME` is the text for one task."
    )


class Document(Table):
    """A whole profile."""

    profile: ProfileTable = ProfileTable()
    policy: PolicyTable = PolicyTable()
    run: RunTable = RunTable()
    providers: dict[str, ProviderTable] = Field(default_factory=dict)
    models: dict[str, ModelTable] = Field(default_factory=dict)
    classifiers: dict[str, ClassifierTable] = Field(default_factory=dict)
    templates: dict[str, TemplateTable] = Field(default_factory=dict)
    routes: tuple[RouteTable, ...] = ()
