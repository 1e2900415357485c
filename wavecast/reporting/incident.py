"""The page of one incident retold: a sentence, a picture, a table, and what stands behind them.

Not here: the words and the figures (``history.Incident``), the page's frame (``page``).
"""

from html import escape
from typing import TYPE_CHECKING

from wavecast.reporting.page import document

if TYPE_CHECKING:
    from history import Incident


def incident_page(incident: "Incident") -> str:
    """Return the page, which needs nothing else.

    Parameters
    ----------
    incident
        As `history.incident` retells it.
    """
    sentence, *rest = incident.sentences
    picture = "" if incident.impossible else incident.plot()._repr_html_()
    said = "".join(f"<li>{escape(each)}</li>" for each in rest)
    table = f"<h2>Figures</h2>{incident.html_table}" if incident.html_table else ""
    body = f"<h1>One incident, retold</h1><p><strong>{escape(sentence)}</strong></p>{picture}{table}"
    footer = f"Scenario {incident.scenario.name} ({incident.scenario.digest}), seed {incident.seed}."
    return document(f"{body}<h2>How sure this is</h2><ul>{said}</ul>", title="One incident, retold", footer=footer)
