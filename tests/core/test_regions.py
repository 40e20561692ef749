from __future__ import annotations

import pytest

from airoute_cli.core.profile import Model, Provider
from airoute_cli.core.regions import is_loopback, lies_within, overlaps, region_of


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://eu.api.openai.com/v1", "eu"),
        ("https://us.api.openai.com/v1", "us"),
        ("https://api.openai.com/v1", None),
        ("https://eu.api.openai.com.evil.example/v1", None),
        ("https://evil.example/eu.api.openai.com", None),
        ("https://api.mistral.ai/v1", "eu"),
        ("https://api.us.mistral.ai/v1", "us"),
        ("https://bedrock-runtime.eu-central-1.amazonaws.com/openai/v1", "eu-central-1"),
        ("https://bedrock-mantle.us-east-1.api.aws/openai/v1", "us-east-1"),
        ("https://europe-west4-aiplatform.googleapis.com/v1", "europe-west4"),
        ("https://aiplatform.eu.rep.googleapis.com/v1", "eu"),
        ("https://aiplatform.googleapis.com/v1", "global"),
        ("https://mine.openai.azure.com/openai/v1", None),
        (None, None),
    ],
)
def test_a_host_proves_its_region_or_nothing(url: str | None, region: str | None):
    assert region_of(url) == region


@pytest.mark.parametrize(
    ("name", "region"),
    [
        ("anthropic.claude", "eu-west-1"),
        ("eu.anthropic.claude", "eu"),
        ("global.anthropic.claude", "global"),
    ],
)
def test_an_inference_profile_of_bedrock_reaches_beyond_its_host(name: str, region: str):
    assert region_of("https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1", name) == region


@pytest.mark.parametrize(
    ("region", "area"),
    [
        ("eu", "EU"),
        ("eu-west-1", "eu"),
        ("europe-west4", "eu"),
        ("westeurope", "eu"),
        ("de", "eu"),
        ("eu-central-1", "de"),
        ("us-east-1", "us"),
        ("eastus2", "us"),
        ("eu-west-2", "uk"),
        ("ap-northeast-1", "jp"),
        ("jp", "apac"),
    ],
)
def test_a_region_lies_within_its_area(region: str, area: str):
    assert lies_within(region, area)


@pytest.mark.parametrize(
    ("region", "area"),
    [
        ("eu", "eu-west-1"),
        ("us-east-1", "eu"),
        ("eu-west-2", "eu"),
        ("europe-west6", "eu"),
        ("europa", "eu"),
        ("usa", "us"),
        ("global", "eu"),
        ("", "eu"),
    ],
)
def test_a_region_lies_within_no_other(region: str, area: str):
    assert not lies_within(region, area)


def test_regions_overlap_where_one_may_be_in_the_other():
    assert overlaps("us", "us-east-1")
    assert overlaps("us-east-1", "us")
    assert overlaps("global", "eu")
    assert not overlaps("eu", "us")


@pytest.mark.parametrize(
    ("url", "here"),
    [
        ("http://127.0.0.1:8000/v1", True),
        ("http://[::1]:8000/v1", True),
        ("http://localhost/v1", True),
        ("http://localhost.example/v1", False),
        ("http://10.0.0.1/v1", False),
        (None, False),
    ],
)
def test_loopback_is_this_machine(url: str | None, *, here: bool):
    assert is_loopback(url) is here


def model(*, private: bool, api: str = "openai", **provider: str) -> Model:
    return Model("m", Provider("p", api, **provider), "wire", private=private)


def test_private_is_proved_or_declared():
    assert model(private=True, api="llama-cpp").privacy == "private"
    assert model(private=True, base_url="http://127.0.0.1:1/v1").privacy == "private"
    assert (
        model(private=True, base_url="https://llm.intern.example/v1").privacy
        == "private (declared)"
    )
    assert model(private=False, base_url="http://127.0.0.1:1/v1").privacy == "not private"


def test_a_narrower_claim_wins_and_another_one_does_not():
    assert model(private=False, base_url="https://eu.api.openai.com/v1", region="de").region == "de"
    assert model(private=False, base_url="https://eu.api.openai.com/v1").region == "eu"
    assert model(private=False, base_url="https://x.example/v1", region="us").region == "us"
