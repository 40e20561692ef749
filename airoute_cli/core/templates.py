"""Templates of prompts, as a profile has them and as a plan uses them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import field

from airoute_cli.core.frozen import frozen
from airoute_cli.core.settings import NOTHING

# The variant that holds where no other does.
PLAIN = "text"


@frozen
class Template:
    """A template in Jinja's language. ``name`` is the whole one, as in ``code-review@2``.

    ``models`` and ``tasks`` hold the texts of variants, by the names of models and of tasks.
    """

    name: str
    text: str
    models: Mapping[str, str] = field(default_factory=lambda: NOTHING)
    tasks: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    @property
    def title(self) -> str:
        """The name without its version."""
        return self.name.partition("@")[0]

    @property
    def version(self) -> str | None:
        """What stands behind the @, None where there is none."""
        return self.name.partition("@")[2] or None

    @property
    def digest(self) -> str:
        """32 hex digits over all its texts."""
        texts = [self.text, dict(self.models), dict(self.tasks)]
        written = json.dumps(texts, sort_keys=True, ensure_ascii=False)
        return hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()

    def variant(self, model: str, task: str) -> str:
        """Which text holds: a model's own before a task's, before the plain one."""
        if model in self.models:
            return f"models.{model}"
        return f"tasks.{task}" if task in self.tasks else PLAIN

    @property
    def variants(self) -> Mapping[str, str]:
        """All texts by the names of their variants."""
        return {
            PLAIN: self.text,
            **{f"models.{name}": text for name, text in self.models.items()},
            **{f"tasks.{name}": text for name, text in self.tasks.items()},
        }


@frozen
class TemplateUse:
    """The template that made the prompts of a plan; ``variants`` by the names of models."""

    name: str
    version: str | None
    digest: str
    variants: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def __str__(self) -> str:
        whole = f"{self.name}@{self.version}" if self.version else self.name
        return f"{whole} ({self.digest[:8]})"
