"""Each format, resized to each size in the same format: CPU, throughput, latency, memory, bytes and quality."""
from .. import plot, report
from ..client import ask
from ..guard import Guard
from ..photos import SIDE
from ..requests import FORMATS, fitted
from ..rounds import middle, mirrored, percentile

# passes over the photographs per round: more for cheap formats, so that cells take similar times
PASSES = {"jpeg": 4, "png": 1, "webp": 1, "avif": 1}
# points of SSIMULACRA2 that count as a clear difference
CLEAR = 3
LEGEND = f"▲ ▼: the image quality is more than {CLEAR} points of SSIMULACRA2 above or below that of Pixmill, so the cost is not comparable."


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
                bench.tell(f"checking responses: {peer.name}, {cell[0]} to {cell[1]} px", 0)
                if peer.does(requests[0]):
                    # not measured: warms up, and every response is checked
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
    bench.write("matrix", "Resizing in the same format", lines, servers.all, servers.left_out)


def summary(bench, peers, guard, samples, size):
    """The comparison at one size: a table of all formats, then one per format."""
    names = [peer.name for peer in peers]
    lines = [f"## {SIDE} px to {size} px", ""]
    head = ["CPU ms per request", *(name.upper() if name != "webp" else "WebP" for name in FORMATS.values())]
    rows, series = [], []
    for name in names:
        costs = [middle([sample.cpu_ms for sample in samples.get(((kind, size), name), [])]) for kind in FORMATS.values()]
        rows.append([name, *map(report.noisy, costs)])
        series.append((name, [cost[0] for cost in costs]))
    plot.bars(f"{bench.options.out}/matrix-cpu-{size}.svg", f"CPU per request, {SIDE} to {size} px (less is better)",
              "milliseconds", list(FORMATS.values()), series)
    lines += report.table(head, rows)
    lines += ["", f"![CPU per request](matrix-cpu-{size}.svg)", ""]
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
            rows.append([name, "not supported", *["–"] * (len(head) - 2)])
            continue
        if not seen:
            rows.append([name, f"not equal work: {verdict.fault}", *["–"] * (len(head) - 2)])
            continue
        first, better = first or seen, better or verdict
        rows.append([name, *measured(seen, first, verdict, better)])
    return report.table(head, rows)


def measured(seen, first, verdict, other):
    """The table cells of a server, compared with the first server."""
    cpu, rate = middle([sample.cpu_ms for sample in seen]), middle([sample.rate for sample in seen])
    # rounds with the same number ran at about the same time
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
    """Marks quality that clearly differs from that of the first server."""
    if not other.scores or abs(verdict.mean - other.mean) <= CLEAR:
        return ""
    return " ▲" if verdict.mean > other.mean else " ▼"
