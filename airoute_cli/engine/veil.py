"""What a plan says is redacted, around everything that is sent for it and comes back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from airoute_cli.core.completion import Completion
from airoute_cli.core.outcome import Outcome
from airoute_cli.core.plan import Plan
from airoute_cli.core.request import Request
from airoute_cli.engine.endpoints import OnText
from airoute_cli.routing.redaction import Redaction, Relay


class Veil:
    """One request on its way out and its answer on the way back."""

    def __init__(self, plan: Plan, request: Request, on_text: OnText | None) -> None:
        """Of a plan with prompts of its own, those are sent; ``request`` is what the first gets."""
        self._redaction = Redaction(plan.ruling.redact) if _is_needed(plan) else None
        self._relay: Relay | None = None
        self.prompts = plan.prompts
        self.request = plan.prompts.get(plan.calls[0].model, request) if plan.calls else request
        self.original = self.request
        self.on_text = on_text
        if self._redaction:
            names = list(plan.prompts)
            hidden = self._redaction.hide_all([self.request, *plan.prompts.values()])
            self.request, self.prompts = hidden[0], dict(zip(names, hidden[1:], strict=True))
            if on_text:
                self.on_text = self._relay = Relay(self._redaction, on_text)

    @property
    def puts_back(self) -> Callable[[Completion], Completion] | None:
        """Puts the originals back into an answer; None where nothing is replaced."""
        return self.lifted if self._redaction else None

    @property
    def show(self) -> Callable[[str], str] | None:
        """Puts the originals back into a text; None where nothing is replaced."""
        return self._redaction.show if self._redaction else None

    def lift(self, outcome: Outcome) -> Outcome:
        """The outcome with the originals in its answer, also in one that has not the right form."""
        if self._relay:
            self._relay.finish()
        if self._redaction is None or outcome.completion is None:
            return outcome
        output = outcome.output
        if output and output.answer:
            output = replace(output, answer=self._redaction.show_answer(output.answer))
        return outcome._replace(completion=self.lifted(outcome.completion), output=output)

    def lifted(self, completion: Completion) -> Completion:
        """An answer with the originals in it."""
        return self._redaction.show_completion(completion) if self._redaction else completion


def _is_needed(plan: Plan) -> bool:
    scan = plan.ruling.scan
    if not plan.ruling.redact or scan is None:
        return bool(plan.ruling.redact)
    known = plan.ruling.redact <= scan.looked_for and not scan.unread
    return not known or not plan.ruling.redact.isdisjoint(scan.findings)
