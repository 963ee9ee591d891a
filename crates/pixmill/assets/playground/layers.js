// The editor of layers: pictures and texts over the picture, which become the JSON of `layers`.

import { button, h, icon, newId, positionPad } from "./dom.js";

const NUMBERS = [["scale", "Scale %", 1, 200, 100], ["alpha", "Opacity %", 0, 100, 100], ["angle", "Angle °", -180, 180, 0], ["offset", "Offset px", 0, 200, 0]];

export function layersEditor(about, change) {
  let layers = [];
  const list = h("ol", { class: "layer-list" });
  const raw = h("textarea", {
    class: "field wide code", rows: 3, spellcheck: "false", "aria-label": "layers as JSON", placeholder: "[]",
    oninput: () => { layers = parsed(raw.value) ?? layers; change(raw.value.trim()); if (parsed(raw.value)) draw(); },
  });
  const add = (label, layer) => h("button", { type: "button", class: "small", onclick: () => { layers.push(layer()); send(); draw(layers.length - 1); } }, icon("plus"), label);
  const second = () => about.samples.find(sample => /logo.*png/i.test(sample)) ?? about.samples[0] ?? "/logo.png";
  const element = h("div", { class: "layers-editor" },
    h("div", { class: "draw" },
      add("Text", () => ({ text: "Your text", color: "white", pos: "bottom", scale: 60, offset: 12 })),
      add("Picture", () => ({ url: second(), pos: "top,right", scale: 25, offset: 12 }))),
    list, h("details", { class: "raw" }, h("summary", {}, "JSON"), raw));

  const send = () => {
    const text = layers.length ? JSON.stringify(layers) : "";
    raw.value = text;
    change(text);
  };
  const put = (layer, key, value, normally) => {
    if (value === "" || value == null || value === normally) delete layer[key];
    else layer[key] = value;
    send();
  };

  function draw(focus) {
    list.replaceChildren(...layers.map((layer, index) => row(layer, index)));
    if (focus !== undefined) list.children[focus]?.querySelector("input")?.focus();
  }

  function row(layer, index) {
    const isText = "text" in layer;
    const labelled = (label, field) => {
      field.id = newId("layer");
      return h("div", { class: "pair" }, h("label", { for: field.id }, label), field);
    };
    const text = (label, key, placeholder, list) => labelled(label, h("input", {
      type: "text", value: layer[key] ?? "", placeholder, list, autocomplete: "off", spellcheck: "false",
      oninput: event => put(layer, key, event.target.value),
    }));
    const numbers = NUMBERS.map(([key, label, min, max, normally]) => labelled(label, h("input", {
      type: "number", min: String(min), max: String(max), value: String(layer[key] ?? normally),
      oninput: event => put(layer, key, event.target.value === "" ? "" : Number(event.target.value), normally),
    })));
    const move = by => () => {
      const [taken] = layers.splice(index, 1);
      layers.splice(index + by, 0, taken);
      send();
      draw(index + by);
    };
    return h("li", {},
      h("div", { class: "layer-head" }, h("strong", {}, `${index + 1} · ${isText ? "Text" : "Picture"}`),
        button("Move down in the list", "down", move(1), { disabled: index === layers.length - 1 }),
        button("Move up in the list", "up", move(-1), { disabled: index === 0 }),
        button("Remove the layer", "close", () => { layers.splice(index, 1); send(); draw(); })),
      isText ? text("Text", "text", "Your text") : text("Picture", "url", "/logo.png", "samples"),
      isText && h("div", { class: "two" }, text("Font", "font", "Georgia bold 30"), text("Colour", "color", "black")),
      h("div", { class: "layer-place" },
        positionPad(`Place of layer ${index + 1}`, layer.pos ?? "center", value => put(layer, "pos", value, "center")),
        h("div", { class: "two" }, numbers)));
  }

  return {
    element,
    show(value) {
      if (value === (layers.length ? JSON.stringify(layers) : undefined)) return;
      raw.value = value ?? "";
      layers = parsed(value ?? "[]") ?? [];
      draw();
    },
  };
}

function parsed(text) {
  try {
    const found = JSON.parse(text || "[]");
    return Array.isArray(found) && found.every(layer => layer && typeof layer === "object") ? found : null;
  } catch {
    return null;
  }
}
