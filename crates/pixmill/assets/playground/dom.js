// Elements, and the few widgets that several parts of the page share.

/** Makes an element. `on…` are listeners, `style` is set by the object model, which the policy allows; null is left out. */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value == null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") Object.entries(value).forEach(([key, text]) => element.style.setProperty(key, text));
    else if (name in element && typeof value !== "string") element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter(child => child != null && child !== false));
  return element;
}

export const $ = selector => document.querySelector(selector);

let ids = 0;
export const newId = prefix => `${prefix}-${++ids}`;

const PATHS = {
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5V5h2.5",
  info: "M8 7.5v4M8 4.6v.2M8 14A6 6 0 1 0 8 2a6 6 0 0 0 0 12",
  copy: "M6 6h7v7H6zM3.5 10H3V3h7v.5",
  close: "M4 4l8 8M12 4l-8 8",
  up: "M4 10l4-4 4 4",
  down: "M4 6l4 4 4-4",
  plus: "M8 3v10M3 8h10",
  minus: "M3 8h10",
  upload: "M8 11V3M4.5 6 8 2.7 11.5 6M3 13h10",
  link: "M6.5 9.5l3-3M7 4.5l1.2-1.2a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5l-1.2 1.2a3 3 0 0 1-4.3-4.3L4.7 7.2",
  check: "M3 8.5 6.5 12 13 4.5",
  crop: "M5 2v9h9M2 5h9v9",
  target: "M8 1.5v3M8 11.5v3M1.5 8h3M11.5 8h3M8 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8",
};

export function icon(name) {
  const NS = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(NS, "svg");
  for (const [key, value] of [["viewBox", "0 0 16 16"], ["aria-hidden", "true"], ["class", "icon"]]) svg.setAttribute(key, value);
  const path = document.createElementNS(NS, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

export function button(label, name, onclick, props = {}) {
  return h("button", { type: "button", class: "ghost square", "aria-label": label, title: label, onclick, ...props }, icon(name));
}

/** A button that copies a text and says so. */
export function copyButton(label, text) {
  const copy = button(label, "copy", async () => {
    const done = await toClipboard(text());
    copy.replaceChildren(icon(done ? "check" : "close"));
    say(done ? "Copied" : "The browser does not allow copying");
    setTimeout(() => copy.replaceChildren(icon("copy")), 1500);
  });
  return copy;
}

export async function toClipboard(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = h("textarea", { class: "offscreen", "aria-hidden": "true" });
    area.value = text;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    return done;
  }
}

/** Tells screen readers. */
export function say(text) {
  $("#status").textContent = text;
}

export function debounce(delay, work) {
  let timer;
  return (...given) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...given), delay);
  };
}

export function bytes(count) {
  if (count < 1000) return `${count} B`;
  if (count < 1e6) return `${(count / 1e3).toFixed(count < 1e4 ? 2 : 1)} kB`;
  return `${(count / 1e6).toFixed(2)} MB`;
}

/** A group of radio buttons that looks like one control. */
export function segments(legend, choices, chosen, onchange) {
  const name = newId("segments");
  return h("fieldset", { class: "segments" }, h("legend", { class: "offscreen" }, legend),
    choices.map(([value, label]) => h("label", {},
      h("input", { type: "radio", name, value, checked: value === chosen, onchange: () => onchange(value) }),
      h("span", {}, label))));
}

/** Nine places in a square; `onchange` gets words such as "top,left". */
export function positionPad(legend, chosen, onchange) {
  const name = newId("pad");
  const rows = ["top", "center", "bottom"], columns = ["left", "center", "right"];
  const words = (row, column) => [...new Set([row, column].filter(word => word !== "center"))].join(",") || "center";
  const sorted = text => (text || "").split(/[,| +]/).filter(word => word && word !== "center").sort().join() || (text ? "center" : "");
  const pad = h("fieldset", { class: "pad" }, h("legend", { class: "offscreen" }, legend),
    rows.flatMap(row => columns.map(column => {
      const value = words(row, column);
      return h("label", { title: value },
        h("input", { type: "radio", name, value, checked: sorted(value) === sorted(chosen), "aria-label": value.replace(",", " "), onchange: () => onchange(value) }),
        h("span", {}));
    })));
  pad.set = text => pad.querySelectorAll("input").forEach(input => { input.checked = sorted(input.value) === sorted(text); });
  return pad;
}

/** Tabs with the keys that the ARIA practices name. `panels`: id of the panel, label. */
export function tabs(label, panels, onchange) {
  const list = h("div", { role: "tablist", "aria-label": label, class: "tabs" });
  const select = (id, focus) => {
    for (const tab of list.children) {
      const on = tab.dataset.panel === id;
      tab.setAttribute("aria-selected", on);
      tab.tabIndex = on ? 0 : -1;
      $(`#${tab.dataset.panel}`).hidden = !on;
      if (on && focus) tab.focus();
    }
    onchange?.(id);
  };
  for (const [id, text] of panels) {
    const tab = h("button", { type: "button", role: "tab", id: `tab-${id}`, "aria-controls": id, onclick: () => select(id) }, text);
    tab.dataset.panel = id;
    list.append(tab);
    const panel = $(`#${id}`);
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
  }
  list.addEventListener("keydown", event => {
    const all = [...list.children], at = all.indexOf(document.activeElement);
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    select(all[(to + all.length) % all.length].dataset.panel, true);
  });
  list.select = select;
  return list;
}
