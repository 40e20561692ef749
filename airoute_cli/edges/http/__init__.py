"""HTTP out: requests to the providers, over connections that are kept alive.

The messages are parsed by httptools; what is written and waited for here is no more than that. A
general client takes four times the time of a whole exchange, which is most of what a row takes.
"""
