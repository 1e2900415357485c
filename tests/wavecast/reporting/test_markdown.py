"""What a renderer of CommonMark makes of names and sentences: themselves, as text, and nothing else."""

import pytest
from markdown_it import MarkdownIt

from wavecast.reporting.markdown import bullets, code, plain

NAMES = (
    "a|b", "`x|y`", "a\\|b", "```", "<b>", "1. one", "2) two", "- three", "+ four", "# five", "> six", "[x](y)",
    "a*b*_c_", "&lt;", "-7",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_a_name_is_rendered_as_it_is(name):
    """As code and as a sentence of a list: one item, whose text without what keeps hosts from linking is the name."""
    for written, kind in ((code(name), "code_inline"), (plain(name), "text")):
        tokens = MarkdownIt("commonmark").enable("table").parse(bullets([written], 9))
        assert [each.type for each in tokens].count("list_item_open") == 1
        (inline,) = (each for each in tokens if each.type == "inline")
        parts = [each for each in inline.children or () if each.content]
        assert {"text" if each.type == "text_special" else each.type for each in parts} == {kind}
        assert "".join(each.content for each in parts).replace("\u200b", "") == name
