"""Speed and cost, as ratios taken in one run: `make bench`."""
