"""The wire formats: one file each, which declares itself as FORMAT, a FormatSpec."""
