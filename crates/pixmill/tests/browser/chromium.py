"""What the scripts of this folder share: the browser, its windows, and the check of accessibility."""

import os
from pathlib import Path

import axe_playwright_python

PATIENCE = 60_000
DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
WINDOWS = [("light", DESKTOP), ("dark", DESKTOP), ("light", PHONE), ("dark", PHONE)]
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()


def launch(playwright):
    path = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-dev-shm-usage"])


def axe(page, what, least=20):
    """The violations that axe-core finds, and whether the page is wider than the window. `least`: rules that must apply."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run()")
    assert len(found["passes"]) > least, found
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    violations = [(what, rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]
    return violations + ([(what, f"{wide} pixels wider than the window")] if wide > 0 else [])
