"""Runs ../../soak.py for MINUTES and stores its output as a result."""
import subprocess
import sys

from pixmill import ROOT


def run(bench):
    options = bench.options
    command = [sys.executable, f"{ROOT}/loadtests/soak.py", "--minutes", str(options.minutes), "--binary", options.pixmill_bin]
    bench.tell(f"soak: {options.minutes:g} minutes", 0)
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    table = [line for line in done.stdout.splitlines() if line.startswith("|")]
    others = [f"- {line}" for line in done.stdout.splitlines() if line and not line.startswith("|")]
    bench.write("soak", f"Memory over {options.minutes:g} minutes", [*table, "", *others])
    if done.returncode:
        sys.exit(f"soak failed: {others[-1] if others else done.returncode}")
