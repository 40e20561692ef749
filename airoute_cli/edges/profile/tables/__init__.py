"""The keys of a profile, as pydantic models; every key's description is its documentation."""
