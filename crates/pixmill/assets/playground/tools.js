// Drawing on the picture: the rectangle of a crop, and the point that a crop keeps in its middle. Both become `crop=x,y,width,height`
// in pixels of the scaled picture.

import { picture } from "./api.js";
import { h } from "./dom.js";
import { drag } from "./stage.js";
import { setAll, state, variant } from "./state.js";

/** Parameters that apply after the crop, or are no part of the picture under it. */
const LATER = ["crop", "pad", "layers", "mark", "meta", "recognition", "include_image_data", "face"];

export function drawingTools(stage, fail) {
  let kind = null, size = [300, 300];

  /** The picture before the crop, and its size. `scaled`: with the width and height of the request. */
  async function base(scaled) {
    const changes = Object.fromEntries(LATER.map(name => [name, null]));
    if (!scaled) Object.assign(changes, { width: null, height: null, dpr: null, rotate: null, angle: null });
    if (["mp4", "gif"].includes(state.params.get("format"))) changes.format = null;
    const params = variant(changes);
    // never empty: the original may be of a type that no browser shows
    if (!params.size || [...params.keys()].every(name => name === "source_url")) params.set("format", "webp");
    const { blob } = await picture(params);
    const image = h("img", { alt: "The picture before the crop", draggable: "false", src: URL.createObjectURL(blob) });
    await image.decode();
    return { image, width: image.naturalWidth, height: image.naturalHeight };
  }

  async function crop() {
    kind = "crop";
    try {
      const { image, width, height } = await base(true);
      if (kind !== "crop") return;
      let box = parse(state.params.get("crop"), width, height);
      const corners = ["nw", "ne", "sw", "se"].map(name => h("span", { class: `corner ${name}` }));
      const rectangle = h("div", { class: "rectangle", tabIndex: 0, role: "group", "aria-label": "" }, corners, h("output", {}));
      const show = send => {
        const percent = (value, of) => `${value / of * 100}%`;
        rectangle.style.setProperty("left", percent(box.x, width));
        rectangle.style.setProperty("top", percent(box.y, height));
        rectangle.style.setProperty("width", percent(box.width, width));
        rectangle.style.setProperty("height", percent(box.height, height));
        rectangle.querySelector("output").textContent = `${box.width} × ${box.height}`;
        rectangle.setAttribute("aria-label", `Region: left ${box.x}, top ${box.y}, width ${box.width}, height ${box.height}. Arrow keys move it, with Shift they resize it.`);
        if (send) setAll({ crop: `${box.x},${box.y},${box.width},${box.height}` }, "tool");
      };
      stage.startTool(image, width, height, rectangle);
      let from;
      drag(rectangle, event => {
        event.stopPropagation();
        const corner = event.target.classList.contains("corner") ? event.target.className : null;
        const at = stage.toPicture(event);
        const fixed = corner && { x: corner.includes("w") ? box.x + box.width : box.x, y: /n[we]/.test(corner) ? box.y + box.height : box.y };
        from = { at, box, fixed };
      }, event => {
        const at = stage.toPicture(event);
        if (from.fixed) box = between(from.fixed, at);
        else {
          const x = from.box.x + at.x - from.at.x, y = from.box.y + at.y - from.at.y;
          box = { ...box, x: limit(x, width - box.width), y: limit(y, height - box.height) };
        }
        show(true);
      });
      let start;
      drag(image, event => { start = stage.toPicture(event); }, event => {
        box = between(start, stage.toPicture(event));
        show(true);
      });
      rectangle.addEventListener("keydown", event => {
        const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!by) return;
        event.preventDefault();
        const [x, y] = by.map(step => step * 4);
        if (event.shiftKey) box = { ...box, width: Math.max(1, Math.min(width - box.x, box.width + x)), height: Math.max(1, Math.min(height - box.y, box.height + y)) };
        else box = { ...box, x: limit(box.x + x, width - box.width), y: limit(box.y + y, height - box.height) };
        show(true);
      });
      show(!state.params.get("crop")?.includes(","));
    } catch (error) {
      fail(error);
    }
  }

  async function focal(wide, high) {
    size = [wide, high].map(side => Math.max(1, Math.round(side) || 1));
    if (kind === "focal" && stage.drawing) return stage.tool.refresh();
    kind = "focal";
    try {
      const { image, width, height } = await base(false);
      if (kind !== "focal") return;
      let point = { x: Math.round(width / 2), y: Math.round(height / 2) };
      const cross = h("div", { class: "cross", tabIndex: 0, role: "group", "aria-label": "" });
      const frame = h("div", { class: "rectangle passive" });
      const show = () => {
        const scale = Math.max(size[0] / width, size[1] / height);
        const scaled = { width: Math.max(size[0], Math.round(width * scale)), height: Math.max(size[1], Math.round(height * scale)) };
        const x = limit(Math.round(point.x * scale - size[0] / 2), scaled.width - size[0]);
        const y = limit(Math.round(point.y * scale - size[1] / 2), scaled.height - size[1]);
        cross.style.setProperty("left", `${point.x / width * 100}%`);
        cross.style.setProperty("top", `${point.y / height * 100}%`);
        cross.setAttribute("aria-label", `Focal point at ${Math.round(point.x / width * 100)} percent across, ${Math.round(point.y / height * 100)} percent down. Arrow keys move it.`);
        for (const [name, value, of] of [["left", x, scaled.width], ["top", y, scaled.height], ["width", size[0], scaled.width], ["height", size[1], scaled.height]]) {
          frame.style.setProperty(name, `${value / of * 100}%`);
        }
        setAll({ width: scaled.width, height: null, crop: `${x},${y},${size[0]},${size[1]}` }, "tool");
      };
      stage.startTool(image, width, height, frame, cross);
      stage.tool.refresh = show;
      const move = event => { point = stage.toPicture(event); show(); };
      drag(image, move, move);
      drag(cross, () => {}, move);
      cross.addEventListener("keydown", event => {
        const by = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
        if (!by) return;
        event.preventDefault();
        point = { x: limit(point.x + by[0] * width / 50, width), y: limit(point.y + by[1] * height / 50, height) };
        show();
      });
      show();
    } catch (error) {
      fail(error);
    }
  }

  function none() {
    kind = null;
    stage.endTool();
  }

  return { crop, focal, none, active: () => kind !== null, kind: () => kind };
}

const limit = (value, most) => Math.round(Math.min(Math.max(0, most), Math.max(0, value)));

function between(a, b) {
  return { x: Math.min(a.x, b.x), y: Math.min(a.y, b.y), width: Math.max(1, Math.abs(a.x - b.x)), height: Math.max(1, Math.abs(a.y - b.y)) };
}

/** The region of a crop, or one in the middle. */
function parse(text, width, height) {
  const parts = (text ?? "").split(",");
  if (parts.length === 4) {
    const [w, h] = [Number(parts[2]), Number(parts[3])];
    if (w > 0 && h > 0) {
      const place = (part, side, whole) => part === "center" ? Math.round((whole - side) / 2) : Number(part) || 0;
      return { x: place(parts[0], w, width), y: place(parts[1], h, height), width: w, height: h };
    }
  }
  return { x: Math.round(width / 4), y: Math.round(height / 4), width: Math.round(width / 2), height: Math.round(height / 2) };
}
