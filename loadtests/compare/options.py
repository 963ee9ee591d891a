"""Options from environment variables, and paths."""
import os
import sys
from dataclasses import dataclass, field

from pixmill import OPTIMISED, ROOT

SCENARIOS = ["matrix", "mixed", "hits", "overload", "soak", "cluster", "page"]
# default scenarios and their shares of the time
DEFAULT = {"matrix": 0.55, "mixed": 0.25, "hits": 0.2}


def _list(name, default):
    return os.environ.get(name, default).replace(",", " ").split()


@dataclass
class Options:
    """Each field is an environment variable in capitals; see ../README.md."""

    scenario: list = field(default_factory=lambda: _list("SCENARIO", " ".join(DEFAULT)))
    minutes: float = field(default_factory=lambda: float(os.environ.get("MINUTES", 5)))
    sizes: list = field(default_factory=lambda: [int(size) for size in _list("SIZES", "512")])
    photos: int = field(default_factory=lambda: int(os.environ.get("PHOTOS", 8)))
    connections: int = field(default_factory=lambda: int(os.environ.get("CONNECTIONS", os.cpu_count())))
    peers: list = field(default_factory=lambda: _list("PEERS", ""))
    pixmill_bin: str = field(default_factory=lambda: os.environ.get("PIXMILL_BIN") or OPTIMISED)
    pixmill_before: str = field(default_factory=lambda: os.environ.get("PIXMILL_BEFORE", ""))
    imgproxy_url: str = field(default_factory=lambda: os.environ.get("IMGPROXY_URL", ""))
    imagor_url: str = field(default_factory=lambda: os.environ.get("IMAGOR_URL", ""))
    out: str = field(default_factory=lambda: os.path.abspath(os.environ.get("OUT") or os.path.join(ROOT, "loadtests/results")))
    work: str = os.path.join(os.path.abspath(os.environ.get("CARGO_TARGET_DIR") or os.path.join(ROOT, "target")), "loadtest")

    def __post_init__(self):
        unknown = [name for name in self.scenario if name not in SCENARIOS]
        if unknown:
            sys.exit(f"SCENARIO={' '.join(unknown)} is unknown, expected some of: {' '.join(SCENARIOS)}")
        for binary in filter(None, (self.pixmill_bin, self.pixmill_before)):
            if not os.access(binary, os.X_OK):
                sys.exit(f"{binary} does not exist or is not executable; run: make build")
        os.makedirs(self.out, exist_ok=True)

    def seconds(self, scenario):
        """The time of a scenario: its share among those that run."""
        shares = {name: DEFAULT.get(name, 0.5) for name in self.scenario}
        return 60 * self.minutes * shares[scenario] / sum(shares.values())

    def path(self, *parts):
        """A path below target/loadtest; its folder is created."""
        path = os.path.join(self.work, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path
