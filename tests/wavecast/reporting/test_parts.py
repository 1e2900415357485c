"""A long page lists its parts; a lesson has its code with it, folded; all else is as it was."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from wavecast.reporting.page import page_of
from wavecast.reporting.parts import FOLDED, MANY

SHOWS = [new_output("display_data", data={"text/html": "<p>shown</p>"})]
EVIL = "<script>hit()</script>"


def book(headings: int, **metadata):
    cells = [new_markdown_cell(f"## Part *{n}* of {EVIL}") for n in range(headings)]
    cells += [new_code_cell(f"print('{EVIL}')\n\n1 < 2", outputs=SHOWS), new_code_cell("silent = 1")]
    return new_notebook(cells=cells, metadata=metadata)


@pytest.mark.parametrize("headings", [MANY - 1, MANY, MANY + 3])
def test_a_page_of_many_parts_lists_them_once_each(headings):
    """Each link leads to the heading of its own words; a page of few parts has no list."""
    page = page_of(book(headings), title="t")
    links = re.findall(r'<li><a href="#([\w-]+)">(.*?)</a></li>', page)
    assert links == (re.findall(r'<h2 id="([\w-]+)">(.*?)</h2>', page) if headings >= MANY else [])
    assert len(links) == len(set(links)) == (headings if headings >= MANY else 0)
    assert page.count("<nav ") == (headings >= MANY) and page.index("<h2") > page.find("<nav ")


def test_a_lesson_has_its_code_folded_where_it_shows_something():
    page = page_of(book(1, wavecast={"code": FOLDED}), title="t")
    assert page.count("<details") == 1 and "silent" not in page
    assert "<pre>print('&lt;script&gt;hit()&lt;/script&gt;')\n\n1 &lt; 2</pre>" in page
    assert page.index("<details") < page.index("<p>shown</p>")
    assert "<details" not in page_of(book(1), title="t") and "print(" not in page_of(book(1), title="t")
