"""Cost against quality: as SVG, and as characters for a terminal. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape
from typing import NamedTuple

from airoute_cli.engine.evaluation.statistics import Figures

_WIDTH, _HEIGHT = 640, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 24, 24, 56
_COLOURS = ("#4269d0", "#ff725c", "#3ca951", "#a463f2", "#efb118", "#6cc5b0", "#9c6b4e")
_TICKS = 5


class _Point(NamedTuple):
    name: str
    cost: float
    quality: float
    low: float
    high: float


def svg(figures: Sequence[Figures]) -> str:
    """Dollars a case to the right, quality up, each with its interval; the unpriced are named."""
    points = _points(figures)
    parts = [
        *_axes(points),
        *(part for n, point in enumerate(points) for part in _mark(n, point, points)),
    ]
    without = [one.contender for one in figures if one.usd is None]
    if without:
        told = escape(f"no price: {', '.join(without)}")
        parts.append(f'<text x="{_LEFT}" y="{_HEIGHT - 4}" fill="#777">{told}</text>')
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        'font-family="system-ui, sans-serif" font-size="12">'
    )
    back = f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>'
    return "\n".join([head, back, *parts, "</svg>", ""])


def drawing(figures: Sequence[Figures], width: int = 60, height: int = 11) -> list[str]:
    """The same in characters: a letter a contender, lines of at most ``width`` and some."""
    points = _points(figures)
    if not points:
        return []
    most = _most_cost(points)
    grid = [[" "] * width for _ in range(height)]
    for number, point in enumerate(points):
        column = min(width - 1, round(point.cost / most * (width - 1)))
        row = min(height - 1, round((1 - point.quality) * (height - 1)))
        taken = grid[row][column] != " "
        grid[row][column] = "*" if taken else _letter(number)
    lines = [f"{_scale(n, height):>5} |{''.join(row).rstrip()}" for n, row in enumerate(grid)]
    lines.append(f"{'':5} +{'-' * width}")
    right = f"${most:.6f} a case"
    lines.append(f"{'':7}$0{right:>{width - 2}}")
    lines += [f"{'':7}{_letter(n)} {point.name}" for n, point in enumerate(points)]
    return lines


def _points(figures: Sequence[Figures]) -> list[_Point]:
    return [
        _Point(one.contender, float(one.usd) / one.cases, one.quality, *one.interval)
        for one in figures
        if one.usd is not None
    ]


def _most_cost(points: Sequence[_Point]) -> float:
    return max((point.cost for point in points), default=0.0) or 1e-6


def _letter(number: int) -> str:
    return chr(ord("A") + number % 26)


def _scale(row: int, height: int) -> str:
    marked = row in {0, height // 2, height - 1}
    return f"{1 - row / (height - 1):.2f}" if marked else ""


def _x(cost: float, points: Sequence[_Point]) -> float:
    share = cost / (_most_cost(points) * 1.1)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(quality: float) -> float:
    return _TOP + (1 - quality) * (_HEIGHT - _TOP - _BOTTOM)


def _axes(points: Sequence[_Point]) -> Iterator[str]:
    floor, right = _HEIGHT - _BOTTOM, _WIDTH - _RIGHT
    for tick in range(_TICKS + 1):
        quality = tick / _TICKS
        y = _y(quality)
        yield f'<line x1="{_LEFT}" y1="{y:.1f}" x2="{right}" y2="{y:.1f}" stroke="#e5e5e5"/>'
        yield f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{quality:.1f}</text>'
        cost = _most_cost(points) * tick / _TICKS
        x = _x(cost, points)
        yield f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{_money(cost)}</text>'
    yield f'<line x1="{_LEFT}" y1="{floor}" x2="{right}" y2="{floor}" stroke="#333"/>'
    yield f'<line x1="{_LEFT}" y1="{_TOP}" x2="{_LEFT}" y2="{floor}" stroke="#333"/>'
    middle = (_LEFT + right) / 2
    yield f'<text x="{middle}" y="{floor + 38}" text-anchor="middle">US dollars a case</text>'
    yield f'<text x="{_LEFT - 34}" y="{_TOP - 10}">quality</text>'


def _mark(number: int, point: _Point, points: Sequence[_Point]) -> Iterator[str]:
    x, colour = _x(point.cost, points), _COLOURS[number % len(_COLOURS)]
    low, high, y = _y(point.low), _y(point.high), _y(point.quality)
    yield (
        f'<line x1="{x:.1f}" y1="{low:.1f}" x2="{x:.1f}" y2="{high:.1f}" '
        f'stroke="{colour}" stroke-width="2" opacity="0.5"/>'
    )
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="5" fill="{colour}"/>'
    # A label to the left where there is no room on the right.
    anchor, offset = ("end", -9) if x > _WIDTH * 0.7 else ("start", 9)
    yield (
        f'<text x="{x + offset:.1f}" y="{y + 4 + 14 * (number % 2):.1f}" text-anchor="{anchor}" '
        f'fill="{colour}">{escape(point.name)}</text>'
    )


def _money(amount: float) -> str:
    return "0" if not amount else f"{amount:.2g}"
