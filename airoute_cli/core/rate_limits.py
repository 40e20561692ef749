"""What a provider's headers tell of its rate limits, in one shape for every provider."""

from __future__ import annotations

from airoute_cli.core.frozen import frozen


@frozen
class Allowance:
    """One limit: its size, what is left of it, and in how many seconds it is whole again.

    None: the provider did not say.
    """

    limit: float | None = None
    remaining: float | None = None
    reset_s: float | None = None


@frozen
class RateLimits:
    """The limits on requests and on tokens, None where the headers tell nothing of them.

    Where a provider counts input and output tokens apart, ``tokens`` is the scarcer of the two.
    """

    requests: Allowance | None = None
    tokens: Allowance | None = None
