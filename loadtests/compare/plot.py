"""Bar charts as SVG, without a library."""
import html
import re

COLOURS = ["#0b6e4f", "#7fb069", "#c1292e", "#f1a66a", "#235789", "#8d99ae", "#6a4c93", "#b08ea2"]
BAR, GAP, LEFT, TOP, HEIGHT = 20, 22, 56, 64, 240


def bars(path, title, unit, groups, series):
    """Writes a chart: `series` are names with one value per group, none if there is no value."""
    width = LEFT + len(groups) * (BAR * len(series) + GAP) + 16
    width = max(width, 420)
    top = _ceiling(max((value for _, values in series for value in values if value), default=1))
    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{TOP + HEIGHT + 34}" '
             'font-family="sans-serif" font-size="11">',
             f'<rect width="100%" height="100%" fill="#fff"/><text x="8" y="18" font-size="14">{html.escape(title)}</text>']
    parts += _legend([name for name, _ in series], width)
    for step in range(5):
        y = TOP + HEIGHT - HEIGHT * step / 4
        parts.append(f'<path d="M{LEFT} {y}H{width - 8}" stroke="#ddd"/>'
                     f'<text x="{LEFT - 6}" y="{y + 4}" text-anchor="end">{top * step / 4:g}</text>')
    parts.append(f'<text x="8" y="{TOP - 8}" fill="#666">{html.escape(unit)}</text>')
    for place, group in enumerate(groups):
        x = LEFT + GAP / 2 + place * (BAR * len(series) + GAP)
        middle = x + BAR * len(series) / 2
        parts.append(f'<text x="{middle}" y="{TOP + HEIGHT + 18}" text-anchor="middle">{html.escape(group)}</text>')
        for index, (_, values) in enumerate(series):
            parts.append(_bar(x + BAR * index, values[place], top, COLOURS[index % len(COLOURS)]))
    with open(path, "w") as file:
        file.write("\n".join(parts) + "\n</svg>\n")


def _bar(x, value, top, colour):
    if not value:
        return f'<text x="{x + BAR / 2}" y="{TOP + HEIGHT - 3}" text-anchor="middle" fill="#999">–</text>'
    height = HEIGHT * value / top
    y = TOP + HEIGHT - height
    label = f"{value:.0f}" if value >= 10 else f"{value:.1f}"
    return (f'<rect x="{x}" y="{y:.1f}" width="{BAR - 2}" height="{height:.1f}" fill="{colour}"/>'
            f'<text x="{x + BAR / 2 - 1}" y="{y - 3:.1f}" text-anchor="middle" font-size="8">{label}</text>')


def _legend(names, width):
    parts, x, y = [], LEFT, 36
    for index, name in enumerate(names):
        length = 24 + 6.5 * len(name)
        if x + length > width:
            x, y = LEFT, y + 14
        parts.append(f'<rect x="{x}" y="{y - 9}" width="10" height="10" fill="{COLOURS[index % len(COLOURS)]}"/>'
                     f'<text x="{x + 14}" y="{y}">{html.escape(name)}</text>')
        x += length
    return parts


def _ceiling(value):
    """The next round number above."""
    digits = len(re.sub(r"\..*", "", f"{value:f}")) - 1
    for step in (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10):
        if step * 10 ** digits >= value:
            return step * 10 ** digits
    return value
