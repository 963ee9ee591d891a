#!/usr/bin/env python3
"""What renders in processes of their own cost beside renders on threads: CPU a request, as a ratio per format.

    python3 loadtests/isolation.py [--binary PATH] [--rounds N] [--requests N] [--photo FILE]

Two servers without result cache take turns. The photograph is enlarged to 2040 pixels once and encoded in each format; each
request fits it into 512 x 512. Prints the median ratio over all rounds, and the memory of an idle worker (PSS).
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile

from pixmill import OPTIMISED, ROOT, Server, pss

FORMATS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}


def originals(binary, photo, folder):
    for name, ending in FORMATS.items():
        query = f"width=2040&format={name}&quality=75"
        subprocess.run([binary, "process", photo, query, "-o", f"{folder}/photo.{ending}"], check=True,
                       stdout=subprocess.DEVNULL)


def spent(server, path, requests):
    """CPU seconds of so many renders, one after the other."""
    before = server.cpu()
    for _ in range(requests):
        status, _, body = server.get(path)
        if status != 200:
            sys.exit(f"{status} for {path}: {body[:200]}")
    return server.cpu() - before


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=OPTIMISED)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=40)
    parser.add_argument("--photo", default=os.path.join(ROOT, "samples/rocket.jpg"))
    arguments = parser.parse_args()
    settings = {"CACHE__RESULTS__ENABLED": "false", "WORKERS__THREADS": "1", "LISTEN__WORKERS": "1"}
    with tempfile.TemporaryDirectory() as folder:
        originals(arguments.binary, arguments.photo, folder)
        with Server(arguments.binary, folder, **settings, WORKERS__ISOLATION="process") as process, \
                Server(arguments.binary, folder, **settings, WORKERS__ISOLATION="thread") as thread:
            idle = [pss(pid) / 2**20 for pid in process.workers()]
            print("| format | thread CPU ms | process CPU ms | ratio |\n|---|---|---|---|")
            for name, ending in FORMATS.items():
                path, ratios, times = f"/photo.{ending}?width=512&height=512", [], ([], [])
                # the dear formats need fewer requests for the same number of ticks
                requests = max(5, arguments.requests // {"jpeg": 1, "png": 3, "webp": 3, "avif": 6}[name])
                for server in (process, thread):
                    spent(server, path, 5)
                for number in range(arguments.rounds):
                    order = (process, thread) if number % 2 else (thread, process)
                    took = {server: spent(server, path, requests) for server in order}
                    ratios.append(took[process] / took[thread])
                    times[0].append(took[thread] / requests * 1e3)
                    times[1].append(took[process] / requests * 1e3)
                row = [statistics.median(values) for values in (*times, ratios)]
                print(f"| {name} | {row[0]:.1f} | {row[1]:.1f} | {row[2]:.3f} |", flush=True)
            print(f"\nAn idle worker holds {max(idle):.1f} MB of its own (PSS).")


if __name__ == "__main__":
    main()
