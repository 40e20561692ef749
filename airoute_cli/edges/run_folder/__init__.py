"""Run folder out: append-only logs, the lock, the index of ended rows and the views."""
