"""Shared by the load tests in Python: a server on free ports, its processes and their resource usage."""
import http.client
import os
import re
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OPTIMISED = os.path.join(ROOT, "target/dist/pixmill")
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server before a folder; `settings` are environment variables without `PIXMILL__`."""

    def __init__(self, binary=OPTIMISED, origin=os.path.join(ROOT, "samples"), **settings):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIXMILL__")}
        environment["PIXMILL__LOGS__ACCESS"] = "false"
        environment.update({f"PIXMILL__{name}": str(value) for name, value in settings.items()})
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin", origin]
        # a file, not a pipe: reading a log of each request takes time from what is measured
        self.file = tempfile.NamedTemporaryFile("w+", prefix="pixmill-log-")
        self.process = subprocess.Popen(command, env=environment, stderr=self.file)
        self.address, self.admin = self._listening()

    def _listening(self, patience=60):
        """Addresses for clients and for operators, once the server has told both."""
        end = time.monotonic() + patience
        while self.process.poll() is None and time.monotonic() < end:
            address = re.search(r"^listening on http://(\S+)$", self.log, re.M)
            admin = re.search(r'"?admin"?[=:]\s*"?([\d.]+:\d+)', self.log)
            if address and admin:
                return address.group(1), admin.group(1)
            time.sleep(0.02)
        self.process.kill()
        sys.exit("the server did not come up:\n" + self.log)

    @property
    def log(self):
        """What it has logged."""
        with open(self.file.name) as file:
            return file.read()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            self.process.kill()

    def workers(self):
        """Ids of the render workers."""
        return [pid for pid in processes() if parent(pid) == self.process.pid]

    def resident(self):
        """Bytes that server and workers hold; what they share counts once (PSS)."""
        return sum(pss(pid) for pid in [self.process.pid, *self.workers()])

    def resident_of(self, pid):
        """Bytes of one of its processes (PSS)."""
        return pss(pid)

    def cpu(self):
        """CPU seconds of server and workers, those that have ended included."""
        return sum(cpu(pid, pid == self.process.pid) for pid in [self.process.pid, *self.workers()])

    def get(self, path, timeout=60):
        """Status, headers and body of one request on a connection of its own."""
        connection = http.client.HTTPConnection(self.address, timeout=timeout)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        connection.close()
        return answer.status, answer.headers, body

    def metrics(self):
        """The numbers of /metrics by name and labels."""
        connection = http.client.HTTPConnection(self.admin, timeout=60)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, value in lines}


def tree(pid):
    """Ids of a process and all that descend from it."""
    children = {}
    for other in processes():
        children.setdefault(parent(other), []).append(other)
    found, waiting = [], [pid]
    while waiting:
        found.append(waiting.pop())
        waiting += children.get(found[-1], [])
    return found


def tree_cpu(pid):
    """CPU seconds, user and system, of a process and all that descend from it, those that have ended included."""
    return sum(cpu(member, True) for member in tree(pid))


def tree_memory(pid):
    """Bytes of a process and all that descend from it; what they share counts once (PSS)."""
    return sum(pss(member) for member in tree(pid))


def processes():
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def stat(pid):
    """The fields of /proc/PID/stat behind the name."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rsplit(")", 1)[1].split()
    except OSError:
        return None


def parent(pid):
    fields = stat(pid)
    return int(fields[1]) if fields else None


def cpu(pid, with_children):
    fields = stat(pid)
    if not fields:
        return 0.0
    # utime, stime, and those of children that were waited for
    return sum(map(int, fields[11:15 if with_children else 13])) / TICKS


def pss(pid):
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return int(re.search(r"^Pss:\s+(\d+)", file.read(), re.M).group(1)) * 1024
    except (OSError, AttributeError):
        return 0
