"""A page: eight widths of one cold original, requested at once. With one decode for all of them, and with one each."""
import os
import shutil

from .. import photos, report
from ..client import ask
from ..peers import Pixmill
from ..requests import ENDINGS, FORMATS, QUALITY, Request
from ..rounds import middle, mirrored, percentile

WIDTHS = [320, 480, 640, 800, 960, 1200, 1600, 1920]
# fits inside: only the width counts
HEIGHT = 10_000
# formats of original and response; `auto` is what the server chooses for a client that accepts AVIF and WebP
KINDS = [*((name, name) for name in FORMATS.values()), ("jpeg", "auto")]
ACCEPT = {"Accept": "image/avif,image/webp,*/*"}
CACHES = {"CACHE__RESULTS__ENABLED": "true", "CACHE__ORIGINALS__ENABLED": "true"}
METRIC = "pixmill_shared_decodes_total"


def run(bench):
    servers, samples, bodies = [], {}, {}
    try:
        start(bench, servers)
        for number, peer in enumerate(mirrored(servers, bench.left("page"), bench.tell)):
            for kind in KINDS:
                one, shared = pages(bench, peer, kind, number, bodies)
                samples.setdefault((peer.name, kind), []).append((one, shared))
    finally:
        for peer in servers:
            peer.stop()
        shutil.rmtree(os.path.join(bench.folder, "page"), ignore_errors=True)
    lines = [f"Widths {', '.join(map(str, WIDTHS))} px, each on a connection of its own, all sent at once; one page after the other, "
             f"{bench.options.photos} pages per round, each with another original that is not in a cache. `each for itself` is the same "
             "binary with `workers.share_decodes = false`. The responses of all servers are compared, and are equal byte for byte.", ""]
    bench.write("page", "A page of eight widths", lines + summary(samples), servers)


def start(bench, servers):
    """Starts the servers: with shared decodes, without, and the other binary."""
    options, origin = bench.options, bench.origin
    servers.append(Pixmill("pixmill", options.pixmill_bin, origin, **CACHES))
    servers.append(Pixmill("each for itself", options.pixmill_bin, origin, **CACHES, WORKERS__SHARE_DECODES="false"))
    if options.pixmill_before:
        servers.append(Pixmill("before", options.pixmill_before, origin, **CACHES))


def pages(bench, peer, kind, number, bodies):
    """Requests a page of each photograph. Returns the samples of the pages and the number of shared decodes per page."""
    found, before = [], peer.server.metrics().get(METRIC, 0)
    for photo in range(bench.options.photos):
        requests = page(bench, photo, kind, number)

        def keep(request, status, body):
            expected = bodies.setdefault((kind, photo, request.width), body)
            if status != 200 or body != expected:
                raise SystemExit(f"{peer.name}: {request}: status {status}, {len(body)} bytes instead of {len(expected)}")

        found.append(ask(peer, requests, len(requests), keep, ACCEPT))
    return found, (peer.server.metrics().get(METRIC, 0) - before) / bench.options.photos


def page(bench, photo, kind, number):
    """The requests of a page, with an original that no page before had: a copy under another name."""
    source, output = kind
    name = f"page/{number}-{output}-{photos.name(photo)}"
    copy = f"{bench.folder}{name}.{ENDINGS[source]}"
    os.makedirs(os.path.dirname(copy), exist_ok=True)
    if not os.path.exists(copy):
        os.link(f"{bench.folder}{photos.name(photo)}.{ENDINGS[source]}", copy)
    quality = QUALITY.get(output, 0)
    return [Request(name, source, width, HEIGHT, output, quality=quality) for width in WIDTHS]


def summary(samples):
    head = ["original → response", "server", "CPU ms per page", "× each for itself", "page ms p50", "p95", "× each for itself",
            "shared decodes of 8", "peak MB", "rounds"]
    names = list(dict.fromkeys(name for name, _ in samples))
    rows = []
    for kind in KINDS:
        other = samples[names[1], kind]
        for name in names:
            rows.append([" → ".join(kind), name, *measured(samples[name, kind], other)])
    return report.table(head, rows)


def measured(rounds, others):
    """The table cells of a server."""
    cpu, wall = [list(map(costs, rounds)) for costs in (cpu_ms, wall_ms)]
    ratios = [middle([one / two for one, two in zip(mine, map(costs, others))])[0]
              for mine, costs in ((cpu, cpu_ms), (wall, wall_ms))]
    pages_ms = [page.wall for found, _ in rounds for page in found]
    peak = max(page.peak for found, _ in rounds for page in found)
    return [report.noisy(middle(cpu)), f"{ratios[0]:.2f}", report.milliseconds(percentile(pages_ms, 0.5)),
            report.milliseconds(percentile(pages_ms, 0.95)), f"{ratios[1]:.2f}",
            f"{middle([shared for _, shared in rounds])[0]:.1f}", report.megabytes(peak), len(rounds)]


def cpu_ms(one):
    """CPU milliseconds per page of a round."""
    return 1000 * sum(page.cpu for page in one[0]) / len(one[0])


def wall_ms(one):
    """Mean time from the first request of a page to its last response, in milliseconds."""
    return 1000 * sum(page.wall for page in one[0]) / len(one[0])
