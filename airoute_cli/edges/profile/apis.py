"""What a provider's table says of its API: the service, and the keys that its wire format reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any

from pydantic import ValidationError

from airoute_cli.core.frozen import frozen
from airoute_cli.core.settings import NOTHING
from airoute_cli.core.wire import FormatSpec
from airoute_cli.edges.catalogue import Service
from airoute_cli.edges.profile.problems import Problems, nearest
from airoute_cli.edges.profile.tables.providers import ProviderTable


@frozen
class Apis:
    """All services, and how the declaration of a wire format is found (None: there is none)."""

    services: Mapping[str, Service]
    find_format: Callable[[str], FormatSpec | None]

    def service(self, api: str) -> Service | None:
        """The service that a profile means: an entry of the catalogue, or a bare wire format."""
        if api in self.services:
            return self.services[api]
        return Service(api, api) if self.find_format(api) else None

    def spec(self, service: Service) -> FormatSpec:
        """The declaration of the service's wire format."""
        spec = self.find_format(service.wire_format)
        if spec is None:
            raise ValueError(f"{service.name} speaks {service.wire_format}, which there is not")
        return spec


@frozen
class ApiUse:
    """The service of one provider, its wire format, and the format's options as plain values."""

    service: Service
    spec: FormatSpec
    options: Mapping[str, Any] = field(default_factory=lambda: NOTHING)


def take_api(table: dict[str, Any], name: str, apis: Apis, problems: Problems) -> ApiUse | None:
    """Take out of a provider's ``table`` what its wire format reads; None if the API is wrong."""
    given = {key: table.pop(key) for key in list(table) if key not in ProviderTable.model_fields}
    api = table.get("api")
    if not isinstance(api, str) or not api:
        table.update(given)
        return None  # what is wrong with it is noted with all the others
    service = apis.service(api)
    if service is None:
        table.update(given)
        message = f'there is no API "{api}"; `airoute providers` lists them.'
        problems.add(("providers", name, "api"), message, nearest(api, apis.services))
        return None
    spec = apis.spec(service)
    return ApiUse(service, spec, _options(given, name, service, spec, problems))


def _options(
    given: Mapping[str, Any], name: str, service: Service, spec: FormatSpec, problems: Problems
) -> Mapping[str, Any]:
    try:
        options = spec.options.model_validate({**service.options, **given})
    except ValidationError as error:
        at = ("providers", name)
        problems.add_invalid(error, spec.options, at, ProviderTable.model_fields)
        return NOTHING
    plain: Mapping[str, Any] = options.model_dump()
    return plain
