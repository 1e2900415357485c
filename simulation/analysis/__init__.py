"""Analyses over many plans: comparison and duel. Search and sensitivity come with their own issues."""
