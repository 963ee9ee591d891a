#!/usr/bin/env python3
"""Measures a server while its Redis is well and while it is frozen; frozen.sh starts both and calls this.

A turn freezes Redis or not, asks at once for renders nobody has asked for, one after the other, and then has wrk ask for
one that is in memory. The slowest of the renders is what the freezing costs: the first to find Redis silent.
"""
import argparse
import http.client
import os
import re
import signal
import statistics
import subprocess
import time

HIT = "/china.jpg?width=512&quality=80"
MISSES = 10
UNITS = {"us": 1, "ms": 1000, "s": 1_000_000}
widths = iter(range(40, 700))


def ask(connection, path):
    """Milliseconds, and the tier that had it."""
    began = time.perf_counter()
    connection.request("GET", path)
    answer = connection.getresponse()
    answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path}: {answer.status}")
    return 1000 * (time.perf_counter() - began), answer.getheader("x-cache")


def misses(connection):
    paths = (f"/china.jpg?width={next(widths)}&height=40" for _ in range(MISSES))
    answers = [ask(connection, path) for path in paths]
    assert all(found == "miss" for _, found in answers), answers
    return [took for took, _ in answers]


def hits(address, seconds):
    """Microseconds at the median and at the 99th percentile, and hits a second."""
    command = ["wrk", "-t1", "-c2", f"-d{seconds}s", "--latency", address + HIT]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    at = {}
    for percent in ("50", "99"):
        number, unit = re.search(rf"{percent}%\s+([\d.]+)(us|ms|s)", said).groups()
        at[percent] = float(number) * UNITS[unit]
    return at["50"], at["99"], float(re.search(r"Requests/sec:\s+([\d.]+)", said).group(1))


def entries(port):
    return int(subprocess.run(["redis-cli", "-p", port, "dbsize"], check=True, capture_output=True, text=True).stdout)


def until_shared(connection, port):
    """Waits until what is rendered gets to Redis."""
    for _ in range(100):
        before = entries(port)
        ask(connection, f"/china.jpg?width={next(widths)}&height=41")
        time.sleep(0.2)
        if entries(port) > before:
            return
    raise SystemExit("the server does not use redis")


def turn(arguments, connection, state):
    until_shared(connection, arguments.redis_port)
    if state == "frozen":
        os.kill(arguments.redis_pid, signal.SIGSTOP)
    try:
        took = misses(connection)
        ask(connection, HIT)
        return {"misses": took, "hits": hits(arguments.address, arguments.seconds)}
    finally:
        os.kill(arguments.redis_pid, signal.SIGCONT)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True)
    parser.add_argument("--redis-pid", type=int, required=True)
    parser.add_argument("--redis-port", required=True)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seconds", type=int, default=3)
    arguments = parser.parse_args()
    connection = http.client.HTTPConnection(arguments.address.removeprefix("http://"), timeout=30)
    ask(connection, HIT)
    turns = {"well": [], "frozen": []}
    for number in range(arguments.rounds):
        # who goes first changes, lest the machine's mood decide
        for state in sorted(turns, reverse=number % 2 == 0):
            turns[state].append(turn(arguments, connection, state))
    print("state    hits/s   p50 µs   p99 µs   miss median ms   first miss ms   slowest miss ms")
    for state, found in turns.items():
        p50, p99, rate = (statistics.median(one["hits"][at] for one in found) for at in range(3))
        slow = [took for one in found for took in one["misses"]]
        first = statistics.median(one["misses"][0] for one in found)
        print(f"{state:7} {rate:7.0f} {p50:8.0f} {p99:8.0f} {statistics.median(slow):16.1f} {first:15.1f} {max(slow):17.1f}")
    pairs = zip(turns["frozen"], turns["well"])
    ratios = [[one["hits"][at] / other["hits"][at] for at in range(3)] for one, other in pairs]
    p50, p99, rate = (statistics.median(ratio[at] for ratio in ratios) for at in range(3))
    print(f"frozen / well, median of neighbours: hits/s {rate:.2f}, p50 {p50:.2f}, p99 {p99:.2f}")


if __name__ == "__main__":
    main()
