"""Classifiers of the profile, which take the place of the built-in task."""
