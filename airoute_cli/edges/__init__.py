"""Floor 2: all I/O."""
