"""A mixture like that of a site: sizes from 100 to 1600 px, weighted formats, conversions, one image in four cropped."""
from ..client import ask
from ..guard import Guard
from ..requests import mixture
from ..rounds import mirrored
from .matrix import LEGEND, detail

REQUESTS = 32
CELL = "mixed"


def run(bench):
    options, requests = bench.options, mixture(REQUESTS, bench.options.photos)
    guard, samples = Guard(options, bench.folder), {}
    with bench.peers() as servers:
        able = [peer for peer in servers.all if all(map(peer.does, requests))]
        for peer in able:
            bench.tell(f"checking responses: {peer.name}", 0)
            ask(peer, requests, options.connections, guard.keep(CELL, peer))
        able = [peer for peer in able if not guard.verdicts[CELL, peer.name].fault]
        for peer in mirrored(able, bench.left("mixed"), bench.tell):
            samples.setdefault((CELL, peer.name), []).append(ask(peer, requests, options.connections))
    guard.score(bench.tell)
    sources, outputs = ([getattr(request, side) for request in requests] for side in ("source", "output"))
    lines = [f"{REQUESTS} requests per round: originals {counts(sources)}; responses {counts(outputs)}; "
             f"{sum(request.crop for request in requests)} cropped.", "", LEGEND, ""]
    lines += detail([peer.name for peer in servers.all], guard, samples, CELL)
    bench.write("mixed", "Mixed requests", lines, servers.all, servers.left_out)


def counts(names):
    """`19 jpeg, 8 png`."""
    return ", ".join(f"{names.count(name)} {name}" for name in dict.fromkeys(sorted(names)))
