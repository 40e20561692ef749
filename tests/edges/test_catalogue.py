from __future__ import annotations

import pytest

from airoute_cli.core.elements import Element
from airoute_cli.edges.catalogue import Service, services
from airoute_cli.providers.registry import format_spec

SERVICES = tuple(services().values())
KNOWN = set(map(str, Element))


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_every_entry_is_whole(service: Service) -> None:
    spec = format_spec(service.wire_format)
    assert spec is not None
    assert service.about
    owed = {name: "x" for name, key in spec.options.model_fields.items() if key.is_required()}
    spec.options(**owed | service.options)
    refused = service.cannot.union(*(family.cannot for family in service.families))
    assert {name for name in refused if not name.startswith("extra:")} <= KNOWN
    for region in ("us-east-1", *service.region_urls):
        assert service.owns(service.address(region)) or service.base_url is None


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://api.openai.com/v1", True),
        ("https://eu.api.openai.com/v1", True),
        ("https://api.openai.com.evil.example/v1", False),
        ("https://notapi.openai.com/v1", False),
        ("http://127.0.0.1:8000/v1", False),
        (None, False),
    ],
)
def test_a_services_own_hosts(url: str | None, *, owned: bool) -> None:
    assert services()["openai"].owns(url) is owned


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://res.openai.azure.com", True),
        ("https://res.services.ai.azure.com/openai/v1", True),
        ("https://openai.azure.com.evil.example", False),
        ("https://evil-openai.azure.com", False),
        ("http://127.0.0.1:8000/v1", False),
        (None, False),
    ],
)
def test_a_service_may_be_at_its_customers_hosts(url: str | None, *, owned: bool) -> None:
    assert services()["azure"].owns(url) is owned


def test_an_address_may_depend_on_the_region() -> None:
    service = Service("s", "openai", base_url="https://run.{region}.example.com")
    assert service.needs_region
    assert service.address("eu-1") == "https://run.eu-1.example.com"
    assert service.owns("https://run.us-2.example.com/x")
    assert not service.owns("https://run.us-2.evil.com/x?run.us-2.example.com")


@pytest.mark.parametrize(
    ("model", "refuses"),
    [
        ("gpt-5-mini", True),
        ("o3", True),
        ("gpt-5-chat-latest", False),
        ("gpt-4.1", False),
        ("omni-moderation", False),
    ],
)
def test_reasoning_models_refuse_sampling(model: str, *, refuses: bool) -> None:
    assert (Element.TEMPERATURE in services()["openai"].refused_by(model)) is refuses


@pytest.mark.parametrize(
    ("url", "owned"),
    [
        ("https://bedrock-runtime.eu-west-1.amazonaws.com", True),
        ("https://bedrock-runtime.eu-west-1.amazonaws.com.evil.example", False),
        ("https://gateway.example", False),
    ],
)
def test_bedrocks_key_goes_to_bedrock_alone(url: str, *, owned: bool) -> None:
    assert services()["bedrock"].owns(url) is owned
