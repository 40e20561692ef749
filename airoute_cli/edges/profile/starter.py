"""A commented profile to begin with, which works without a key."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from airoute_cli.core.frozen import frozen


@frozen
class _Service:
    """A provider that the starter knows, with one model whose price the catalogue has."""

    variable: str
    provider: str
    base_url: str
    model: str
    wire_name: str


_SERVICES = (
    _Service("OPENAI_API_KEY", "openai", "https://api.openai.com/v1", "gpt", "gpt-5-mini"),
    _Service(
        "OPENROUTER_API_KEY",
        "openrouter",
        "https://openrouter.ai/api/v1",
        "open",
        "openai/gpt-5-mini",
    ),
    _Service(
        "GROQ_API_KEY",
        "groq",
        "https://api.groq.com/openai/v1",
        "swift",
        "openai/gpt-oss-20b",
    ),
    _Service(
        "DEEPSEEK_API_KEY",
        "deepseek",
        "https://api.deepseek.com/v1",
        "deepseek",
        "deepseek-flash",
    ),
    _Service(
        "MISTRAL_API_KEY",
        "mistral",
        "https://api.mistral.ai/v1",
        "mistral",
        "mistral-small-latest",
    ),
    _Service("XAI_API_KEY", "xai", "https://api.x.ai/v1", "grok", "grok-4.3"),
    _Service(
        "TOGETHER_API_KEY",
        "together",
        "https://api.together.xyz/v1",
        "together",
        "openai/gpt-oss-120b",
    ),
)

_BEGINNING = """\
# A profile of airoute: whom it may ask, and what goes where.
# `airoute profile check` says what is wrong with it, `airoute profile keys` lists every key.
# Keys never stand in here: name the environment variable that holds one.

[profile]
name = "starter"                          # how this profile is called in plans and summaries

# ---- The embedded model: no account, no key, no cost, and nothing leaves this machine.
#      `airoute models pull smollm2` fetches its weights, once.

[providers.local]
api = "llama-cpp"                         # runs a GGUF file inside this process
max_concurrency = 2                       # so many answers are written side by side

[models.small]
provider = "local"                        # a name from [providers]
name = "smollm2-135m-instruct"            # known weights, or the path of any .gguf file
private = true                            # nothing leaves your hands
params = { max_output_tokens = 256, temperature = 0.2 }

# ---- Services. A block without # is live: its key was in the environment when this was written.
#      `api` is the wire format, `api_key_env` the name of the variable that holds the key.
#      Prices and context windows come from the catalogue; `price = { input = 0.25, output = 2.0 }`
#      (US dollars per million tokens) in a model overrides it.
"""

_SERVICE = """\
[providers.{provider}]
api = "openai"
base_url = "{base_url}"
api_key_env = "{variable}"

[models.{model}]
provider = "{provider}"
name = "{wire_name}"
"""

_ROUTES = """\
# ---- Routes are read from top to bottom; the first one whose `when` holds takes the prompt.

[[routes]]
name = "private"                          # rows that say so never leave this machine
models = ["small"]
when = {{ metadata.private = ["yes", "true"] }}   # metadata chooses a route and is never sent

[[routes]]
name = "demanding"                        # code, and long prompts
strategy = "{strategy}"
models = {models}
when = {{ any = [{{ task = "code" }}, {{ min_input_tokens = 1500 }}] }}

[[routes]]
name = "everything-else"                  # no `when`: the default
models = ["small"]
"""


def starter(environ: Mapping[str, str]) -> str:
    """The starter's TOML: services whose key is in ``environ`` are live, the others comments."""
    live = [service for service in _SERVICES if environ.get(service.variable, "").strip()]
    blocks = (_block(service, live=service in live) for service in _SERVICES)
    return "\n".join([_BEGINNING, *blocks, _routes(live)])


def _block(service: _Service, *, live: bool) -> str:
    text = _SERVICE.format(
        variable=service.variable,
        provider=service.provider,
        base_url=service.base_url,
        model=service.model,
        wire_name=service.wire_name,
    )
    return text if live else _commented(text.splitlines())


def _commented(lines: Iterable[str]) -> str:
    return "".join(f"# {line}\n" if line else "#\n" for line in lines)


def _routes(live: Iterable[_Service]) -> str:
    names = [service.model for service in live]
    quoted = ", ".join(f'"{name}"' for name in names or ["small"])
    strategy = {0: "single", 1: "single"}.get(len(names), "cheapest")
    spare = '\nfallback = ["small"]                    # if none of them can be reached'
    return _ROUTES.format(strategy=strategy, models=f"[{quoted}]{spare if names else ''}")
