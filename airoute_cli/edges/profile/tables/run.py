"""The keys of ``[profile]``, ``[classifiers]`` and ``[run]``."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from airoute_cli.core.profile import (
    DEFAULT_CANARY,
    DEFAULT_MAX_ATTEMPTS,
    DEFAULT_NAME,
    DEFAULT_ROW_TIMEOUT_S,
)
from airoute_cli.edges.profile.fields import (
    Described,
    Kind,
    Name,
    Names,
    Number,
    Text,
    Whole,
)
from airoute_cli.edges.profile.tables.base import Table, UnavailableValue


class ProfileTable(Table):
    """What the profile is called."""

    name: Name = Field(default=DEFAULT_NAME, description="The name in plans and summaries.")
    classifier: Name | None = Field(
        default=None,
        description="A name from `[classifiers]`, which then finds the `task` of `[routes.when]`. "
        "Default: the built-in heuristics.",
    )


class ClassifierTable(Table):
    """Finds the task of a prompt. A policy's rules never go by it."""

    kind: Literal["examples", "model"] = Field(
        description="`examples`: the label of the examples that a prompt is most like, without a "
        "call. `model`: a model is asked for the label before the row is routed, where a route "
        "goes by it: one call, within the policy and the budgets; the same text is asked about "
        "once in a run."
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
    features: Literal["words", "embeddings"] = Field(
        default="words",
        description="Of `examples`: what texts are compared by. `words`: their words and letters. "
        "`embeddings`: what they mean as well, by a small model that runs in this process: nothing "
        "leaves the machine, and a prompt takes 4 ms (`pip install 'airoute[embed]'`, `airoute "
        "models pull minilm`).",
    )
    model: Name | None = Field(
        default=None,
        description="Of `model`: who is asked, a name from `[models]`. It gets the user's text "
        "alone, of a long one the beginning and the end.",
    )
    labels: Described = Field(
        default_factory=dict,
        description='Of `model`: the labels, as in `["refund", "delivery"]`, or with what each '
        'means, as in `{ refund = "wants money back", delivery = "asks where it is" }`. Default: '
        "the built-in tasks.",
    )
    instructions: Text | None = Field(
        default=None,
        description="Of `model`: what it should know besides, such as whose prompts these are.",
    )
    confidence: Literal["logprobs", "stated"] | None = Field(
        default=None,
        description="Of `model`: how sure it is by the probabilities of its answer's tokens, or "
        "as it states itself. Default: `logprobs` for the embedded model, else `stated`.",
    )
    min_confidence: Number = Field(
        default=0.0, ge=0, le=1, description="Below it the prompt gets the label `default`."
    )
    default: Name = Field(
        default="other",
        description="The label of prompts that are like none, or not enough; and of those that "
        "the model is not asked about (the policy keeps it away, it is down, it gives no label).",
    )


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
        "it; if all of them fail, or are cut at their token limit, or come back empty, or do not "
        "fit their schema, the run stops and leaves the rest pending. 0 switches it off.",
    )
    on_unavailable: UnavailableValue = Field(
        default="pending",
        description="What becomes of a row when none of its models can be asked (an outage, a key "
        "that is refused, a quota that is used up, a model that is not there). `pending`: it is "
        "left for `--resume`. `degrade`: any other model that may answer is asked, the cheapest "
        "first. `defer`, `handoff`, `fail`: it ends in deferred.jsonl, handoff.jsonl or "
        "errors.jsonl.",
    )
