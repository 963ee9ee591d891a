"""What the load tests in Python share: a server on free ports, its processes, and what they use."""
import http.client
import os
import re
import subprocess
import sys
import threading

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
RELEASE = os.path.join(ROOT, "target/release/pixmill")
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    """A server before a folder; `settings` are environment variables without `PIXMILL__`."""

    def __init__(self, binary=RELEASE, origin=os.path.join(ROOT, "samples"), **settings):
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PIXMILL__")}
        environment["PIXMILL__LOGS__ACCESS"] = "false"
        environment.update({f"PIXMILL__{name}": str(value) for name, value in settings.items()})
        command = [binary, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin", origin]
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        self.log, self.address, self.admin = [], None, None
        for line in self.process.stderr:
            self.log.append(line)
            if found := re.search(r'"?admin"?[=:]\s*"?([\d.]+:\d+)', line):
                self.admin = found.group(1)
            if line.startswith("listening on http://"):
                self.address = line.split("http://")[1].strip()
            if self.address and self.admin:
                break
        else:
            sys.exit("the server did not come up:\n" + "".join(self.log))
        # the pipe must never fill up
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stderr:
            self.log.append(line)

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
