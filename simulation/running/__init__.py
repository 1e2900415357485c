"""Many rollouts: rows, sweeps that keep sums only, and how their blocks are handed to workers and merged."""
