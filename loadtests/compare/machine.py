"""The description of a run: machine, kernel, date, settings."""
import datetime
import os
import platform
import re

from .nginx import program
from .peers import run


def _read(path):
    try:
        with open(path) as file:
            return file.read().strip()
    except OSError:
        return ""


def _processor():
    found = re.search(r"^(model name|Hardware|CPU part)\s*:\s*(.+)$", _read("/proc/cpuinfo"), re.M)
    return found.group(2) if found else platform.machine()


def _memory():
    found = re.search(r"^MemTotal:\s+(\d+)", _read("/proc/meminfo"), re.M)
    return f"{int(found.group(1)) / 2**20:.0f} GiB" if found else "unknown"


def _system():
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', _read("/etc/os-release"), re.M)
    return found.group(1) if found else platform.system()


def facts(options, photos):
    """Lines of Markdown; to be called before the load starts."""
    pages = re.search(r"\[(\w+)\]", _read("/sys/kernel/mm/transparent_hugepage/enabled"))
    return [
        f"- date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d %H:%M} UTC",
        f"- machine: {_processor()}, {os.cpu_count()} cores, {_memory()}, {platform.machine()}",
        f"- system: {_system()}, kernel {platform.release()}, transparent huge pages {pages.group(1) if pages else 'unknown'}",
        f"- load average before the run: {os.getloadavg()[0]:.1f} (client and servers share the machine)",
        f"- origin: {run(program(), '-v').removeprefix('nginx version: ')} on the loopback interface",
        f"- photographs: {photos}",
        f"- connections: {options.connections}, in closed loop unless stated otherwise",
    ]
