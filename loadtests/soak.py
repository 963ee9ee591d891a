#!/usr/bin/env python3
"""Asks a server without result cache for 10,000 mixed renders and prints its resident memory every 1,000.

    python3 loadtests/soak.py [--renders N] [--binary PATH]

Exits with 1 when memory after the last 1,000 is more than 15 % above memory after the first 1,000.
"""
import argparse
import concurrent.futures
import http.client
import os
import random
import re
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = ["astronaut.png", "camera.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "flower-p3.jpg",
           "rocket.jpg", "grace_hopper.jpg", "astronaut-cmyk.jpg", "astronaut-progressive.jpg", "gradient-16bit.png",
           "mill.gif", "mill.webp", "pixmill-logo.png", "pixmill-logo.svg", "quadrants-orient6.jpg"]
FORMATS = ["", "", "", "&format=jpeg", "&format=webp", "&format=png", "&format=avif"]
EXTRAS = ["", "", "", "&crop=fit", "&crop=entropy", "&crop=pad", "&rotate=90", "&rotate=13", "&flip=true", "&blur=5",
          "&trim=color", "&pad=7"]
GROWTH = 1.15


def requests(count):
    """The same mixture every time."""
    dice = random.Random(20260101)
    for _ in range(count):
        width, height = dice.randint(50, 700), dice.randint(50, 700)
        yield f"/{dice.choice(SOURCES)}?width={width}&height={height}{dice.choice(FORMATS)}{dice.choice(EXTRAS)}"


def resident(pid):
    with open(f"/proc/{pid}/status") as file:
        return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) // 1024


def start(binary):
    environment = dict(os.environ, PIXMILL__CACHE__RESULTS__ENABLED="false", PIXMILL__LOGS__ACCESS="false")
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin",
               os.path.join(ROOT, "samples")]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if line.startswith("listening on http://"):
            # the pipe must never fill up
            threading.Thread(target=server.stderr.read, daemon=True).start()
            return server, line.split("http://")[1].strip()
    sys.exit("the server did not come up")


def ask(address, paths):
    """One client with one connection; returns the failures."""
    connection, failures = http.client.HTTPConnection(address, timeout=60), []
    for path in paths:
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            failures.append(f"{answer.status} {path}")
    return failures


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--renders", type=int, default=10_000)
    parser.add_argument("--binary", default=os.path.join(ROOT, "target/release/pixmill"))
    arguments = parser.parse_args()
    server, address = start(arguments.binary)
    paths, step, seen = list(requests(arguments.renders)), arguments.renders // 10, []
    try:
        print("renders  resident MB")
        print(f"{0:>7}  {resident(server.pid):>11}")
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for done in range(0, len(paths), step):
                part = paths[done:done + step]
                for failures in pool.map(lambda i: ask(address, part[i::4]), range(4)):
                    if failures:
                        sys.exit(f"{len(failures)} requests failed, the first: {failures[0]}")
                seen.append(resident(server.pid))
                print(f"{done + len(part):>7}  {seen[-1]:>11}", flush=True)
    finally:
        server.terminate()
        server.wait(30)
    if seen[-1] > seen[0] * GROWTH:
        sys.exit(f"memory grew from {seen[0]} to {seen[-1]} MB")


if __name__ == "__main__":
    main()
