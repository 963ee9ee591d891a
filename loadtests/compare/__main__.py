"""Runs the scenarios that SCENARIO names, by default `matrix mixed hits`. ../compare.sh prepares what it needs and calls it."""
import importlib
import signal
import sys

from .bench import Bench
from .options import Options
from .progress import Progress


def main():
    # so that servers are stopped then too
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    options = Options()
    tell = Progress(len(options.scenario))
    with Bench(options, tell) as bench:
        for name in options.scenario:
            tell.next()
            importlib.import_module(f"compare.scenarios.{name}").run(bench)
    tell.end()
    print(f"Written to {options.out}")


if __name__ == "__main__":
    main()
