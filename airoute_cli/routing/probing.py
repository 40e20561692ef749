"""What one of several uses of a model is sent beside the request: its own seed, and logprobs."""

from __future__ import annotations

from dataclasses import replace

from airoute_cli.core.elements import Element
from airoute_cli.core.plan import Call
from airoute_cli.core.profile import Model
from airoute_cli.core.request import OPENAI_DIALECT, Request

# Samples that are all the same say nothing; where nobody set a temperature, this one spreads them.
SAMPLE_TEMPERATURE = 0.7

# Chat completions and those who speak it: https://platform.openai.com/docs/api-reference/chat
_LOGPROBS = "logprobs"


def gives_logprobs(model: Model) -> bool:
    """Whether the model's wire format takes chat completions' ``logprobs``, as far as is known."""
    extras = model.carrier.extras
    return extras is None or extras.get(OPENAI_DIALECT, frozenset()) is None


def probed(shaped: Request, call: Call, model: Model, *, repeated: bool) -> Request:
    """``shaped`` for this use of the model; ``repeated``: the plan asks it more than once."""
    settings = shaped.settings
    if repeated:
        cannot = model.carrier.cannot
        if Element.SEED not in cannot:
            settings = replace(settings, seed=(settings.seed or 0) + call.sample)
        if settings.temperature is None and Element.TEMPERATURE not in cannot:
            settings = replace(settings, temperature=SAMPLE_TEMPERATURE)
    if call.logprobs and gives_logprobs(model):
        settings = replace(settings, extra={**settings.extra, _LOGPROBS: True})
    return shaped if settings is shaped.settings else replace(shaped, settings=settings)
