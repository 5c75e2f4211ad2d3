"""A simulated survey: a population whose truth is known, what it sends, and the index reckoned apart."""
