"""The shape of an answer: how it is asked for, checked, put right, and what is taken out of it."""
