#!/usr/bin/env python3
"""Asks for more renders than a server can do, and prints what becomes of them as a table in Markdown.

    python3 loadtests/overload.py [--binary PATH] [--seconds N] [--loads 2,10] [--threads N]

No two requests ask for the same variant. The capacity is measured in closed loop: as many clients as twice the render threads,
each asks for the next one when it has its answer. Then requests come in open loop, at random times (Poisson), so many times as
often as the capacity allows. Goodput is what was answered with 200, by the capacity. `/health` is asked five times a second.
"""
import argparse
import asyncio
import os
import random
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = ["china.jpg", "flower.jpg", "rocket.jpg", "grace_hopper.jpg", "chelsea.png", "coffee.png", "astronaut.png",
           "mill.webp", "astronaut-progressive.jpg"]
# a thumbnail is asked for more often than a large picture; AVIF is what is dear
FORMATS = ["jpeg"] * 5 + ["webp"] * 4 + ["avif"]
# after this the table says `none`: the server's own deadline is 20 s
PATIENCE = 30


def variants(seed):
    """Targets, none of them twice."""
    dice, asked = random.Random(seed), set()
    while True:
        width, height = int(20 * 40 ** dice.random()), int(20 * 40 ** dice.random())
        target = (f"/{dice.choice(SOURCES)}?width={width}&height={height}&crop=stretch"
                  f"&quality={dice.randint(30, 95)}&format={dice.choice(FORMATS)}")
        if target not in asked:
            asked.add(target)
            yield target


def start(binary, threads):
    environment = dict(os.environ, PIXMILL__LOGS__ACCESS="false", PIXMILL__WORKERS__THREADS=str(threads))
    command = [binary, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin",
               os.path.join(ROOT, "samples")]
    server = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    for line in server.stderr:
        if line.startswith("listening on http://"):
            # the pipe must never fill up
            threading.Thread(target=server.stderr.read, daemon=True).start()
            host, port = line.split("http://")[1].strip().rsplit(":", 1)
            return server, host, int(port)
    sys.exit("the server did not come up")


async def ask(address, target):
    """Status, Retry-After and seconds of a request on a connection of its own; status 0 if there was no answer."""
    began = time.perf_counter()
    status, retry = 0, ""
    try:
        async with asyncio.timeout(PATIENCE):
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(f"GET {target} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n".encode())
                head, _, _ = (await reader.read()).partition(b"\r\n\r\n")
                lines = head.decode("latin-1").split("\r\n")
                status = int(lines[0].split()[1])
                retry = next((line.split(":")[1].strip() for line in lines if line.lower().startswith("retry-after:")), "")
            finally:
                writer.close()
    except (OSError, TimeoutError, IndexError, ValueError):
        pass
    return status, retry, time.perf_counter() - began


async def closed(address, targets, seconds, clients):
    """Answers a second when each client waits for its answer."""
    end, done = time.perf_counter() + seconds, 0

    async def client():
        nonlocal done
        while time.perf_counter() < end:
            status, _, _ = await ask(address, next(targets))
            done += status == 200 and time.perf_counter() <= end

    await asyncio.gather(*(client() for _ in range(clients)))
    return done / seconds


async def opened(address, targets, seconds, rate):
    """What became of requests that come at random times, whatever becomes of those before, and how `/health` was."""
    dice, tasks, began = random.Random(1), [], time.perf_counter()
    health = []

    async def probe():
        while True:
            health.append(await ask(address, "/health"))
            await asyncio.sleep(0.2)

    probing = asyncio.create_task(probe())
    due = began
    while due < began + seconds:
        await asyncio.sleep(max(0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(ask(address, next(targets))))
        due += dice.expovariate(rate)
    lag = time.perf_counter() - due
    within = sum(task.done() and task.result()[0] == 200 for task in tasks)
    answers = await asyncio.gather(*tasks)
    probing.cancel()
    return answers, health, within, lag


def percentile(values, part):
    values = sorted(values)
    return f"{1000 * values[min(len(values) - 1, int(len(values) * part))]:.0f}" if values else "–"


def row(load, rate, seconds, capacity, run):
    answers, health, within, lag = run
    served = [took for status, _, took in answers if status == 200]
    refused = [took for status, _, took in answers if status == 503]
    late = sum(took > 0.5 for took in refused)
    other = len(answers) - len(served) - len(refused)
    alive = [took for status, _, took in health if status == 200]
    cells = [f"{load:g}×", f"{rate:.0f}", len(answers), f"{within / seconds / capacity:.2f}",
             percentile(served, 0.5), percentile(served, 0.99), f"{100 * len(refused) / max(1, len(answers)):.0f} %",
             percentile(refused, 0.5), percentile(refused, 0.99), late, other,
             f"{percentile(alive, 0.5)} / {percentile(alive, 1.0)} ({len(health) - len(alive)} failed)", f"{1000 * lag:.0f}"]
    print("| " + " | ".join(map(str, cells)) + " |", flush=True)


async def measure(address, arguments):
    targets = variants(20260101)
    # originals are in the cache, predictions are corrected
    await closed(address, targets, arguments.warm_up, 2 * arguments.threads)
    capacity = await closed(address, targets, arguments.seconds, 2 * arguments.threads)
    print(f"Capacity in closed loop with {2 * arguments.threads} clients: {capacity:.1f} answers a second, "
          f"{arguments.threads} render threads.\n")
    print("| load | requests a second | requests | goodput | success p50 ms | p99 ms | refused | refusal p50 ms | p99 ms "
          "| refused late | other | health p50 / max ms | client late ms |")
    print("|---|---|---|---|---|---|---|---|---|---|---|---|---|")
    for load in arguments.loads:
        run = await opened(address, targets, arguments.seconds, load * capacity)
        row(load, load * capacity, arguments.seconds, capacity, run)
        # the queue empties, and the overload is forgotten
        await asyncio.sleep(3)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", default=os.path.join(ROOT, "target/dist/pixmill"))
    parser.add_argument("--seconds", type=float, default=30, help="how long each part takes")
    parser.add_argument("--warm-up", type=float, default=5)
    parser.add_argument("--loads", type=lambda text: [float(load) for load in text.split(",")], default=[2, 10])
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="render threads of the server")
    arguments = parser.parse_args()
    if not os.path.exists(arguments.binary):
        sys.exit(f"{arguments.binary} is not there: make build")
    server, host, port = start(arguments.binary, arguments.threads)
    try:
        asyncio.run(measure((host, port), arguments))
    finally:
        server.terminate()
        server.wait(60)


if __name__ == "__main__":
    main()
