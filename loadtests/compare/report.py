"""Results as Markdown files and on standard output."""


def number(value, digits=3):
    """A number with so many significant digits; a dash if unknown."""
    if value is None:
        return "–"
    if value >= 10 ** (min(digits, 4) - 1):
        return f"{value:,.0f}"
    return f"{value:.{max(0, digits - 1 - _exponent(value))}f}"


def _exponent(value):
    exponent = 0
    while value >= 10 and exponent < 3:
        value, exponent = value / 10, exponent + 1
    return exponent


def noisy(pair):
    """A median with its noise in percent."""
    value, noise = pair
    return number(value) + (f" ± {100 * noise / value:.0f} %" if value else "")


def megabytes(value):
    return "–" if value is None else f"{value / 2**20:.0f}"


def milliseconds(value):
    return "–" if value is None else number(1000 * value)


def table(head, rows):
    """Lines of a table."""
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(str(cell) for cell in line) + " |" for line in lines]


def versions(peers, left_out):
    """The servers with their versions, and the skipped ones with the reason."""
    rows = [[peer.name, peer.version] for peer in peers]
    rows += [[name, f"skipped: {reason.splitlines()[0][:200]}"] for name, reason in left_out.items()]
    return table(["server", "version"], rows)


def write(options, name, lines):
    """Writes NAME.md of the results and prints it."""
    text = "\n".join(lines).rstrip() + "\n"
    with open(f"{options.out}/{name}.md", "w") as file:
        file.write(text)
    print(text, flush=True)
