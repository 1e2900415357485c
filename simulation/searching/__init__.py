"""Searching for plans: what is provably best, and what is best in simulated worlds."""
