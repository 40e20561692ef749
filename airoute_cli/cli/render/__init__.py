"""Draws for people; the machine forms are plain JSON."""
