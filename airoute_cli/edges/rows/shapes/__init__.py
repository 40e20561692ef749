"""The shapes that a row may have, one file each; ``table.py`` says how they are told apart."""
