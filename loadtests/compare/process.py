"""Server processes: start, readiness, resource usage, stop."""
import http.client
import os
import signal
import socket
import subprocess
import threading
import time

from pixmill import tree, tree_cpu, tree_memory


class Failed(Exception):
    """A server that did not start; the text says why."""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(address, path, timeout=120):
    """Status, headers and body of one request on a connection of its own."""
    connection = http.client.HTTPConnection(address, timeout=timeout)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        connection.close()


class Process:
    """A server on a port of its own; `log` is a file."""

    def __init__(self, command, port, log, environment=None):
        self.address, self.log = f"127.0.0.1:{port}", log
        os.makedirs(os.path.dirname(log), exist_ok=True)
        with open(log, "w") as output:
            self.process = subprocess.Popen(command, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
                                            env={**os.environ, **(environment or {})}, start_new_session=True)
        self.pid = self.process.pid

    def wait(self, path, patience=60):
        """Returns once it answers `path` with 200."""
        end = time.monotonic() + patience
        answer = "nothing"
        while self.process.poll() is None and time.monotonic() < end:
            try:
                status, _, _ = get(self.address, path)
                if status == 200:
                    return self
                answer = status
            except OSError:
                pass
            time.sleep(0.05)
        self.stop()
        with open(self.log, errors="replace") as file:
            raise Failed(f"did not start, status {answer}: {file.read()[-600:].strip()}")

    def stop(self):
        """Terminates it and all its processes: not every server stops its children."""
        members = tree(self.pid)
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        for member in members:
            if session(member) == self.pid:
                os.kill(member, signal.SIGKILL)


def session(pid):
    """The session of a process; none if it has ended."""
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return None


class Watch:
    """CPU and peak memory (PSS) of a server with all its processes while the block runs."""

    def __init__(self, pid, period=0.25):
        self.pid, self.period, self.done = pid, period, threading.Event()
        self.cpu, self.peak = None, None

    def __enter__(self):
        if self.pid:
            self.before, self.peak = tree_cpu(self.pid), 0
            self.thread = threading.Thread(target=self._look, daemon=True)
            self.thread.start()
        return self

    def _look(self):
        while not self.done.wait(self.period):
            self.peak = max(self.peak, tree_memory(self.pid))

    def __exit__(self, *_):
        if self.pid:
            self.cpu = tree_cpu(self.pid) - self.before
            self.done.set()
            self.thread.join()
            self.peak = max(self.peak, tree_memory(self.pid))
