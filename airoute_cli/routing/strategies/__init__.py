"""The strategies: one file each, one entry each in the table."""
