#!/usr/bin/env python3
"""Opens clients that ask for large answers and never read, and clients that never finish their request.

    python3 loadtests/silent_readers.py [--binary PATH] [--readers N] [--heads N]

Prints resident memory before and meanwhile, how long `/health` and a hit take meanwhile, and how long the server needs to
end. Exits with 1 when the silent readers cost more than 32 MB, when either of the two takes more than a second, or when
the end takes longer than ten seconds.
"""
import argparse
import http.client
import os
import re
import resource
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
MOST_MB = 32
MOST_SECONDS = 1
MOST_END_SECONDS = 10
# an original as it is, several MB, and a PNG that is drawn
TARGETS = ["/large.jpg", "/china.jpg?width=2000&height=1400&crop=fit&enlarge=true&format=png"]
HIT = "/china.jpg?width=100"


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) / 1024


def kernel_buffers():
    """Memory of all TCP sockets of the machine, in MB: pages of the `mem` field."""
    with open("/proc/net/sockstat") as file:
        return int(re.search(r"TCP:.* mem (\d+)", file.read()).group(1)) * resource.getpagesize() / 2**20


def originals(folder):
    """The sample picture, and the same with 8 MB behind its end, which decoders do not mind."""
    with open(os.path.join(ROOT, "samples", "china.jpg"), "rb") as file:
        picture = file.read()
    for name, tail in [("china.jpg", b""), ("large.jpg", os.urandom(8 << 20))]:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(picture + tail)


def start(binary, folder):
    environment = dict(os.environ, PIXMILL__LOGS__ACCESS="false", PIXMILL__LOGS__FILTER="warn")
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin", folder]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if line.startswith("listening on http://"):
            # the pipe must never fill up
            threading.Thread(target=server.stderr.read, daemon=True).start()
            host, port = line.split("http://")[1].strip().rsplit(":", 1)
            return server, (host, int(port))
    sys.exit("the server did not come up")


def ask(address, target):
    """The seconds that it took, on a connection of its own."""
    began = time.monotonic()
    connection = http.client.HTTPConnection(*address, timeout=60)
    connection.request("GET", target)
    answer = connection.getresponse()
    length = len(answer.read())
    connection.close()
    if answer.status != 200:
        sys.exit(f"{answer.status} {target}")
    return time.monotonic() - began, length


def silent(address, sent):
    client = socket.socket()
    # what the kernel takes for the client is no business of the server
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(address)
    client.sendall(sent.encode())
    return client


def meanwhile(address):
    """The worst of twenty, in seconds."""
    return {target: max(ask(address, target)[0] for _ in range(20)) for target in ["/health", HIT]}


def settled(pid):
    """Resident memory once it stands still for a second: the median of five readings."""
    readings = []
    for _ in range(5):
        time.sleep(1)
        readings.append(resident(pid))
    return statistics.median(readings)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(ROOT, "target/dist/pixmill"))
    parser.add_argument("--readers", type=int, default=300)
    parser.add_argument("--heads", type=int, default=2000)
    arguments = parser.parse_args()
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    faults = []
    with tempfile.TemporaryDirectory() as folder:
        originals(folder)
        server, address = start(arguments.binary, folder)
        try:
            for target in [*TARGETS, HIT]:
                print(f"{ask(address, target)[1] / 2**20:6.2f} MB  {target}")
            # connections and their buffers are there once
            for _ in range(100):
                ask(address, TARGETS[0])
            before, buffers = settled(server.pid), kernel_buffers()
            readers = [silent(address, f"GET {TARGETS[i % 2]} HTTP/1.1\r\nHost: a\r\n\r\n")
                       for i in range(arguments.readers)]
            after, slowest = settled(server.pid), meanwhile(address)
            print(f"{arguments.readers} silent readers: resident {before:.1f} -> {after:.1f} MB ({after - before:+.1f}), "
                  f"kernel {kernel_buffers() - buffers:+.1f} MB")
            print("  slowest of 20: " + ", ".join(f"{target} {1000 * took:.1f} ms" for target, took in slowest.items()))
            if after - before > MOST_MB:
                faults.append(f"silent readers cost {after - before:.1f} MB, expected at most {MOST_MB}")
            faults += [f"{target} took {took:.2f} s" for target, took in slowest.items() if took > MOST_SECONDS]

            before = resident(server.pid)
            heads = [silent(address, "GET / HTTP/1.1\r\nHost: a\r\n") for _ in range(arguments.heads)]
            slowest = meanwhile(address)
            after = resident(server.pid)
            print(f"{arguments.heads} unfinished heads: resident {before:.1f} -> {after:.1f} MB ({after - before:+.1f})")
            print("  slowest of 20: " + ", ".join(f"{target} {1000 * took:.1f} ms" for target, took in slowest.items()))
            faults += [f"{target} took {took:.2f} s" for target, took in slowest.items() if took > MOST_SECONDS]

            began = time.monotonic()
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=120)
            ended = time.monotonic() - began
            print(f"the end took {ended:.1f} s with all of them open")
            if ended > MOST_END_SECONDS:
                faults.append(f"the end took {ended:.1f} s")
            del readers, heads
        finally:
            server.kill()
    print("\n".join(faults) or "all is well")
    sys.exit(bool(faults))


if __name__ == "__main__":
    main()
