"""The wave board: regions dragged from wave to wave, with risk and time beside them; in a notebook, or on a page."""
