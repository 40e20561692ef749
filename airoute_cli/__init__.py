"""airoute: a decision layer for LLM calls."""

__version__ = "0.1.0"
