"""Closed-loop clients: each sends its next request after the previous response."""
import http.client
import threading
import time
from dataclasses import dataclass, field

from .process import Watch


@dataclass
class Sample:
    """Measurements of one server for one list of requests in one round; `cpu` in seconds and `peak` in bytes, or none."""

    requests: int = 0
    wall: float = 0.0
    cpu: float | None = None
    peak: int | None = None
    bytes: int = 0
    latencies: list = field(default_factory=list)
    failed: list = field(default_factory=list)

    @property
    def cpu_ms(self):
        """CPU milliseconds per request."""
        return None if self.cpu is None else 1000 * self.cpu / self.requests

    @property
    def rate(self):
        """Responses per second."""
        return (self.requests - len(self.failed)) / self.wall


def ask(peer, requests, connections, keep=None, headers=None):
    """Sends each request once over keep-alive connections; `keep` gets each request with status and body."""
    sample, waiting, lock = Sample(requests=len(requests)), iter(requests), threading.Lock()

    def client():
        connection = http.client.HTTPConnection(peer.address, timeout=120)
        while True:
            with lock:
                request = next(waiting, None)
            if request is None:
                break
            began = time.perf_counter()
            try:
                connection.request("GET", peer.path(request), headers=headers or {})
                answer = connection.getresponse()
                status, body = answer.status, answer.read()
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                status, body = type(error).__name__, b""
            took = time.perf_counter() - began
            with lock:
                sample.latencies.append(took)
                sample.bytes += len(body)
                if status != 200:
                    sample.failed.append((request, status))
            if keep:
                keep(request, status, body)
        connection.close()

    with Watch(peer.pid) as watch:
        began = time.perf_counter()
        threads = [threading.Thread(target=client) for _ in range(connections)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        sample.wall = time.perf_counter() - began
    sample.cpu, sample.peak = watch.cpu, watch.peak
    return sample
