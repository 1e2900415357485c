"""Rare events: what can go wrong cut into strata with exact weights, sampled until a figure is precise enough."""
