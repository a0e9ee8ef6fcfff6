"""Panels: what their scripts lose on their way into the page."""

from __future__ import annotations

import pytest

from gpt2_scratch.demo.theme import PANELS, panel


@pytest.mark.parametrize("script", sorted(path.name for path in PANELS.glob("*.js")))
def test_no_text_in_backquotes_goes_over_several_lines(script: str) -> None:
    """Indentation is taken off each line, which would change such a text."""
    for line in (PANELS / script).read_text(encoding="utf-8").splitlines():
        assert line.count("`") % 2 == 0 or line.strip().startswith("//"), line


def test_comments_and_indentation_stay_at_home() -> None:
    made = panel("what_if.js", {}, helpers=["svg.js", "words.js"], style="what_if.css")
    sent = made.js_on_load or ""
    assert "function node(" in sent and "function term(" in sent and "function grid(" in sent
    assert not any(line.startswith((" ", "//")) or not line for line in sent.splitlines())
    assert ".effects {" in made.css_template


def test_a_panel_takes_of_the_helpers_what_it_needs() -> None:
    sent = panel("fool.js", {}).js_on_load or ""
    assert "function bar(" in sent and "function roving(" not in sent
    assert "function roving(" in (panel("spam.js", {}).js_on_load or "")
