"""Draws a resolved profile. No key can be in it: a profile only names where keys are."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from airoute_cli.core.budget import NO_BUDGET, Budget, OnBudget
from airoute_cli.core.money import Price, Rates
from airoute_cli.core.policy import Forbidden, MaxPrice, Policy, PolicyRule, Requirement
from airoute_cli.core.profile import Limits, Model, Profile, Provider, Route, RunSettings, When
from airoute_cli.core.settings import Settings


def as_data(profile: Profile) -> dict[str, Any]:
    """The profile for machines; prices are strings, so that they stay exact."""
    return {
        "name": profile.name,
        "path": profile.path,
        "digest": profile.digest,
        "unknown_price": profile.unknown_price,
        "providers": {name: _provider(one) for name, one in profile.providers.items()},
        "models": {name: _model(one) for name, one in profile.models.items()},
        "policy": {
            "require_metadata": list(profile.policy.require_metadata),
            "budget": _budget(profile.policy.budget),
            "tiers": {name: _budget(one) for name, one in profile.policy.tiers.items()},
            "on_budget": profile.policy.on_budget,
            "rules": [_rule(rule) for rule in profile.policy.rules],
        },
        "run": asdict(profile.run),
        "routes": [_route(route) for route in profile.routes],
    }


def as_text(profile: Profile) -> str:
    """The profile for people, one line for each provider, model and route."""
    return "\n".join(_lines(profile))


def _lines(profile: Profile) -> Iterator[str]:
    yield f'profile "{profile.name}" from {profile.path}'
    yield f"an unknown price: {profile.unknown_price}"
    yield from _budget_lines(profile.policy)
    yield "\nproviders"
    yield from (f"  {_provider_line(one)}" for one in profile.providers.values())
    yield "\nmodels"
    yield from (f"  {_model_line(one)}" for one in profile.models.values())
    if profile.policy.rules:
        yield "\npolicy, all rules that match together"
        yield from (f"  {_rule_line(rule)}" for rule in profile.policy.rules)
    yield f"\nrun\n  {_run_line(profile.run)}"
    yield "\nroutes, the first that matches wins"
    yield from (f"  {number} {_route_line(r)}" for number, r in enumerate(profile.routes, 1))


def _run_line(run: RunSettings) -> str:
    canary = f"a canary of {run.canary} rows for each model" if run.canary else "no canary"
    return f"row_timeout {run.row_timeout:g} s, at most {run.max_attempts} attempts, {canary}"


def _budget_lines(policy: Policy) -> Iterator[str]:
    if policy.budget != NO_BUDGET:
        yield f"a budget: {_budget_text(policy.budget)}"
    for name, budget in policy.tiers.items():
        yield f'tier "{name}": {_budget_text(budget)}'
    if policy.on_budget is not OnBudget.STOP:
        yield f"when a budget has no room: {policy.on_budget}"


def _provider_line(provider: Provider) -> str:
    variables = " or ".join(f"${name}" for name in provider.api_key_env)
    key = f"key from {variables}" if variables else "no key"
    parts = [
        str(provider.api),
        provider.base_url or "inside this process",
        _kept(provider) or key,
        f"region {provider.region}" if provider.region else "",
        _limits_text(provider.limits),
        f"timeout {provider.timeout:g} s",
    ]
    return f"{provider.name}: {_joined(parts)}"


def _kept(provider: Provider) -> str:
    if provider.api_key_keyring:
        return f"key from the keyring ({'/'.join(provider.api_key_keyring)})"
    return f"key from `{provider.api_key_cmd[0]}`" if provider.api_key_cmd else ""


def _model_line(model: Model) -> str:
    window = f"{model.context_window:,} tokens" if model.context_window else "window unknown"
    parts = [
        f"{model.wire_name} at {model.provider.name}",
        _price_text(model.price),
        window,
        f"at most {model.max_output_tokens:,} out" if model.max_output_tokens else "",
        " ".join(sorted(model.capabilities)) or "no capabilities",
        model.privacy if model.private else "",
        f"region {model.region}" if model.region else "",
        f"retention {model.retention}" if model.retention else "",
        _limits_text(model.limits),
        _budget_text(model.budget),
        _settings_text(model.settings),
    ]
    return f"{model.name}: {_joined(parts)}"


def _rule_line(rule: PolicyRule) -> str:
    told = _rule(rule)
    asked = (told["require"], told["forbid"], told["redact"])
    names = ("require", "forbid", "redact")
    parts = [
        f"{name} {json.dumps(value)}" for name, value in zip(names, asked, strict=True) if value
    ]
    when = "every row" if rule.when is None else _when_text(rule.when)
    return f"{rule.name}: {when} → {_joined(parts)}, if nobody is left: {rule.on_empty}"


def _route_line(route: Route) -> str:
    parts = [
        "the default" if route.when is None else f"when {_when_text(route.when)}",
        f"{route.strategy} of {', '.join(route.models)}",
        f"then {', '.join(route.fallback)}" if route.fallback else "",
        " ".join(f"{key} {json.dumps(value)}" for key, value in route.options.items()),
        "with a system message" if route.system else "",
        _settings_text(route.settings),
        f"on_truncated {route.on_truncated}",
        f"on_unavailable {route.on_unavailable}",
        _budget_text(route.budget),
        f"on_budget {route.on_budget}" if route.on_budget else "",
    ]
    return f"{route.name}: {_joined(parts)}"


def _joined(parts: list[str]) -> str:
    return "; ".join(part for part in parts if part)


def _price_text(price: Price | None) -> str:
    if price is None:
        return "price unknown"
    if not price.rates.input and not price.rates.output:
        return f"$0 ({price.source})"
    dated = f", newest change {price.as_of}" if price.as_of else ""
    tiers = "".join(f", above {bound:,} tokens {_usd(rates)}" for bound, rates in price.tiers)
    return f"{_usd(price.rates)} per million in/out{tiers} ({price.source}{dated})"


def _budget_text(budget: Budget) -> str:
    stated = _budget(budget)
    return ", ".join(f"{period} ${usd}" for period, usd in stated.items())


def _budget(budget: Budget) -> dict[str, str]:
    """The limits that are stated, as exact text."""
    given: dict[str, Decimal | None] = {f.name: getattr(budget, f.name) for f in fields(budget)}
    return {name: f"{usd:f}" for name, usd in given.items() if usd is not None}


def _usd(rates: Rates) -> str:
    return f"${rates.input:f}/${rates.output:f}"


def _limits_text(limits: Limits) -> str:
    shown = {
        "requests/min": limits.requests_per_minute,
        "tokens/min": limits.tokens_per_minute,
        "at once": limits.max_concurrency,
    }
    return ", ".join(f"{value:,} {unit}" for unit, value in shown.items() if value)


def _settings_text(settings: Settings) -> str:
    return " ".join(f"{key}={value}" for key, value in settings.as_dict().items())


def _when_text(when: When) -> str:
    stated = _when(when).items()
    return ", ".join(f"{k} {json.dumps(v, ensure_ascii=False)}" for k, v in stated) or "anything"


def _provider(provider: Provider) -> dict[str, Any]:
    return {
        "api": provider.api,
        "base_url": provider.base_url,
        "api_key_env": list(provider.api_key_env),
        "api_key_keyring": "/".join(provider.api_key_keyring or ()) or None,
        "api_key_cmd": next(iter(provider.api_key_cmd), None),
        "headers": sorted(provider.headers),
        "region": provider.region,
        "timeout": provider.timeout,
        **_limits(provider.limits),
        "shared_limits": provider.shared_limits,
    }


def _model(model: Model) -> dict[str, Any]:
    return {
        "provider": model.provider.name,
        "name": model.wire_name,
        "price": None if model.price is None else _price(model.price),
        "context_window": model.context_window,
        "max_output_tokens": model.max_output_tokens,
        "capabilities": sorted(model.capabilities),
        "retention": model.retention,
        "private": model.private,
        "privacy": model.privacy,
        "region": model.region,
        "budget": _budget(model.budget),
        "params": model.settings.as_dict(),
        **_limits(model.limits),
    }


def _route(route: Route) -> dict[str, Any]:
    return {
        "name": route.name,
        "when": None if route.when is None else _when(route.when),
        "strategy": route.strategy,
        "models": list(route.models),
        "fallback": list(route.fallback),
        "system": route.system,
        "params": route.settings.as_dict(),
        "on_truncated": route.on_truncated,
        "latency_target_ms": route.latency_target_ms,
        "on_unavailable": route.on_unavailable,
        "budget": _budget(route.budget),
        "on_budget": route.on_budget,
        **route.options,
    }


def _rule(rule: PolicyRule) -> dict[str, Any]:
    return {
        "name": rule.name,
        "when": None if rule.when is None else _when(rule.when),
        "require": _demands(rule.require),
        "forbid": _demands(rule.forbid),
        "redact": sorted(rule.redact),
        "on_empty": str(rule.on_empty),
    }


# Of what is called otherwise inside, because its unit is not the user's.
_KEYS = {"max_latency_ms": "max_latency"}


def _demands(asked: Requirement | Forbidden) -> dict[str, Any]:
    """What is stated, under the keys of the profile, as JSON; amounts as numbers."""
    stated = {f.name: getattr(asked, f.name) for f in fields(asked) if getattr(asked, f.name)}
    price = stated.get("max_price")
    if isinstance(price, MaxPrice):
        bounds = {"input": price.input, "output": price.output}
        stated["max_price"] = {k: float(v) for k, v in bounds.items() if v is not None}
    named = {_KEYS.get(name, name): value for name, value in stated.items()}
    return {key: _plain(value) if key != "max_price" else value for key, value in named.items()}


def _when(when: When) -> dict[str, Any]:
    """What is stated, under the keys of the profile."""
    stated = {f.name.rstrip("_"): _plain(getattr(when, f.name)) for f in fields(when)}
    return {key: value for key, value in stated.items() if value or value == 0}


def _plain(value: Any) -> Any:
    if isinstance(value, When):
        return _when(value)
    if isinstance(value, Mapping):
        return {key: list(values) for key, values in value.items()}
    if isinstance(value, frozenset):
        return sorted(value)
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _price(price: Price) -> dict[str, Any]:
    return {
        **_rates(price.rates),
        "source": price.source,
        "as_of": price.as_of.isoformat() if price.as_of else None,
        "tiers": [{"above_input_tokens": bound, **_rates(rates)} for bound, rates in price.tiers],
    }


def _rates(rates: Rates) -> dict[str, str]:
    given: dict[str, Decimal | None] = {f.name: getattr(rates, f.name) for f in fields(rates)}
    return {name: f"{rate:f}" for name, rate in given.items() if rate is not None}


def _limits(limits: Limits) -> dict[str, int | None]:
    return {f.name: getattr(limits, f.name) for f in fields(limits)}
