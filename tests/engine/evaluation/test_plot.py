"""The plot is well formed, holds every contender, and hurts nothing with what they are called."""

from __future__ import annotations

from decimal import Decimal
from xml.etree import ElementTree as ET

from airoute_cli.engine.evaluation.plot import drawing, svg
from airoute_cli.engine.evaluation.statistics import Figures, Interval


def figures(name: str, quality: float, usd: str | None) -> Figures:
    amount = None if usd is None else Decimal(usd)
    return Figures(
        name, 10, 5, quality, Interval(quality - 0.1, quality), amount, amount, 1, 2, 0, 0, {}
    )


EACH = [figures("cheap <one>", 0.5, "0.1"), figures("dear", 1.0, "2"), figures("?", 0.7, None)]


def test_the_picture_is_xml_with_a_circle_for_everyone_who_has_a_price():
    root = ET.fromstring(svg(EACH))
    circles = root.findall("{*}circle")
    assert len(circles) == 2
    cheap, dear = ((float(c.get("cx")), float(c.get("cy"))) for c in circles)
    assert cheap[0] < dear[0], "dearer is further to the right"
    assert cheap[1] > dear[1], "better is further up"
    texts = [text.text for text in root.iter() if text.text]
    assert "cheap <one>" in texts
    assert "no price: ?" in texts


def test_the_terminal_shows_the_same():
    lines = drawing(EACH, width=20, height=5)
    assert lines[0].rstrip().endswith("B"), "the best one stands on top, the dearest at the right"
    assert any(line.endswith("|A") or "| A" in line for line in lines)
    assert [line.strip() for line in lines[-2:]] == ["A cheap <one>", "B dear"]


def test_without_a_price_there_is_nothing_to_draw():
    assert drawing([figures("?", 0.7, None)]) == []
    assert ET.fromstring(svg([figures("?", 0.7, None)])) is not None


def test_where_everything_is_free_everyone_stands_at_the_left():
    assert drawing([figures("a", 1.0, "0")], width=10, height=3)[0].endswith("|A")
