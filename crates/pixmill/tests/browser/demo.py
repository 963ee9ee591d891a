"""Uses the page of docs/demo in Chromium: the argument is its URL.

Without an option it checks the page, as the tests do. --figures loads it as originals and with Pixmill over slow networks, and
prints what is in docs/demo.md; --placeholders writes the placeholders into the page; --screenshot FILE makes the picture of docs/demo.md.
"""

import argparse
import base64
import re
import statistics
from pathlib import Path
from urllib.request import Request, urlopen

from chromium import DESKTOP, PATIENCE, PHONE, WINDOWS, axe, launch
from playwright.sync_api import expect, sync_playwright

DEMO = Path(__file__).resolve().parents[4] / "docs/demo"
PAGES = {"Pixmill": "/", "originals": "/?pictures=originals"}
# the presets of Chromium's developer tools: bits per second in both directions, milliseconds per round trip
NETWORKS = {"Fast 4G": (8_100_000, 1_350_000, 165), "Slow 4G": (1_440_000, 675_000, 562.5)}
RUNS = 5
LCP = """() => new Promise(done => new PerformanceObserver(list => {
  const last = list.getEntries().at(-1);
  done({ time: last.startTime, url: last.url });
}).observe({ type: "largest-contentful-paint", buffered: true }))"""


class Visit:
    """The page in a context of its own, which collects what must not happen and how many bytes of pictures come."""

    def __init__(self, browser, url, viewport, network=None, **context):
        self.url, self.problems, self.bytes, self.kinds = url, [], 0, {}
        density = 3 if viewport is PHONE else 1
        self.context = browser.new_context(viewport=viewport, device_scale_factor=density, is_mobile=viewport is PHONE, **context)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("requestfailed", self.failed)
        self.page.on("response", self.answered)
        session = self.context.new_cdp_session(self.page)
        session.send("Network.enable")
        session.on("Network.responseReceived", self.received)
        session.on("Network.loadingFinished", self.finished)
        if network:
            down, up, latency = network
            throttle = {"offline": False, "downloadThroughput": down / 8, "uploadThroughput": up / 8, "latency": latency}
            session.send("Network.emulateNetworkConditions", throttle)

    def failed(self, request):
        # a video is requested in parts, and its player cancels those it does not need
        if request.resource_type != "media":
            self.problems.append(f"{request.url}: {request.failure}")

    def answered(self, response):
        if response.status >= 400:
            self.problems.append(f"{response.url}: {response.status}")

    def received(self, event):
        if event["type"] in ("Image", "Media") and not event["response"]["url"].startswith("data:"):
            self.kinds[event["requestId"]] = event["response"]["url"]

    def finished(self, event):
        if event["requestId"] in self.kinds:
            self.bytes += event["encodedDataLength"]

    def open(self, path):
        self.page.goto(self.url + path)
        self.page.wait_for_selector(".looks figure")
        return self.page

    def read(self):
        """Scrolls through the page, and waits until every picture has arrived."""
        for picture in self.page.locator(".real").all():
            picture.scroll_into_view_if_needed()
            picture.evaluate("""picture => picture.decode ? picture.decode() : picture.readyState >= 2
              || new Promise(done => picture.addEventListener("loadeddata", done, { once: true }))""")
        self.page.wait_for_load_state("networkidle")

    def end(self):
        self.context.close()
        assert not self.problems, self.problems


def meter(page):
    """What the page says of the bytes of Pixmill and of the originals."""
    return page.evaluate("[Number(document.body.dataset.pixmill), Number(document.body.dataset.originals)]")


def check(browser, url):
    for scheme, viewport in WINDOWS:
        visit = Visit(browser, url, viewport, color_scheme=scheme, reduced_motion="reduce")
        page = visit.open(PAGES["Pixmill"])
        visit.read()
        expect(page.locator("#saving")).to_contain_text("% less")
        expect(page.locator("figure .bytes:empty")).to_have_count(0)
        pixmill, originals = meter(page)
        assert 0 < pixmill < originals / 3, (pixmill, originals)
        # the page measures what the network carried: heads of responses excepted
        assert abs(visit.bytes - pixmill) < 25_000, (visit.bytes, pixmill)
        violations = axe(page, "with Pixmill", 15)
        assert page.locator(".hero .real").evaluate("image => image.currentSrc").endswith("width=640")
        first = visit.bytes
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        switch = page.locator(".switch").get_by_role("link", name="Originals")
        page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        expect(switch).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".switch [aria-current]")).to_have_text("Originals")
        page.wait_for_selector(".looks figure")
        visit.read()
        assert page.locator("img[src*='/images/'], [srcset], video").count() == 0
        kept, whole = meter(page)
        assert (kept, whole) == (pixmill, originals), "the page knew the sizes of the originals before it loaded them"
        assert visit.bytes - first > originals, (visit.bytes, first)
        violations += axe(page, "with originals", 15)
        assert not violations, (scheme, viewport, violations)
        visit.end()
        print(f"axe: 0 violations, {scheme}, {viewport['width']} pixels wide: {pixmill} bytes in place of {originals}")
    hero_is_as_the_library_writes_it(browser, url)


def hero_is_as_the_library_writes_it(browser, url):
    visit = Visit(browser, url, DESKTOP)
    page = visit.open("/")
    written = page.locator(".hero .real").evaluate("image => image.getAttribute('srcset').replace(/\\s+/g, ' ')")
    made = page.evaluate("""async () => (await import("/pixmill-url/index.js"))
      .srcset("/images", "/china.jpg", {}, { widths: [320, 480, 640] })""")
    assert written == made, (written, made)
    for source in page.locator(".placeholder").evaluate_all("images => images.map(image => image.src)"):
        assert base64.b64decode(source.removeprefix("data:image/webp;base64,"))[8:12] == b"WEBP", source
    visit.end()


def figures(browser, url):
    """Medians of several visits with empty caches of the browser. One visit before them fills the caches of the server."""
    for name, viewport in (("desktop", DESKTOP), ("phone", PHONE)):
        for page in PAGES.values():
            visit = Visit(browser, url, viewport)
            visit.open(page)
            visit.read()
            visit.end()
        for network, conditions in NETWORKS.items():
            found = {which: [measured(browser, url + page, viewport, conditions) for _ in range(RUNS)] for which, page in PAGES.items()}
            for which in ("originals", "Pixmill"):
                paint, total, weight = (statistics.median(values) for values in zip(*found[which]))
                print(f"| {name}, {network} | {which} | {paint / 1e3:.2f} s | {total / 1e3:.2f} s | {weight / 1e3:.0f} kB |", flush=True)


def measured(browser, address, viewport, network):
    """LCP, the time until what is in view has arrived, and the bytes of all pictures once the page was read to its end."""
    url, path = re.fullmatch(r"(https?://[^/]+)(/.*)", address).groups()
    visit = Visit(browser, url, viewport, network)
    page = visit.open(path)
    page.wait_for_load_state("load")
    loaded = page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd")
    page.wait_for_load_state("networkidle")
    paint = page.evaluate(LCP)
    assert "china.jpg" in paint["url"], paint
    visit.read()
    weight, _ = visit.bytes, visit.end()
    return paint["time"], loaded, weight


def placeholders(url):
    """A picture of 24 pixels for each, as a data URL. Where the page crops, the placeholder is cropped by the style sheet."""
    for file, pattern in (("pictures.js", r'path: "(/[^"]+)"[^}]*?placeholder: "()[^"]*"'), ("index.html", r'class="placeholder" src="()([^"]*)"')):
        text = (DEMO / file).read_text()

        def filled(found):
            path = found[1] or "/china.jpg"
            asked = Request(f"{url}/images{path}?width=24&format=webp&quality=20&strip_exif=true")
            data = base64.b64encode(urlopen(asked).read()).decode()
            return re.sub(r'(placeholder: |class="placeholder" src=)"[^"]*"', rf'\1"data:image/webp;base64,{data}"', found[0])

        (DEMO / file).write_text(re.sub(pattern, filled, text, flags=re.DOTALL))


def screenshot(browser, url, file):
    visit = Visit(browser, url, DESKTOP, color_scheme="light")
    page = visit.open("/")
    visit.read()
    page.evaluate("scrollTo({ top: 0, behavior: 'instant' })")
    page.screenshot(path=file, type="jpeg", quality=80)
    visit.end()


def main():
    parser = argparse.ArgumentParser()
    for option in ("--figures", "--placeholders"):
        parser.add_argument(option, action="store_true")
    parser.add_argument("--screenshot")
    parser.add_argument("url")
    given = parser.parse_args()
    if given.placeholders:
        return placeholders(given.url)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if given.figures:
            print("\n".join(["| screen, network | pictures | LCP | loaded | bytes of pictures |", "|---|---|---|---|---|"]))
            figures(browser, given.url)
        elif given.screenshot:
            screenshot(browser, given.url, given.screenshot)
        else:
            check(browser, given.url)
        browser.close()


if __name__ == "__main__":
    main()
