"""The measured accuracy as an inline SVG: the worst error of each function in ulps, a dot per namespace."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

__all__ = ["chart"]

_TICKS = (0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 1024.0, 4096.0, 65536.0)
_LEFT, _ROW, _TOP = 158, 17, 24  # pixels


def chart(
    found: Mapping[tuple[str, str], Mapping[str, float]],
    namespaces: Sequence[str],
    dtype: str,
    granted: Mapping[str, float],
) -> str:
    """The functions of one dtype, the largest error first.

    `found`: (group, operation) -> namespace -> ulps. `granted`: the error in ulps allowed for each function of the
    standard, shown as a line.
    """
    worst = {key: max((u for u in of.values() if math.isfinite(u)), default=0.0) for key, of in found.items()}
    shown = sorted((key for key in found if worst[key]), key=lambda key: (-worst[key], key))
    if not shown:
        return f'<p class="soft">Everything measured in {escape(dtype)} is exact.</p>'
    largest = worst[shown[0]]
    end = next((t for t in _TICKS[2:] if t >= largest), _TICKS[-1])
    height = _TOP + _ROW * len(shown) + 8

    def x(ulps: float) -> str:
        """The position on the axis: linear near 0, then logarithmic."""
        return f"{100 * math.log2(1 + min(ulps, end)) / math.log2(1 + end):.2f}%"

    names = [f'<svg class="names" width="{_LEFT}" height="{height}" aria-hidden="true">']
    parts = [
        f'<svg class="dots" width="100%" height="{height}" role="img" aria-label="worst error in ulps, '
        f'{escape(dtype)}">'
    ]
    parts += _grid(x, end, height)
    for i, (group, operation) in enumerate(shown):
        y = _TOP + _ROW * i + _ROW / 2
        name = f"{'xp.' if group == 'standard' else 'K.'}{operation}"
        shorter = name if len(name) <= 25 else name[:24] + "\u2026"
        names.append(
            f'<text x="{_LEFT - 12}" y="{y + 4:.1f}" text-anchor="end"><title>{escape(name)}</title>'
            f"{escape(shorter)}</text>"
        )
        if group == "standard" and operation in granted:
            at = x(granted[operation])
            parts.append(
                f'<line class="span" x1="0" x2="{at}" y1="{y:.1f}" y2="{y:.1f}"/>'
                f'<line class="span" x1="{at}" x2="{at}" y1="{y - 4:.1f}" y2="{y + 4:.1f}"/>'
            )
        for k, namespace in enumerate(namespaces):
            ulps = found[group, operation].get(namespace)
            if ulps is not None:
                label = f"{namespace}: {name} {ulps:.3g} ulp"
                apart = y + 3 * (k - (len(namespaces) - 1) / 2)  # equal errors stay visible side by side
                parts.append(
                    f'<circle class="p{k % 5}" cx="{x(ulps)}" cy="{apart:.1f}" r="3.2">'
                    f"<title>{escape(label)}</title></circle>"
                )
    return "".join(['<div class="chart">', *names, "</svg>", *parts, "</svg></div>"])


def _grid(x: Callable[[float], str], end: float, height: int) -> list[str]:
    """The vertical lines and numbers of the axis."""
    parts, last = [], -1e9
    for tick in (t for t in _TICKS if t <= end):
        if float(x(tick)[:-1]) - last < 14:  # room for the number on a phone
            continue
        last = float(x(tick)[:-1])
        parts.append(
            f'<line class="grid" x1="{x(tick)}" x2="{x(tick)}" y1="{_TOP - 6}" y2="{height - 4}"/>'
            f'<text class="soft" x="{x(tick)}" y="12" text-anchor="middle">{tick:g}</text>'
        )
    return parts
