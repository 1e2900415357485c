"""Writes docs/images/duel.png, the picture in the README: a typical bad change, all at once and in three waves.

The seed is the default one, and the change is the typical one: nobody looked for a pretty one.
"""

import io
from pathlib import Path

import matplotlib
from PIL import Image

import simulation
import waves

PLACE = Path(__file__).resolve().parent.parent / "docs" / "images" / "duel.png"
COLOURS = 256  # fewer lose the yellow


def duel() -> simulation.Duel:
    """Return the duel that the README shows."""
    scenario, waves_ = simulation.sample("storefront"), waves.sample("six-region-three-wave")
    return simulation.duel(waves.named("all-at-once", scenario.fleet, like=waves_), waves_, scenario)


if __name__ == "__main__":
    matplotlib.use("Agg")
    picture = io.BytesIO(duel().plot().png(scale=1.5))
    PLACE.parent.mkdir(parents=True, exist_ok=True)
    Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE).save(PLACE, optimize=True)
