"""What jobs bring back. Not here: that nothing hangs on how a sweep is cut into them (``test_sweep``)."""

import numpy as np
import pytest

from simulation.running import jobs


@pytest.mark.parametrize("length", [0, 2, 256, 1000, 5122])
def test_no_bin_is_overlooked(length):
    """Histograms are looked through in stretches, the last of which may be shorter: first and last bins, too."""
    pick = np.random.default_rng(length)
    for often in (0.0, 0.001, 0.5, 1.0):
        counts = (pick.random(length) < often).astype(np.int32) * 7
        counts[:1] = counts[-1:] = often > 0
        assert jobs.filled(counts).tolist() == [place for place, count in enumerate(counts) if count]
