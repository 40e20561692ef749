"""Floor 1: frozen types and errors; imports nothing of ours."""
