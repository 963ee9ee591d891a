"""What the scenarios share: options, photographs, the origin, and the running servers."""
from . import machine, nginx, peers, photos, report
from .process import Process, free_port
from .requests import fitted


class Bench:
    """The origin runs within the `with` block; the scenarios start the peers that they need."""

    def __init__(self, options, tell):
        self.options, self.tell = options, tell
        self.folder, made_of = photos.make(options, tell)
        self.facts = machine.facts(options, made_of)

    def __enter__(self):
        port = free_port()
        self.origin = f"http://127.0.0.1:{port}"
        command = nginx.command(self.options.path("nginx-origin", ""), nginx.FILES, port=port, root=self.folder)
        self.server = Process(command, port, self.options.path("logs", "nginx-origin.log"))
        self.server.wait(f"/{fitted(0, 'jpeg', 1).file}")
        return self

    def __exit__(self, *_):
        self.server.stop()

    def left(self, scenario):
        """Seconds for rounds: the remaining time of the scenario, minus a reserve for scoring."""
        return 0.85 * self.options.seconds(scenario) - self.tell.since()

    def peers(self):
        """The servers of the comparison: a context that stops them."""
        return Running(self)

    def write(self, name, title, lines, servers=(), left_out=None):
        """Writes a result with the description of machine and versions."""
        self.tell.end()
        head = [f"# {title}", "", f"`make loadtest SCENARIO={name}`", "", *self.facts, ""]
        about = [*report.versions(servers, left_out or {}), ""] if servers else []
        report.write(self.options, name, [*head, *about, *lines])


class Running:
    def __init__(self, bench):
        self.bench = bench

    def __enter__(self):
        probe = fitted(0, "jpeg", 100)
        self.all, self.left_out = peers.start(self.bench.options, self.bench.origin, probe, self.bench.tell)
        return self

    def __exit__(self, *_):
        for peer in self.all:
            peer.stop()
