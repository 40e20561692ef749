"""The profile's TOML: its keys, its loading, its starter and its reference page."""
