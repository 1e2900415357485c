"""The compiled twin of the SimPy model: the same draws, the same outcomes, trial by trial, many plans at a time."""
