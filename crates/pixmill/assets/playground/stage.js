// The picture: result and original in a split view or side by side, zoom, and the tools that draw on it.

import { $, button, h, say, segments } from "./dom.js";

const ZOOMS = [0.125, 0.25, 0.5, 0.75, 1, 1.5, 2, 3, 4, 8];

export class Stage {
  constructor(root) {
    this.mode = localStorage.getItem("view") ?? "split";
    this.zoom = "fit";
    this.split = 50;
    this.before = h("img", { class: "before", alt: "Original", draggable: "false" });
    this.after = h("div", { class: "after" });
    this.handle = h("div", {
      class: "handle", role: "slider", tabIndex: 0, "aria-label": "Split between original and result",
      "aria-valuemin": "0", "aria-valuemax": "100", "aria-orientation": "horizontal",
    }, h("span", {}));
    this.tool = h("div", { class: "tool", hidden: true });
    const badge = (side, text) => h("span", { class: `badge ${side}`, "aria-hidden": "true" }, text);
    this.frame = h("div", { class: "frame" }, this.before, this.after, this.handle, this.tool, badge("left", "Original"), badge("right", "Result"));
    this.viewport = h("div", { class: "viewport", tabIndex: 0, role: "region", "aria-label": "Picture; plus and minus zoom, 0 fits" }, this.frame);
    this.label = h("button", { type: "button", class: "ghost zoom", title: "Fit", onclick: () => this.setZoom("fit") }, "Fit");
    this.message = h("div", { class: "message", role: "alert", hidden: true });
    root.append(
      h("div", { class: "toolbar" },
        segments("View", [["split", "Split"], ["side", "Side by side"], ["result", "Result"]], this.mode, mode => this.setMode(mode)),
        h("span", { class: "spinner", id: "spinner", hidden: true }), h("span", { class: "grow" }),
        button("Zoom out", "minus", () => this.step(-1)), this.label, button("Zoom in", "plus", () => this.step(1)),
        h("button", { type: "button", class: "ghost one", title: "One pixel of the picture is one pixel of the screen", onclick: () => this.setZoom(1) }, "1:1")),
      this.viewport, this.message);
    this.listen();
    this.setMode(this.mode);
    this.setSplit(50);
    new ResizeObserver(() => this.layout()).observe(this.viewport);
  }

  listen() {
    const toSplit = event => {
      const box = this.frame.getBoundingClientRect();
      this.setSplit((event.clientX - box.left) / box.width * 100);
    };
    drag(this.handle, toSplit, toSplit);
    this.handle.addEventListener("keydown", event => {
      const by = { ArrowLeft: -2, ArrowDown: -2, ArrowRight: 2, ArrowUp: 2, PageDown: -10, PageUp: 10, Home: -100, End: 100 }[event.key];
      if (by === undefined) return;
      event.preventDefault();
      event.stopPropagation();
      this.setSplit(this.split + by);
    });
    this.viewport.addEventListener("keydown", event => {
      if (event.target !== this.viewport) return;
      const act = { "+": () => this.step(1), "=": () => this.step(1), "-": () => this.step(-1), 0: () => this.setZoom("fit"), 1: () => this.setZoom(1) }[event.key];
      if (act && !event.ctrlKey && !event.metaKey) act();
    });
    this.viewport.addEventListener("wheel", event => {
      if (!event.ctrlKey) return;
      event.preventDefault();
      this.step(event.deltaY < 0 ? 1 : -1);
    }, { passive: false });
    let from;
    drag(this.frame, event => {
      from = { x: event.clientX, y: event.clientY, left: this.viewport.scrollLeft, top: this.viewport.scrollTop };
    }, event => {
      this.viewport.scrollLeft = from.left + from.x - event.clientX;
      this.viewport.scrollTop = from.top + from.y - event.clientY;
    }, event => event.target.closest(".handle, .tool") === null && event.pointerType === "mouse");
  }

  setMode(mode) {
    this.mode = mode;
    localStorage.setItem("view", mode);
    this.frame.dataset.mode = mode;
    this.layout();
  }

  setSplit(at) {
    this.split = Math.min(100, Math.max(0, at));
    this.frame.style.setProperty("--split", `${this.split}%`);
    this.handle.setAttribute("aria-valuenow", Math.round(this.split));
    this.handle.setAttribute("aria-valuetext", `${Math.round(this.split)} % original`);
  }

  setZoom(zoom) {
    this.zoom = zoom;
    this.layout();
    say(zoom === "fit" ? "Fitted" : `${Math.round(this.scale * 100)} percent`);
  }

  step(by) {
    const now = this.scale;
    const next = by > 0 ? ZOOMS.find(zoom => zoom > now + 0.001) : ZOOMS.findLast(zoom => zoom < now - 0.001);
    if (next) this.setZoom(next);
  }

  /** Shows the original, or what the result is compared with. */
  setBefore(url, width, height) {
    this.before.src = url;
    this.beforeSize = { width, height };
    this.layout();
  }

  /** Shows the result: a picture, a video or a text. */
  setAfter(element, width, height) {
    this.after.replaceChildren(element);
    this.size = { width, height };
    this.frame.classList.toggle("is-text", element.tagName === "PRE");
    this.layout();
  }

  /** Sizes the frame to the zoom. */
  layout() {
    const size = this.drawing ?? this.size;
    if (!size) return;
    const sides = this.mode === "side" && !this.drawing ? 2 : 1;
    const style = getComputedStyle(this.viewport);
    const room = {
      width: (this.viewport.clientWidth - 2 * parseFloat(style.paddingLeft) - (sides - 1) * 12) / sides,
      height: this.viewport.clientHeight - 2 * parseFloat(style.paddingTop),
    };
    const pixel = 1 / devicePixelRatio;
    const fitted = Math.min(room.width / size.width, room.height / size.height, Math.max(1, 1.5 * pixel));
    const ratio = this.zoom === "fit" ? fitted : this.zoom * pixel;
    this.scale = ratio / pixel;
    this.frame.style.setProperty("--width", `${Math.max(1, Math.round(size.width * ratio))}px`);
    this.frame.style.setProperty("--height", `${Math.max(1, Math.round(size.height * ratio))}px`);
    this.frame.classList.toggle("is-pixelated", this.scale >= 3);
    this.label.textContent = this.zoom === "fit" ? "Fit" : `${Math.round(this.scale * 100)} %`;
    this.ratio = ratio;
  }

  setBusy(busy) {
    $("#spinner").hidden = !busy;
    this.frame.setAttribute("aria-busy", busy);
  }

  /** Shows a message over the picture, or none. */
  tell(content, kind = "error") {
    this.message.hidden = !content;
    this.message.className = `message ${kind}`;
    this.message.replaceChildren(...(content ? [content].flat() : []));
  }

  /** Lets a tool draw over `picture`, which is shown in place of the result. */
  startTool(picture, width, height, ...parts) {
    this.drawing = { width, height };
    this.frame.dataset.tool = "on";
    this.tool.hidden = false;
    this.tool.replaceChildren(picture, ...parts);
    this.layout();
  }

  endTool() {
    if (!this.drawing) return;
    this.drawing = null;
    delete this.frame.dataset.tool;
    this.tool.hidden = true;
    this.tool.replaceChildren();
    this.layout();
  }

  /** The position of a pointer in pixels of the picture under the tool. */
  toPicture(event) {
    const box = this.tool.getBoundingClientRect();
    const limit = (value, most) => Math.round(Math.min(most, Math.max(0, value)));
    return {
      x: limit((event.clientX - box.left) / this.ratio, this.drawing.width),
      y: limit((event.clientY - box.top) / this.ratio, this.drawing.height),
    };
  }
}

/** Calls `begin` and `move` while a pointer drags an element. */
export function drag(element, begin, move, accepts = () => true) {
  element.addEventListener("pointerdown", event => {
    if (event.button !== 0 || !accepts(event)) return;
    begin(event);
    element.setPointerCapture(event.pointerId);
    const stop = () => {
      element.removeEventListener("pointermove", move);
      element.removeEventListener("pointerup", stop);
      element.removeEventListener("pointercancel", stop);
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("pointerup", stop);
    element.addEventListener("pointercancel", stop);
  });
}
