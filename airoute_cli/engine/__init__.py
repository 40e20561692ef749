"""Floor 4: asyncio; the run, the execution of a plan, one call, the limits."""
