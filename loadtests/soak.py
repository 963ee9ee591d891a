#!/usr/bin/env python3
"""Asks a server without result cache for mixed renders, looks at every body, and prints memory over time.

    python3 loadtests/soak.py [--requests N | --minutes M] [--killers] [--binary PATH] [--shared FOLDER]

--killers mixes in the pictures of killers.py: hostile drawings, large canvases, long animations. Memory is that of server and
workers together (PSS). Exits with 1 when a body differs from what the same request gave before, an ordinary request fails by
anything but 503 or 504, a worker is busy at the end, or memory at the end is more than 1.3 times that after the first tenth.
"""
import argparse
import collections
import concurrent.futures
import hashlib
import http.client
import os
import random
import shutil
import sys
import tempfile
import threading
import time

from killers import cases, originals
from pixmill import OPTIMISED, ROOT, Server

SOURCES = ["astronaut.png", "camera.png", "chelsea.png", "china.jpg", "coffee.png", "flower.jpg", "flower-p3.jpg",
           "rocket.jpg", "grace_hopper.jpg", "astronaut-cmyk.jpg", "astronaut-progressive.jpg", "gradient-16bit.png",
           "mill.gif", "mill.webp", "pixmill-logo.png", "pixmill-logo.svg", "quadrants-orient6.jpg"]
FORMATS = ["", "", "", "&format=jpeg", "&format=webp", "&format=png", "&format=avif"]
EXTRAS = ["", "", "", "&crop=fit", "&crop=entropy", "&crop=pad", "&rotate=90", "&rotate=13", "&flip=true", "&blur=5",
          "&trim=color", "&pad=7", "&crop=face", "&meta=true"]
DISTINCT = 3000
GROWTH = 1.3
CLIENTS = 4
DEADLINE = 5


def ordinary():
    """The same mixture every time, of so many distinct requests that each comes again."""
    dice = random.Random(20260101)
    return [f"/{dice.choice(SOURCES)}?width={dice.randint(50, 700)}&height={dice.randint(50, 700)}"
            f"{dice.choice(FORMATS)}{dice.choice(EXTRAS)}" for _ in range(DISTINCT)]


class Soak:
    def __init__(self, address, hostile, ends):
        self.address, self.hostile, self.ends = address, hostile, ends
        self.lock, self.bodies, self.faults = threading.Lock(), {}, []
        self.statuses, self.done = collections.Counter(), 0
        self.paths = ordinary()

    def next(self, dice):
        """The next request, and whether it must succeed; none at the end."""
        with self.lock:
            if self.ends(self.done):
                return None
            self.done += 1
        if self.hostile and dice.random() < 0.01:
            return "/" + dice.choice(self.hostile), False
        return dice.choice(self.paths), True

    def client(self, number):
        dice, connection = random.Random(number), http.client.HTTPConnection(self.address, timeout=60)
        while found := self.next(dice):
            path, must = found
            connection.request("GET", path)
            answer = connection.getresponse()
            self.judge(path, must, answer.status, answer.read())
        connection.close()

    def judge(self, path, must, status, body):
        with self.lock:
            self.statuses["ordinary" if must else "killer", status] += 1
            if must and status not in (200, 503, 504):
                self.faults.append(f"{status} {path} {body[:200]}")
            if status == 200 and "meta=" not in path:
                digest = hashlib.blake2b(body, digest_size=16).digest()
                if self.bodies.setdefault(path, digest) != digest:
                    self.faults.append(f"another body than before: {path}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--requests", type=int, default=10_000)
    parser.add_argument("--minutes", type=float)
    parser.add_argument("--killers", action="store_true")
    parser.add_argument("--binary", default=OPTIMISED)
    parser.add_argument("--shared", default=os.path.join(ROOT, "../shared"))
    arguments = parser.parse_args()

    def progress(done):
        if arguments.minutes:
            return (time.monotonic() - began) / (60 * arguments.minutes)
        return done / arguments.requests

    with tempfile.TemporaryDirectory() as folder:
        drawings = originals(folder, os.path.abspath(arguments.shared))
        hostile = [path for _, path in cases(drawings)] if arguments.killers else []
        for name in SOURCES:
            if not os.path.lexists(os.path.join(folder, name)):
                shutil.copy(os.path.join(ROOT, "samples", name), folder)
        settings = {"CACHE__RESULTS__ENABLED": "false", "LIMITS__DEADLINE": f"{DEADLINE}s"}
        with Server(arguments.binary, folder, **settings) as server:
            began = time.monotonic()
            soak, seen = Soak(server.address, hostile, lambda done: progress(done) >= 1), []
            print("| part | requests | memory MB | server alone MB |\n|---|---|---|---|")
            with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
                clients = [pool.submit(soak.client, number) for number in range(CLIENTS)]
                for tenth in range(1, 11):
                    while progress(soak.done) < tenth / 10 and not all(client.done() for client in clients):
                        time.sleep(0.2)
                    seen.append(settled(server))
                    alone = server.resident_of(server.process.pid) / 2**20
                    print(f"| {tenth}/10 | {soak.done} | {seen[-1]:.0f} | {alone:.0f} |", flush=True)
                for client in clients:
                    client.result()
            time.sleep(DEADLINE)
            told = server.metrics()
    report(soak, seen, told)


def settled(server):
    """The least memory of a few looks, since a single one may fall into a large render."""
    looks = []
    for _ in range(10):
        looks.append(server.resident() / 2**20)
        time.sleep(0.2)
    return min(looks)


def report(soak, seen, told):
    for (kind, status), count in sorted(soak.statuses.items()):
        print(f"{kind} {status}: {count}")
    for name, value in told.items():
        if name.startswith(("pixmill_render_", "pixmill_quarantined")) and "bucket" not in name and value:
            print(f"{name} {value:g}")
    faults = soak.faults
    if not soak.done:
        faults.append("no request was sent")
    if told.get('pixmill_render_workers{state="busy"}'):
        faults.append("a worker is still busy")
    if seen[-1] > seen[0] * GROWTH:
        faults.append(f"memory grew from {seen[0]:.0f} to {seen[-1]:.0f} MB")
    if faults:
        sys.exit(f"{len(faults)} faults, the first: {faults[0]}")


if __name__ == "__main__":
    main()
