"""Programs that measure airoute; see README.md."""
