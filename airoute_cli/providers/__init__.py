"""Floor 2: the wire formats, pure, one file each."""
