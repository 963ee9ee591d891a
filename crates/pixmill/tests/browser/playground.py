"""Uses the playground in Chromium, as people do: the first argument is the URL of a server that serves samples/ with the playground,
the landing page and uploads; the second one that of a server that requires signatures by the key in the third argument.

With --screenshots FOLDER, the first server alone is used, and the pictures of the documentation are written.
"""

import json
import os
import re
import sys
import time

from chromium import DESKTOP, PATIENCE, PHONE, WINDOWS, axe, launch
from playwright.sync_api import expect, sync_playwright

LARGEST_PAGE = 150_000
SHOWN = 'body[data-shown]:not([data-shown=""])'


class Visit:
    """A page in a context of its own, which collects what must not happen."""

    def __init__(self, browser, url, **context):
        self.url = url
        self.problems = []
        self.loaded = {}
        self.context = browser.new_context(viewport=context.pop("viewport", DESKTOP), **context)
        self.context.set_default_timeout(PATIENCE)
        self.page = self.context.new_page()
        self.page.on("console", self.heard)
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("response", self.answered)

    def heard(self, message):
        # the browser itself reports responses with an error status; those are what some steps are about
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.problems.append(f"{message.type}: {message.text}")

    def answered(self, response):
        path = response.url.removeprefix(self.url).split("?")[0]
        if path in ("/", "/playground") or path.endswith((".js", ".css", "icon.svg")):
            self.loaded[path] = int(response.headers.get("content-length", 0))

    def open(self, target):
        self.page.goto(self.url + target)
        return self.page

    def shows(self, target):
        """Waits until the page shows the picture of this URL."""
        expect(self.page.locator("body")).to_have_attribute(
            "data-shown", target, timeout=PATIENCE
        )

    def size(self):
        return self.page.locator(".after img").evaluate("image => [image.naturalWidth, image.naturalHeight]")

    def control(self, name):
        return self.page.locator(f'.control[data-name="{name}"]')

    def field(self, name):
        return self.control(name).locator(".field").first

    def unfold(self):
        self.page.evaluate("document.querySelectorAll('details').forEach(details => { details.open = true; })")

    def end(self):
        self.context.close()
        assert not self.problems, self.problems


def step(function):
    STEPS.append(function)
    return function


STEPS = []


@step
def is_small_and_ready_soon(visit):
    page = visit.open("/playground#/china.jpg?width=300")
    page.wait_for_selector(SHOWN)
    total = sum(visit.loaded.values())
    assert len(visit.loaded) > 10 and total <= LARGEST_PAGE, visit.loaded
    ready = page.locator("body").get_attribute("data-ready")
    print(f"{total} bytes in {len(visit.loaded)} files, interactive after {ready} ms")


@step
def controls_change_the_picture(visit):
    page = visit.open("/playground#/china.jpg")
    visit.shows("/china.jpg")
    assert visit.size() == [640, 427]
    visit.field("width").fill("300")
    visit.shows("/china.jpg?width=300")
    assert visit.size() == [300, 200]
    visit.unfold()
    slider = visit.control("contrast").locator("input[type=range]")
    slider.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    visit.shows("/china.jpg?width=300&contrast=0.03")
    visit.field("filter").select_option("sepia")
    visit.field("flip").check()
    visit.field("format").select_option("webp")
    visit.field("pad").fill("9")
    visit.control("pad_color").locator(".well").fill("#ff0000")
    visit.shows("/china.jpg?width=300&contrast=0.03&filter=sepia&flip=true&format=webp&pad=9&pad_color=ff0000")
    assert visit.size() == [318, 218]
    edge = """image => {
        const canvas = Object.assign(document.createElement("canvas"), { width: 318, height: 218 });
        const context = canvas.getContext("2d");
        context.drawImage(image, 0, 0);
        return [...context.getImageData(2, 100, 1, 1).data];
    }"""
    red, green, blue, _ = page.locator(".after img").evaluate(edge)
    assert red > 240 and green < 12 and blue < 12, (red, green, blue)
    expect(page.locator("#f-format")).to_have_text("WebP")
    expect(page.locator("#f-size")).to_contain_text("318 × 218")
    expect(page.locator(".plan")).to_contain_text("sepia")
    expect(page.locator("#f-score")).to_have_text(re.compile(r"^\d+\.\d"), timeout=PATIENCE)
    assert page.locator(".legend li").count() > 0
    visit.control("pad").get_by_role("button", name="Reset pad", exact=True).click()
    visit.field("colorize_intensity").fill("50")
    expect(visit.control("colorize_intensity").locator(".note")).to_have_text("No effect without colorize.", timeout=PATIENCE)
    page.get_by_role("button", name="Reset all").click()
    visit.shows("/china.jpg")


@step
def errors_stand_beside_their_control(visit):
    page = visit.open("/playground#/china.jpg?width=300&blur=3")
    page.wait_for_selector(SHOWN)
    for name, value, text in [
        ("width", "wide", 'expected a whole number from 1 to 65535, got "wide"'),
        ("pad_color", "bluish", "expected a colour name"),
    ]:
        field = visit.field(name)
        field.fill(value)
        error = visit.control(name).locator(".error")
        expect(error).to_contain_text(text, timeout=PATIENCE)
        expect(field).to_have_attribute("aria-invalid", "true")
        assert field.get_attribute("aria-describedby") == error.get_attribute("id")
        expect(page.locator(".message")).to_contain_text(text)
        assert page.locator(".control .error:visible").count() == 1
        visit.control(name).locator(".reset").click()
        expect(error).to_be_hidden(timeout=PATIENCE)
        expect(page.locator(".message")).to_be_hidden()
    visit.unfold()
    visit.field("quality").fill("900")
    expect(visit.control("quality").locator(".note")).to_contain_text("Out of range", timeout=PATIENCE)
    page.locator("#source").fill("/no-such.jpg")
    page.keyboard.press("Enter")
    expect(page.locator("#source-error")).to_have_text("original not found", timeout=PATIENCE)


@step
def nothing_is_lost_on_reload(visit):
    page = visit.open("/playground#/china.jpg?width=wide&layers=%5B%7B")
    expect(page.locator(".message")).to_be_visible(timeout=PATIENCE)
    page.locator("#search").fill("width")
    page.locator("#source").press("End")
    page.locator("#source").press_sequentially("-half-typed")
    page.reload()
    expect(page.locator("#source")).to_have_value("/china.jpg-half-typed")
    expect(visit.field("width")).to_have_value("wide")
    expect(page.locator("#search")).to_have_value("width")
    assert page.locator(".control:visible").count() < 12
    page.locator("#search").fill("")
    visit.unfold()
    expect(visit.control("layers").locator("textarea")).to_have_value("[{")
    visit.field("width").fill("200")
    expect(visit.control("layers").locator(".error").last).to_be_visible(timeout=PATIENCE)


@step
def crops_are_drawn_on_the_picture(visit):
    page = visit.open("/playground#/china.jpg?width=400")
    page.wait_for_selector(SHOWN)
    visit.unfold()
    page.get_by_role("button", name="Draw region").click()
    box = page.locator(".tool").bounding_box()
    page.wait_for_selector(".rectangle")
    box = page.locator(".tool > img").bounding_box()
    at = lambda x, y: (box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    page.mouse.move(*at(0.05, 0.05))
    page.mouse.down()
    page.mouse.move(*at(0.15, 0.1), steps=3)
    page.mouse.move(*at(0.55, 0.8), steps=3)
    page.mouse.up()
    values = [int(page.get_by_label(f"crop {name}", exact=True).input_value()) for name in ("x", "y", "width", "height")]
    for value, wanted in zip(values, (20, 13, 200, 200)):
        assert abs(value - wanted) <= 3, values
    visit.shows(f"/china.jpg?width=400&crop={','.join(map(str, values))}")
    assert visit.size() == values[2:]
    page.locator(".rectangle").focus()
    page.keyboard.press("ArrowRight")
    moved = [values[0] + 4, *values[1:]]
    visit.shows(f"/china.jpg?width=400&crop={','.join(map(str, moved))}")
    page.get_by_role("button", name="Focal point").click()
    page.wait_for_selector(".cross")
    page.get_by_label("focal point: width of the result").fill("100")
    page.get_by_label("focal point: height of the result").fill("200")
    page.locator(".cross").focus()
    page.keyboard.press("ArrowRight")
    expect(visit.page.locator("body")).to_have_attribute("data-shown", "/china.jpg?width=300&crop=106,0,100,200", timeout=PATIENCE)
    assert visit.size() == [100, 200]


@step
def layers_are_edited(visit):
    page = visit.open("/playground#/china.jpg?width=300&quality=90")
    page.wait_for_selector(SHOWN)
    before = page.locator("#f-bytes").text_content()
    visit.unfold()
    layers = visit.control("layers")
    layers.get_by_role("button", name="Text").click()
    layers.get_by_label("Text", exact=True).fill("Hello")
    layers.get_by_role("button", name="Picture").click()
    second = layers.locator("li").nth(1)
    # as people click: the square, not the input in it
    second.locator(".pad label").nth(0).click()
    second.get_by_label("Opacity %").fill("50")
    wanted = [
        {"text": "Hello", "color": "white", "pos": "bottom", "scale": 60, "offset": 12},
        {"url": "/pixmill-logo.png", "pos": "top,left", "scale": 25, "offset": 12, "alpha": 50},
    ]
    assert json.loads(layers.locator("textarea").input_value()) == wanted
    expect(page.locator(".plan")).to_contain_text("Hello", timeout=PATIENCE)
    expect(page.locator("#f-bytes")).not_to_have_text(before)
    second.get_by_role("button", name="Move up in the list").click()
    assert [*json.loads(layers.locator("textarea").input_value())[0]][0] == "url"
    layers.get_by_role("button", name="Remove the layer").first.click()
    layers.get_by_role("button", name="Remove the layer").first.click()
    visit.shows("/china.jpg?width=300&quality=90")


@step
def views_split_and_zoom(visit):
    page = visit.open("/playground#/china.jpg?width=300&filter=noir")
    page.wait_for_selector(SHOWN)
    handle = page.get_by_role("slider", name="Split between original and result")
    handle.focus()
    for key in ("ArrowLeft", "PageUp", "ArrowRight"):
        page.keyboard.press(key)
    expect(handle).to_have_attribute("aria-valuenow", "60")
    box = page.locator(".frame").bounding_box()
    knob = handle.bounding_box()
    page.mouse.move(knob["x"] + knob["width"] / 2, knob["y"] + knob["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 10, steps=4)
    page.mouse.up()
    expect(handle).to_have_attribute("aria-valuenow", "25")
    page.get_by_role("button", name="1:1").click()
    assert round(page.locator(".frame").bounding_box()["width"]) == 300
    page.get_by_role("button", name="Zoom in").click()
    assert round(page.locator(".frame").bounding_box()["width"]) == 450
    page.get_by_text("Side by side").click()
    page.locator(".viewport").focus()
    page.keyboard.press("1")
    assert round(page.locator(".frame").bounding_box()["width"]) == 612


@step
def looks_and_formats_are_compared(visit):
    page = visit.open("/playground#/flower.jpg?width=200")
    page.wait_for_selector(SHOWN)
    page.get_by_role("tab", name="Looks").click()
    cards = page.locator(".look img[src]")
    expect(cards).to_have_count(21, timeout=PATIENCE)
    page.get_by_role("button", name="noir").click()
    visit.shows("/flower.jpg?width=200&filter=noir")
    page.keyboard.press("Escape")
    page.get_by_role("tab", name="Looks").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Formats")).to_be_focused()
    for name in ("JPEG", "WebP", "AVIF"):
        card = page.locator(".format", has=page.get_by_role("heading", name=name, exact=True))
        expect(card.locator(".facts")).to_contain_text("SSIMULACRA2", timeout=PATIENCE)
        expect(card.locator("b")).to_contain_text("B")
    page.get_by_role("button", name="Use WebP").click()
    visit.shows("/flower.jpg?width=200&filter=noir&format=webp&quality=80")


@step
def files_are_uploaded(visit):
    page = visit.open("/playground#/china.jpg?width=100")
    page.wait_for_selector(SHOWN)
    picture = page.locator(".after img").evaluate(
        "async image => [...new Uint8Array(await (await fetch('/flower.jpg?width=90')).arrayBuffer())]"
    )
    give = lambda name, content: page.locator("#file").set_input_files({"name": name, "mimeType": "image/jpeg", "buffer": content})
    give("my flower.jpg", bytes(picture))
    page.wait_for_selector('body[data-shown^="/uploaded/"]')
    assert page.locator("#source").input_value().endswith("/my-flower.jpg")
    assert visit.size()[0] == 90
    give("notes.txt", b"this is no picture")
    expect(page.locator("#source-error")).to_contain_text("notes.txt", timeout=PATIENCE)
    text = page.locator("#source-error").text_content()
    assert "not" in text and "answered with status" not in text, text


@step
def a_lost_server_is_said_and_retried(visit):
    page = visit.open("/playground#/china.jpg?width=100")
    page.wait_for_selector(SHOWN)
    visit.context.route("**/china.jpg*", lambda route: route.abort())
    visit.field("width").fill("120")
    message = page.locator(".message.lost")
    expect(message).to_contain_text("The server does not answer.", timeout=PATIENCE)
    expect(message).to_contain_text("Trying again in")
    visit.context.unroute("**/china.jpg*")
    visit.shows("/china.jpg?width=120")
    expect(message).to_be_hidden()


@step
def snippets_are_written(visit):
    page = visit.open("/playground#/china.jpg?width=300&filter=noir")
    page.wait_for_selector(SHOWN)
    code = page.get_by_label("Snippet", exact=True).last
    for name, parts in [
        ("srcset", ['srcset="', "/china.jpg?width=640&amp;filter=noir&amp;format=auto 640w", "sizes="]),
        ("picture", ["<picture>", 'type="image/avif"', "format=jpeg"]),
        ("Next.js", ["export default function", "quality ?? 80", "filter=noir"]),
        ("curl", ["curl --fail", f"'{visit.url}/china.jpg?width=300&filter=noir'"]),
        ("Signed", ["pixmill sign", "/china.jpg?width=300"]),
    ]:
        page.locator(".segments label", has_text=name).last.click()
        for part in parts:
            expect(code).to_contain_text(part)
    page.get_by_label("Signing key").fill("correct horse battery staple")
    expect(code).to_contain_text("&signature=")


@step
def the_landing_page_leads_to_the_playground(visit):
    page = visit.open("/")
    expect(page.locator(".examples a")).to_have_count(6, timeout=PATIENCE)
    page.locator(".examples a", has_text="A look").click()
    visit.shows("/china.jpg?width=480&filter=vintage")


def signed(visit, key):
    """A server that requires signatures: the page signs with the key that is typed, and with nothing else."""
    page = visit.open("/playground#/china.jpg?width=300&crop=fit&mark=%2Fpixmill-logo.png")
    expect(page.locator(".message")).to_contain_text("signature_missing", timeout=PATIENCE)
    page.get_by_label("Signing key").fill("a wrong key")
    expect(page.locator(".message")).to_contain_text("signature_wrong", timeout=PATIENCE)
    page.get_by_label("Signing key").fill(key)
    page.wait_for_selector(SHOWN)
    assert visit.size() == [300, 200]
    expect(page.locator("#f-score")).to_contain_text("9", timeout=PATIENCE)
    stored = page.evaluate("JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href])")
    assert key not in stored, stored


def accessible(browser, url):
    for scheme, viewport in WINDOWS:
        visit = Visit(browser, url, color_scheme=scheme, viewport=viewport, reduced_motion="reduce")
        page = visit.open("/playground#/china.jpg?width=300&contrast=0.2&blur=x")
        expect(page.locator(".message")).to_be_visible(timeout=PATIENCE)
        violations = axe(page, "an error")
        visit.control("blur").locator(".reset").click()
        page.wait_for_selector(SHOWN)
        visit.unfold()
        visit.control("layers").get_by_role("button", name="Text").click()
        visit.control("crop").get_by_role("button", name="Draw region").click()
        page.wait_for_selector(".rectangle")
        violations += axe(page, "the editor")
        for tab in ("Looks", "Formats"):
            page.get_by_role("tab", name=tab).click()
            violations += axe(page, tab)
        visit.open("/")
        page.wait_for_selector(".examples a")
        violations += axe(page, "the landing page")
        assert not violations, (scheme, viewport, violations)
        visit.end()
        print(f"axe: 0 violations, {scheme}, {viewport['width']} pixels wide")


def screenshots(browser, url, folder):
    query = "/playground#/china.jpg?width=800&contrast=0.15&filter=golden&format=webp&quality=75"
    for name, scheme, viewport, target, tab in [
        ("playground-light", "light", DESKTOP, query, None),
        ("playground-dark", "dark", DESKTOP, query, None),
        ("playground-phone", "light", PHONE, query, None),
        ("playground-looks", "dark", DESKTOP, "/playground#/astronaut.png?width=600", "Looks"),
        ("playground-formats", "light", DESKTOP, "/playground#/flower.jpg?width=600", "Formats"),
    ]:
        visit = Visit(browser, url, color_scheme=scheme, viewport=viewport)
        page = visit.open(target)
        page.wait_for_selector(SHOWN)
        expect(page.locator("#f-score")).not_to_have_text("…", timeout=PATIENCE)
        if tab:
            page.get_by_role("tab", name=tab).click()
            waits = ".look img[src]" if tab == "Looks" else ".format .facts span:nth-child(2):not(:empty)"
            expect(page.locator(waits)).to_have_count(21 if tab == "Looks" else page.locator(".format").count(), timeout=PATIENCE)
            page.mouse.move(5, 5)
        page.screenshot(path=os.path.join(folder, f"{name}.jpg"), type="jpeg", quality=82)
        visit.end()


def main(arguments):
    with sync_playwright() as playwright:
        browser = launch(playwright)
        if arguments[1] == "--screenshots":
            screenshots(browser, arguments[0], arguments[2])
            return
        url, signing_url, key = arguments[:3]
        only = arguments[3:]
        for one in STEPS:
            if only and one.__name__ not in only:
                continue
            visit = Visit(browser, url)
            began = time.monotonic()
            one(visit)
            visit.end()
            print(f"{one.__name__}: {time.monotonic() - began:.1f} s")
        if not only or "signed" in only:
            visit = Visit(browser, signing_url)
            signed(visit, key)
            visit.end()
            print("signed")
        if not only or "accessible" in only:
            accessible(browser, url)
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
