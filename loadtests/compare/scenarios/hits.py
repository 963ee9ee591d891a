"""Hits in the memory cache over 32 keep-alive connections, compared with nginx serving the same bytes: static, and proxy_cache."""
import re
import subprocess

from .. import nginx, report
from ..peers import Peer, Pixmill, run as printed
from ..process import Process, Watch, free_port, get
from ..requests import fitted
from ..rounds import middle, mirrored

CONNECTIONS = 32
SECONDS = 3
CACHES = {"CACHE__RESULTS__ENABLED": "true", "CACHE__ORIGINALS__ENABLED": "true"}


class Nginx(Peer):
    """nginx serving the response as a file, or from its cache."""

    def __init__(self, bench, name, text, **values):
        port = free_port()
        folder = bench.options.path(f"nginx-{name.split()[-1]}", "")
        server = Process(nginx.command(folder, text, port=port, **values), port, bench.options.path("logs", f"{name}.log"))
        super().__init__(name, server, printed(nginx.program(), "-v").removeprefix("nginx version: "), server.pid)


def run(bench):
    if not printed("sh", "-c", "command -v wrk"):
        bench.tell("hits: skipped: needs wrk (apt-get install wrk)", keep=True)
        return
    request, servers = fitted(0, "jpeg", 512), []
    try:
        target = start(bench, request, servers)
        samples = {}
        seconds = bench.left("hits")
        # two pairs of rounds fit, of at least a second each
        length = max(1, min(SECONDS, int(seconds / (4 * len(servers)))))
        for peer in mirrored(servers, seconds, bench.tell):
            samples.setdefault(peer.name, []).append(measure(peer, target(peer), length))
    finally:
        for peer in servers:
            peer.stop()
    lines = [f"{CONNECTIONS} keep-alive connections, one thread of wrk, rounds of {length} s, a JPEG of {bench.bytes:,} bytes.", ""]
    bench.write("hits", "Hits in memory", lines + summary(samples), servers)


def start(bench, request, servers):
    """Starts all servers into `servers`, with the response cached. Returns a function from a server to the path."""
    binaries = {"pixmill": bench.options.pixmill_bin, "before": bench.options.pixmill_before}
    for name, binary in binaries.items():
        if binary:
            servers.append(Pixmill(name, binary, bench.origin, **CACHES))
            servers.append(Pixmill(f"{name}, access log", binary, bench.origin, **CACHES, LOGS__ACCESS="true"))
    path = servers[0].path(request)
    for peer in servers:
        status, _, body = get(peer.address, path)
        if status != 200 or "hit" not in get(peer.address, path)[1].get("x-cache", ""):
            raise SystemExit(f"{peer.name} responded {status} without a cache hit: {body[:200]}")
    bench.bytes, file = len(body), "/answer.jpg"
    root = bench.options.path("hits", "")
    with open(f"{root}{file}", "wb") as output:
        output.write(body)
    servers.append(Nginx(bench, "nginx static", nginx.FILES, root=root))
    servers.append(Nginx(bench, "nginx proxy_cache", nginx.CACHE, origin=f"http://{servers[-1].address}"))
    for peer in servers[-2:]:
        peer.server.wait(file)
    return lambda peer: file if isinstance(peer, Nginx) else path


def measure(peer, path, seconds):
    """Requests per second, CPU microseconds per request, p50 and p99 in milliseconds, peak bytes."""
    with Watch(peer.pid) as watch:
        text = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://{peer.address}{path}"],
                              capture_output=True, text=True, check=True).stdout
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", text)
    if failed:
        raise SystemExit(f"{peer.name}: {failed.group(0)}")
    requests = int(re.search(r"(\d+) requests in", text).group(1))
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1))
    return {"rate": rate, "cpu": 1e6 * watch.cpu / requests, "p50": latency(text, "50"), "p99": latency(text, "99"),
            "peak": watch.peak}


def latency(text, part):
    value, unit = re.search(rf"^\s+{part}%\s+([\d.]+)(us|ms|s)", text, re.M).groups()
    return float(value) * {"us": 0.001, "ms": 1, "s": 1000}[unit]


def summary(samples):
    def of(name, what):
        return middle([sample[what] for sample in samples[name]])

    static, cache = of("nginx static", "rate")[0], of("nginx proxy_cache", "cpu")[0]
    rows = []
    for name in samples:
        rate, cpu = of(name, "rate"), of(name, "cpu")
        rows.append([name, report.noisy(rate), f"{rate[0] / static:.2f}", report.noisy(cpu), f"{cpu[0] / cache:.2f}",
                     report.number(of(name, "p50")[0]), report.number(of(name, "p99")[0]),
                     report.megabytes(max(sample["peak"] for sample in samples[name])), len(samples[name])])
    return report.table(["server", "requests/s", "× nginx static", "CPU µs per request", "× nginx proxy_cache", "p50 ms", "p99 ms",
                         "peak MB", "rounds"], rows)
