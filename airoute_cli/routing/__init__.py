"""Floor 3: pure decisions, from a request to its plan."""
