"""Two nodes with a shared Redis: a variant that many clients request at once from both is fetched and rendered once."""
import concurrent.futures
import shutil
import time

from pixmill import Server

from .. import report
from ..process import Process, free_port, get
from ..requests import FORMATS, fitted
from ..rounds import middle, percentile

CLIENTS = 50
ROUNDS = 10


def run(bench):
    if not shutil.which("redis-server"):
        bench.tell("cluster: skipped: needs redis-server (apt-get install redis-server)", keep=True)
        return
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    redis = Process(command, port, bench.options.path("logs", "redis.log"))
    settings = {"CACHE__REDIS__URL": f"redis://127.0.0.1:{port}"}
    try:
        listening(redis)
        with Server(bench.options.pixmill_bin, bench.origin, **settings) as one, \
                Server(bench.options.pixmill_bin, bench.origin, **settings) as two:
            for node in (one, two):
                connected(node)
            rows = [burst(bench, number, (one, two)) for number in range(ROUNDS)]
    finally:
        redis.stop()
    head = ["round", "status 200", "other", "different bodies", "origin fetches", "renders", "p50 ms", "p99 ms"]
    lines = [f"{CLIENTS} clients on each of two nodes request the same cold variant at once.", ""]
    lines += report.table(head, rows)
    lines += ["", f"Medians per variant: {middle([row[4] for row in rows])[0]:g} origin fetches, "
              f"{middle([row[5] for row in rows])[0]:g} renders."]
    bench.write("cluster", "Two nodes, one cold variant", lines)


def listening(redis, patience=30):
    """Returns once Redis has written that it takes connections."""
    end = time.monotonic() + patience
    while time.monotonic() < end and redis.process.poll() is None:
        with open(redis.log) as file:
            if "Ready to accept connections" in file.read():
                return
        time.sleep(0.02)
    raise SystemExit("redis-server did not come up")


def connected(node, patience=30):
    """Returns once a node uses its Redis."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if node.metrics().get("pixmill_redis_connected") == 1:
            return
        time.sleep(0.05)
    raise SystemExit("a node did not connect to its Redis")


def told(nodes, name):
    """The sum of a counter over its labels and all nodes."""
    return sum(value for node in nodes for key, value in node.metrics().items() if key.split("{")[0] == name)


def burst(bench, number, nodes):
    bench.tell(f"cluster: round {number + 1}", number / ROUNDS)
    # another original each round, as long as there are some
    source = list(FORMATS.values())[number // bench.options.photos % len(FORMATS)]
    request = fitted(number % bench.options.photos, source, 300 + number)
    path = f"/{request.file}?width={request.width}&height={request.height}"
    counters = ("pixmill_origin_fetches_total", "pixmill_renders_total")
    before = [told(nodes, name) for name in counters]

    def ask(client):
        began = time.perf_counter()
        status, _, body = get(nodes[client % 2].address, path)
        return status, body, time.perf_counter() - began

    with concurrent.futures.ThreadPoolExecutor(2 * CLIENTS) as pool:
        answers = list(pool.map(ask, range(2 * CLIENTS)))
    after = [told(nodes, name) for name in counters]
    good = [answer for answer in answers if answer[0] == 200]
    times = [took for _, _, took in answers]
    return [number + 1, len(good), len(answers) - len(good), len({body for _, body, _ in good}),
            *(int(late - early) for early, late in zip(before, after)),
            report.milliseconds(percentile(times, 0.5)), report.milliseconds(percentile(times, 0.99))]
