"""Whether an answer is good enough to be given, or the next model of a cascade is asked."""
