"""Rows in: open an input, split it into lines, and read each line into a Row or a BadRow."""
