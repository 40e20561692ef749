"""Evaluation: several contenders answer the same cases, and are graded and compared."""
