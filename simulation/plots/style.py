"""The one style of every picture: colours, fonts, the figure with its title and caption, and how numbers are written.

Not here: what any picture shows.
"""

import base64
import html
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import matplotlib.style
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from simulation.plots.words import balanced, clean, wrapped

# Okabe and Ito's colours, which people with any of the common colour blindnesses can tell apart; what matters most also
# has a marker, a hatch or a word of its own.
BLUE, VERMILION, GREEN, ORANGE, SKY, PURPLE, YELLOW = (
    "#0072B2", "#D55E00", "#009E73", "#E69F00", "#56B4E9", "#CC79A7", "#F0E442",
)  # fmt: skip
INK, MUTED, FAINT, PAPER = "#1B1F24", "#5B6570", "#DDE2E7", "#F4F6F8"
SOUND, EXPOSED, HURT, ROLLBACK, APPROVAL, WORK = "#8FC7EA", "#F3CE79", VERMILION, GREEN, PURPLE, "#46525E"

SERIES = (
    (BLUE, "o", "-"), (VERMILION, "s", (0, (5, 1.5))), (GREEN, "^", (0, (1.5, 1.2))),
    (PURPLE, "D", (0, (6, 1.5, 1.5, 1.5))), (INK, "v", (0, (3, 1))), (ORANGE, "P", "-"), (SKY, "X", (0, (5, 1.5))),
    (MUTED, "<", (0, (1.5, 1.2))),
)  # fmt: skip

WIDTH = 9.0  # inches; at 100 dots an inch, the width of a report's column
MARGIN = 0.12
TITLE, TEXT, SMALL = 13.0, 9.0, 8.0  # points
STYLE: dict[str, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "font.family": "DejaVu Sans",
    "font.size": TEXT,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": MUTED,
    "axes.labelsize": SMALL,
    "axes.titlesize": TEXT,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.unicode_minus": True,
    "grid.color": FAINT,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": SMALL,
    "ytick.labelsize": SMALL,
    "hatch.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": SMALL,
    "svg.hashsalt": "wavecast",  # else every drawing has other ids
    "svg.fonttype": "path",
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in this style, whatever the user's own settings are; they come back afterwards."""
    with matplotlib.style.context(["default", STYLE]):
        yield


class Picture(Figure):
    """A figure with a title that says what to see and a caption that says how to see it again.

    Parameters
    ----------
    title, caption
        Wrapped to the figure's width.
    body
        The height, in inches, of what lies between the two; `place` puts axes there.

    Attributes
    ----------
    title, caption
        As given.
    """

    def __init__(self, title: str, caption: str, body: float) -> None:
        self.title, self.caption = title, caption
        inner = WIDTH - 2 * MARGIN
        head = balanced(title, inner, TITLE, "bold")
        foot = wrapped(caption, inner, SMALL)
        self.head = MARGIN + len(head) * TITLE * 1.3 / 72 + 0.1
        self.body = body
        height = self.head + body + len(foot) * SMALL * 1.35 / 72 + MARGIN
        super().__init__(figsize=(WIDTH, height))
        FigureCanvasAgg(self)
        top = 1 - MARGIN / height
        self.text(MARGIN / WIDTH, top, "\n".join(head), size=TITLE, weight="bold", va="top", linespacing=1.25)
        if foot:
            low = MARGIN / 2 / height
            self.text(MARGIN / WIDTH, low, "\n".join(foot), size=SMALL, color=MUTED, va="bottom", linespacing=1.3)

    def place(self, left: float, top: float, width: float, height: float, **options: Any) -> Axes:
        """Add axes, in inches from the left and from the top of the body."""
        tall = self.get_figheight()
        below = tall - self.head - top - height
        return self.add_axes((left / WIDTH, below / tall, width / WIDTH, height / tall), **options)

    def write(self, left: float, top: float, text: str, **options: Any) -> None:
        """Write text, its top left corner in inches from the left and from the top of the body."""
        tall = self.get_figheight()
        self.text(left / WIDTH, (tall - self.head - top) / tall, text, **{"va": "top", **options})

    def savefig(self, fname: Any, *, transparent: bool | None = None, **options: Any) -> None:
        """Save the picture; the same picture gives the same bytes."""
        form = options.get("format") or os.path.splitext(str(fname))[1].lstrip(".")
        if form == "svg":
            options["metadata"] = {"Date": None, **options.get("metadata", {})}
        with styled():
            super().savefig(fname, transparent=transparent, **options)

    def svg(self) -> str:
        """Return the picture as SVG."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="svg")
        return buffer.getvalue().decode()

    def png(self, scale: float = 2.0) -> bytes:
        """Return the picture as PNG, `scale` × 900 dots wide."""
        buffer = io.BytesIO()
        self.savefig(buffer, format="png", dpi=100 * scale)
        return buffer.getvalue()

    def uri(self) -> str:
        """Return the picture as an address that holds it whole."""
        return f"data:image/svg+xml;base64,{base64.b64encode(self.svg().encode()).decode()}"

    def _repr_html_(self) -> str:
        text = html.escape(alt(self), quote=True)
        image = f'<img alt="{text}" style="width:100%;max-width:56rem" src="{self.uri()}">'
        return f'<div class="wavecast-picture">{image}</div>'


def alt(figure: Picture) -> str:
    """Return what to say to those who cannot see a picture: its title and its caption."""
    return ". ".join(clean(part).rstrip(".") for part in (figure.title, figure.caption) if part) + "."


def bare(axes: Axes) -> None:
    """Leave nothing of the axes but what is drawn in them."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.patch.set_visible(False)
    for spine in axes.spines.values():
        spine.set_visible(False)


def blend(colour: str, strength: float) -> tuple[float, float, float]:
    """Mix a colour with white; 1 leaves it as it is."""
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return tuple(1 - strength * (1 - part) for part in (red, green, blue))  # type: ignore[return-value]


def hurting(severity: float) -> tuple[float, float, float]:
    """Return the colour of harm: the more severe, the stronger."""
    return blend(HURT, 0.35 + 0.65 * severity)
