"""Measures the running stack against what this machine could do at most: `python -m tests.bench`."""
