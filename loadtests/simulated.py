#!/usr/bin/env python3
"""Compares the simulation of docs/scale.md with real nodes and a real Redis, for the same sequence of requests.

    cargo run --package simulation -- --sequence 3 any > sequence.tsv     # or: 1 any, 3 hash
    loadtests/simulated.py target/dist/pixmill sequence.tsv

The file has what was simulated, then one request per line: variant and node. Requests are sent one after the other. Exits with 1 if a
share of the requests differs by more than 2 percentage points, or a count by more than 8 %.
"""

import collections
import http.client
import http.server
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time

SAMPLES = pathlib.Path(__file__).parent.parent / "samples"
POINTS, RATIO = 2.0, 0.08


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Origin(http.server.BaseHTTPRequestHandler):
    """Serves one photograph under every name."""

    protocol_version = "HTTP/1.1"
    body = (SAMPLES / "china.jpg").read_bytes()
    requests = 0

    def do_GET(self):
        Origin.requests += 1
        self.send_response(200)
        for name, value in [("Content-Length", len(self.body)), ("Cache-Control", "max-age=86400"), ("ETag", '"1"')]:
            self.send_header(name, str(value))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *_):
        pass


def get(port, target):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", target)
    response = connection.getresponse()
    body = response.read()
    connection.close()
    return response, body


def wait(what, condition):
    for _ in range(600):
        try:
            if condition():
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit(f"not in time: {what}")


def commands(port):
    """Scripts of leases that Redis has run, and GET commands outside of scripts.

    Each release of a lease has two DEL and a GET, so that there are as many DEL as scripts that acquire or release. The script by which
    nodes follow the purge log, every second, has a GET and an XREVRANGE.
    """
    with socket.create_connection(("127.0.0.1", port)) as redis:
        redis.sendall(b"INFO commandstats\r\nQUIT\r\n")
        text = b"".join(iter(lambda: redis.recv(65536), b"")).decode()
    calls = {name: int(count) for name, count in re.findall(r"cmdstat_(\w+):calls=(\d+)", text)}
    scripts = calls.get("del", 0)
    return scripts, calls.get("get", 0) - scripts // 2 - calls.get("xrevrange", 0)


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    program, sequence = sys.argv[1], pathlib.Path(sys.argv[2]).read_text().splitlines()
    simulated = {name: float(value) for name, value in (field.split("=") for field in sequence[0].split("\t"))}
    requests = [tuple(map(int, line.split("\t"))) for line in sequence[1:]]
    real = run(program, requests, int(simulated.pop("nodes")), int(simulated.pop("variants per original")))
    failed = False
    for name, expected in simulated.items():
        found = real[name]
        tolerance = POINTS if name.endswith("%") else RATIO * found
        differs = abs(found - expected) > tolerance
        failed |= differs
        print(f"{name:24} real {found:9.1f}  simulated {expected:9.1f}  {'DIFFERS' if differs else 'ok'}")
    sys.exit(failed)


def run(program, requests, number, variants):
    origin = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Origin)
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    redis_port, processes = free_port(), []
    with tempfile.TemporaryDirectory() as folder:
        redis = ["redis-server", "--port", str(redis_port), "--save", "", "--dir", folder]
        processes.append(subprocess.Popen(redis, stdout=subprocess.DEVNULL))
        try:
            nodes = [start(program, redis_port, origin.server_port, processes) for _ in range(number)]
            return replay(nodes, redis_port, requests, variants)
        finally:
            for process in processes:
                process.kill()
                process.wait()


def start(program, redis_port, origin_port, processes):
    port, admin = free_port(), free_port()
    settings = {
        "LISTEN__ADDRESS": f"127.0.0.1:{port}",
        "ADMIN__ADDRESS": f"127.0.0.1:{admin}",
        "ORIGIN__URL": f"http://127.0.0.1:{origin_port}",
        "CACHE__REDIS__URL": f"redis://127.0.0.1:{redis_port}",
        "CACHE__REDIS__TIMEOUT": "5s",
        "CACHE__MEMORY__MAX_BYTES": "2MiB",
        "CACHE__MEMORY__ORIGINALS_PERCENT": "50",
        "WORKERS__THREADS": "2",
    }
    environment = {f"PIXMILL__{name}": value for name, value in settings.items()}
    if library := os.environ.get("LD_LIBRARY_PATH"):
        environment["LD_LIBRARY_PATH"] = library
    processes.append(subprocess.Popen([program, "serve"], env=environment, stderr=subprocess.DEVNULL))
    wait("a node uses Redis", lambda: b"pixmill_redis_connected 1" in get(admin, "/metrics")[1])
    return port


def replay(nodes, redis_port, requests, variants):
    before, fetched, sources = commands(redis_port), Origin.requests, collections.Counter()
    for variant, node in requests:
        target = f"/{variant // variants}.jpg?width={60 + variant % variants}&format=png"
        response, _ = get(nodes[node], target)
        if response.status != 200:
            sys.exit(f"{target}: {response.status}")
        sources[response.getheader("X-Cache")] += 1
    after = commands(redis_port)
    share = lambda source: 100.0 * sources[source] / len(requests)
    return {
        "memory hits %": share("hit-memory"),
        "redis hits %": share("hit-redis"),
        "built %": share("miss"),
        "fetches": Origin.requests - fetched,
        "scripts": after[0] - before[0],
        "look-ups in redis": after[1] - before[1],
    }


if __name__ == "__main__":
    main()
