"""Each format to each size, in the same format: what a request costs, how fast answers come, and how good they are."""
from .. import plot, report
from ..client import ask
from ..guard import Guard
from ..photos import SIDE
from ..requests import FORMATS, fitted
from ..rounds import middle, mirrored, percentile

# how often a round goes through the photographs: cheap formats more often, so that each cell takes about as long
PASSES = {"jpeg": 4, "png": 1, "webp": 1, "avif": 1}
# points of SSIMULACRA2 that make a clear difference
CLEAR = 3
LEGEND = f"▲ ▼: pictures that are better or worse than Pixmill's by more than {CLEAR} points of SSIMULACRA2 are not the same work."


def cells(options):
    """Format and size with the requests of a round."""
    return {(name, size): [fitted(number, name, size) for number in range(options.photos)]
            for size in options.sizes for name in FORMATS.values()}


def run(bench):
    options = bench.options
    guard, samples = Guard(options, bench.folder), {}
    with bench.peers() as servers:
        for cell, requests in cells(options).items():
            for peer in servers.all:
                bench.tell(f"looking at answers: {peer.name}, {cell[0]} to {cell[1]} px", 0)
                if peer.does(requests[0]):
                    # unmeasured: it warms up, and each answer is looked at
                    ask(peer, requests, options.connections, guard.keep(cell, peer))
        for peer in mirrored(servers.all, bench.left("matrix"), bench.tell):
            for cell, requests in cells(options).items():
                verdict = guard.verdicts.get((cell, peer.name))
                if verdict and not verdict.fault:
                    sample = ask(peer, requests * PASSES[cell[0]], options.connections)
                    samples.setdefault((cell, peer.name), []).append(sample)
    guard.score(bench.tell)
    lines = [LEGEND, ""]
    for size in options.sizes:
        lines += summary(bench, servers.all, guard, samples, size)
    bench.write("matrix", "Each format to the same format", lines, servers.all, servers.left_out)


def summary(bench, peers, guard, samples, size):
    """The comparison at one size: a table of all formats, then one a format."""
    names = [peer.name for peer in peers]
    lines = [f"## {SIDE} px to {size} px", ""]
    head = ["CPU ms a request", *(name.upper() if name != "webp" else "WebP" for name in FORMATS.values())]
    rows, series = [], []
    for name in names:
        costs = [middle([sample.cpu_ms for sample in samples.get(((kind, size), name), [])]) for kind in FORMATS.values()]
        rows.append([name, *map(report.noisy, costs)])
        series.append((name, [cost[0] for cost in costs]))
    plot.bars(f"{bench.options.out}/matrix-cpu-{size}.svg", f"CPU a request, {SIDE} to {size} px (less is better)",
              "milliseconds", list(FORMATS.values()), series)
    lines += report.table(head, rows)
    lines += ["", f"![CPU a request](matrix-cpu-{size}.svg)", ""]
    for kind in FORMATS.values():
        lines += [f"### {kind} to {size} px", "", *detail(names, guard, samples, (kind, size)), ""]
    return lines


def detail(names, guard, samples, cell):
    head = ["server", "CPU ms", "× pixmill", "requests/s", "p50 ms", "p99 ms", "body bytes", "SSIMULACRA2 mean / worst",
            "peak MB", "rounds"]
    rows, first, better = [], None, None
    for name in names:
        verdict, seen = guard.verdicts.get((cell, name)), samples.get((cell, name), [])
        if verdict is None:
            rows.append([name, "does not do this format", *["–"] * (len(head) - 2)])
            continue
        if not seen:
            rows.append([name, f"not equal work: {verdict.fault}", *["–"] * (len(head) - 2)])
            continue
        first, better = first or seen, better or verdict
        rows.append([name, *measured(seen, first, verdict, better)])
    return report.table(head, rows)


def measured(seen, first, verdict, other):
    """The cells of a server with these samples and answers, beside those of the first server."""
    cpu, rate = middle([sample.cpu_ms for sample in seen]), middle([sample.rate for sample in seen])
    # rounds of the same number ran side by side
    ratios = [one.cpu_ms / two.cpu_ms for one, two in zip(seen, first) if one.cpu_ms and two.cpu_ms]
    latencies = [latency for sample in seen for latency in sample.latencies]
    peak = max((sample.peak for sample in seen if sample.peak), default=None)
    failed = sum(len(sample.failed) for sample in seen)
    scores = f"{verdict.mean:.1f} / {verdict.worst:.1f}{arrow(verdict, other)}" if verdict.scores else "–"
    return [report.noisy(cpu), f"{middle(ratios)[0]:.2f}" if ratios else "–", report.noisy(rate),
            report.milliseconds(percentile(latencies, 0.5)), report.milliseconds(percentile(latencies, 0.99)),
            report.number(verdict.bytes, 6), scores, report.megabytes(peak),
            f"{len(seen)}" + (f", {failed} failed" if failed else "")]


def arrow(verdict, other):
    """Marks pictures that are clearly better or worse than those of the first server."""
    if not other.scores or abs(verdict.mean - other.mean) <= CLEAR:
        return ""
    return " ▲" if verdict.mean > other.mean else " ▼"
