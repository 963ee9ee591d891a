"""Overload with distinct variants in open loop: goodput, latency, and the speed of refusals.

The method of ../../overload.py, which measures Pixmill alone in more detail, applied to each server in turn.
"""
import asyncio

from overload import closed, opened

from .. import report
from ..requests import distinct
from ..rounds import percentile

LOAD = 2
SECONDS = 15
PATIENCE_TEXT = "30 s"


def run(bench):
    rows = []
    with bench.peers() as servers:
        for number, peer in enumerate(servers.all):
            bench.tell(f"overload: {peer.name}", number / len(servers.all))
            rows.append([peer.name, *asyncio.run(measure(peer, bench.options))])
    head = ["server", "capacity /s", "offered /s", "goodput", "success p50 ms", "p99 ms", "refused by 503",
            "refusal p99 ms", "no response in time", "other"]
    lines = [f"Open loop at {LOAD} times the capacity that {2 * bench.options.connections} clients in closed loop measured before, "
             f"at random times (Poisson), {SECONDS} s each; all variants are distinct. Goodput: responses of 200 within the "
             f"{SECONDS} s, divided by the capacity. No response in time: none within {PATIENCE_TEXT}.", ""]
    bench.write("overload", "Overload", lines + report.table(head, rows), servers.all, servers.left_out)


async def measure(peer, options):
    host, port = peer.address.rsplit(":", 1)
    address, targets = (host, int(port)), map(peer.path, distinct(options.photos, 1))
    await closed(address, targets, 3, 2 * options.connections)
    capacity = await closed(address, targets, SECONDS, 2 * options.connections)
    answers, _, within, _ = await opened(address, targets, SECONDS, LOAD * capacity)
    served = [took for status, _, took in answers if status == 200]
    refused = [took for status, _, took in answers if status == 503]
    silent = sum(status == 0 for status, _, _ in answers)
    return [report.number(capacity), report.number(LOAD * capacity), f"{within / SECONDS / capacity:.2f}",
            *(report.milliseconds(percentile(served, part) if served else None) for part in (0.5, 0.99)),
            f"{100 * len(refused) / len(answers):.0f} %", report.milliseconds(percentile(refused, 0.99) if refused else None),
            silent, len(answers) - len(served) - len(refused) - silent]
