"""Which model a prompt needs, learned from graded answers.

Scoring is plain Python; only what trains (``matrix``, ``ridge``, ``fit``, ``curve``) needs numpy,
so that planning never loads it.
"""
