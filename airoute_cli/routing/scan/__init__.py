"""The privacy scan: one file for each class of finding, and a table of them."""
