"""The key of a provider while a run lasts: a command can be asked for a new one."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from airoute_cli.core.profile import Provider
from airoute_cli.core.secret import Secret
from airoute_cli.edges.secrets import find_key
from airoute_cli.engine.aside import aside


class KeySource:
    """Holds the key. Make it inside the running loop.

    A token that a command prints (``gcloud auth print-access-token``) is good for an hour, and a
    run lasts a night: when the provider no longer takes it, ``renew`` runs the command again.
    """

    def __init__(self, provider: Provider, environ: Mapping[str, str]) -> None:
        self._provider = provider
        self._environ = environ
        self._renewing = asyncio.Lock()
        self.key = find_key(provider, environ)

    async def renew(self, refused: Secret | None) -> bool:
        """Whether there is another key than the one that was refused.

        Many calls are refused at once; the first asks the command, the others get its answer.
        """
        if not (self._provider.api_key_cmd or self._provider.api_key_keyring):
            return False
        async with self._renewing:
            if self.key is refused:
                fresh = await aside(lambda: find_key(self._provider, self._environ))
                if fresh and refused and fresh.reveal() == refused.reveal():
                    return False
                self.key = fresh
            return True
