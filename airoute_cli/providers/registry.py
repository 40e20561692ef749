"""The table of wire formats that go over HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from airoute_cli.core.profile import Api
from airoute_cli.core.wire import WireFormat
from airoute_cli.providers.openai import OpenAIFormat

FORMATS: Mapping[Api, WireFormat] = MappingProxyType({Api.OPENAI: OpenAIFormat()})
