"""The page of a fit: what was learnt, its pictures, and what history cannot tell.

Not here: the words and the figures (``history.Fitted``), the page's frame (``page``).
"""

from html import escape
from typing import TYPE_CHECKING

from wavecast.reporting.page import document
from waves.showing import words

if TYPE_CHECKING:
    from history import Fitted

PICTURES = ("durations", "waits", "services", "detection")


def _wide(body: str) -> str:
    """Let what is wide be pushed aside on a narrow screen, at a size that can be read."""
    return f'<div style="overflow-x:auto"><div style="min-width:38rem">{body}</div></div>'


def fit_page(fitted: "Fitted") -> str:
    """Return the page, which needs nothing else.

    Parameters
    ----------
    fitted
        As `history.fit` returns it.
    """
    parts = [f"<h1>{escape(fitted.scenario.name)}</h1><p><strong>{escape(fitted.sentences[0])}</strong></p>"]
    parts += [_wide(fitted.plot(name)._repr_html_()) for name in PICTURES]
    parts.append(f"<h2>What was learnt</h2>{fitted.html_table}")
    untold = "".join(f"<li><b>{escape(name)}</b>: {words(why)}</li>" for name, why in fitted.cannot_tell.items())
    parts.append(f"<h2>What this history cannot tell</h2><ul>{untold}</ul>")
    if fitted.remarks:
        parts.append(
            f"<h2>How it was read</h2><ul>{''.join(f'<li>{words(each)}</li>' for each in fitted.remarks)}</ul>"
        )
    base, scenario = fitted.base, fitted.scenario
    footer = f"Base {base.name} ({base.digest}), fitted {scenario.digest}, seed {fitted.seed}."
    return document("".join(parts), title=scenario.name, footer=footer)
