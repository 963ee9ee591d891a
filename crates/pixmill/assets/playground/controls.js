// The controls of the parameters, made from the description that the server gives of itself.

import { button, h, icon, newId, positionPad } from "./dom.js";
import { layersEditor } from "./layers.js";
import { clear, onChange, set, state } from "./state.js";

/** Sliders of lengths end here; the number field takes all values. */
const LONGEST_SLIDER = 2400;

const controls = new Map();

/** Fills the panel with the groups of parameters. `tools`: what draws on the picture. */
export function buildControls(panel, about, tools) {
  const search = h("input", {
    type: "search", id: "search", placeholder: "Search parameters", "aria-label": "Search parameters",
    value: sessionStorage.getItem("search") ?? "", oninput: () => filter(),
  });
  const resetAll = h("button", { type: "button", class: "ghost", onclick: () => clear() }, icon("reset"), "Reset all");
  const none = h("p", { class: "note", hidden: true }, "No parameter matches.");
  const groups = about.groups.map(group => groupOf(group, about, tools));
  panel.append(h("div", { class: "panel-head" }, search, resetAll), none, ...groups);

  function filter() {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    sessionStorage.setItem("search", search.value);
    let any = false;
    for (const group of groups) {
      let found = false;
      for (const row of group.querySelectorAll(".control")) {
        const matches = words.every(word => row.dataset.words.includes(word));
        row.hidden = !matches;
        found ||= matches;
      }
      group.hidden = !found;
      if (words.length && found) group.open = true;
      any ||= found;
    }
    none.hidden = any;
  }
  filter();
  const refresh = by => {
    for (const [name, control] of controls) control.show(state.params.get(name), by);
    resetAll.disabled = state.params.size === 0;
    for (const group of groups) {
      const count = [...group.querySelectorAll(".control")].filter(row => row.dataset.set).length;
      group.querySelector(".count").textContent = count || "";
    }
  };
  onChange(refresh);
  refresh("start");
}

function groupOf(group, about, tools) {
  const rows = group.parameters.map(spec => controlOf(spec, group, about, tools));
  const used = group.parameters.some(spec => state.params.has(spec.name));
  const open = used || (!group.advanced && ["size", "tone", "output"].includes(group.name));
  return h("details", { class: "group", open },
    h("summary", {}, h("h2", {}, group.title), h("span", { class: "count" })), ...rows);
}

/** One row: name, value, reset, the control, help and what the server says about the value. */
function controlOf(spec, group, about, tools) {
  const id = newId("p"), errorId = `${id}-error`, helpId = `${id}-help`;
  const reset = button(`Reset ${spec.name}`, "reset", () => {
    set(spec.name, null, "reset");
    row.querySelector("input, select, textarea")?.focus();
  }, { class: "ghost square reset" });
  const help = h("p", { class: "help", id: helpId, hidden: true },
    plain(`${spec.summary} ${spec.help}`), h("br"), h("span", {}, `Values: ${plain(spec.values)}. Default: ${plain(spec.default)}.`));
  const ask = button(`About ${spec.name}`, "info", () => {
    help.hidden = !help.hidden;
    ask.setAttribute("aria-expanded", !help.hidden);
  }, { class: "ghost square about", "aria-expanded": "false", "aria-controls": helpId });
  const error = h("p", { class: "error", id: errorId, hidden: true });
  const note = h("p", { class: "note", hidden: true });
  const change = (value, by = spec.name) => set(spec.name, value === "" ? null : value, by);
  const made = MAKERS[spec.control.kind](spec, { id, about, tools, change, errorId, group });
  const row = h("div", { class: `control ${spec.control.kind}` },
    h("div", { class: "control-head" },
      made.labelled ? h("label", { for: id }, spec.name) : h("span", { class: "label", id: `${id}-label` }, spec.name),
      ask, made.inline, reset),
    made.below, help, error, note);
  row.dataset.words = [spec.name, ...spec.aliases, spec.summary, spec.help, group.title, spec.values].join(" ").toLowerCase();
  row.dataset.name = spec.name;
  if (!spec.allowed) {
    row.classList.add("refused");
    note.hidden = false;
    note.textContent = "This server does not allow it (params.allowed).";
  }
  controls.set(spec.name, {
    spec,
    group: group.name,
    row,
    show(value, by) {
      if (value === undefined) delete row.dataset.set;
      else row.dataset.set = "yes";
      reset.disabled = value === undefined;
      if (by !== spec.name) made.show(value);
      else made.follow?.(value);
    },
    fail(message) {
      error.hidden = !message;
      error.textContent = message ?? "";
      for (const field of row.querySelectorAll(".field")) {
        field.setAttribute("aria-invalid", Boolean(message));
        if (message) field.setAttribute("aria-describedby", errorId);
        else field.removeAttribute("aria-describedby");
      }
    },
    tell(message) {
      if (!spec.allowed) return;
      note.hidden = !message;
      note.textContent = message ?? "";
    },
  });
  return row;
}

/** Shows an error beside the control of its parameter. Returns whether there is one. */
export function showError(parameter, message) {
  let found = null;
  for (const [name, control] of controls) {
    const is = message && (name === parameter || control.spec.aliases.includes(parameter));
    control.fail(is ? message : null);
    if (is) found = control;
  }
  if (found) {
    const details = found.row.closest("details");
    details.open = true;
    details.hidden = found.row.hidden = false;
  }
  return Boolean(found);
}

/** Says which parameters have no effect, and which were clamped. `explained`: the answer of the server. */
export function showEffects(explained) {
  const about = new Set(["source", "rules", "control", "signature"]);
  for (const [name, control] of controls) {
    let text = null;
    if (explained && state.params.has(name) && !about.has(control.group)) {
      if (explained.warnings.includes(name)) text = `Out of range: the nearest value is used (${plain(control.spec.values)}).`;
      else if (!explained.effective.includes(name)) {
        const needs = control.spec.needs.filter(need => !state.params.has(need));
        text = needs.length === control.spec.needs.length && needs.length
          ? `No effect without ${needs.join(" or ")}.` : "No effect: this is the same as leaving it out.";
      }
    }
    control.tell(text);
  }
}

const plain = text => text.replace(/`/g, "");

const MAKERS = {
  whole: numeric,
  decimal: numeric,
  degrees: numeric,

  boolean(spec, { id, change, errorId }) {
    const normally = spec.default === "true";
    const box = h("input", {
      type: "checkbox", role: "switch", id, class: "switch field", "aria-describedby": errorId,
      onchange: () => change(box.checked === normally ? null : String(box.checked)),
    });
    return {
      labelled: true, inline: box,
      show: value => { box.checked = value === undefined ? normally : !["false", "0", "no", "off"].includes(value.toLowerCase()); },
    };
  },

  choice(spec, { id, change }) {
    const select = h("select", { id, class: "field", onchange: () => change(select.value) },
      h("option", { value: "" }, "default"), spec.control.choices.map(word => h("option", { value: word }, word)));
    return { labelled: true, inline: select, show: value => choose(select, value) };
  },

  colour(spec, { id, about, change }) {
    const text = h("input", {
      id, class: "field value", type: "text", spellcheck: "false", autocomplete: "off", placeholder: spec.default,
      list: about.colors.length ? "colors" : null, oninput: () => { change(text.value); follow(text.value); },
    });
    const well = h("input", {
      type: "color", class: "well", "aria-label": `${spec.name}: choose a colour`,
      oninput: () => { text.value = well.value.slice(1); change(text.value); },
    });
    const follow = value => { well.value = hex(value || spec.default); };
    return { labelled: true, inline: [well, text], show: value => { text.value = value ?? ""; follow(value); } };
  },

  text(spec, { id, change, about }) {
    const field = h("input", {
      id, class: "field wide", type: "text", spellcheck: "false", autocomplete: "off", placeholder: plain(spec.values),
      list: spec.name === "preset" && about.presets.length ? "presets" : null, oninput: () => change(field.value),
    });
    return { labelled: true, below: field, show: value => { field.value = value ?? ""; } };
  },

  picture(spec, { id, change }) {
    const field = h("input", {
      id, class: "field wide", type: "text", spellcheck: "false", autocomplete: "off", list: "samples",
      placeholder: "/logo.png", oninput: () => change(field.value),
    });
    return { labelled: true, below: field, show: value => { field.value = value ?? ""; } };
  },

  position(spec, { change }) {
    const pad = positionPad(spec.name, state.params.get(spec.name), value => change(value));
    return { inline: pad, show: value => pad.set(value) };
  },

  crop(spec, { id, change, tools }) {
    const select = h("select", { id, class: "field", onchange: () => mode(select.value) },
      h("option", { value: "" }, "default"), spec.control.choices.map(word => h("option", { value: word }, word)),
      h("option", { value: "region" }, "region…"), h("option", { value: "focal" }, "focal point…"));
    const names = ["x", "y", "width", "height"];
    const fields = names.map(name => h("input", {
      class: "field value", type: "text", "aria-label": `crop ${name}`, placeholder: name, autocomplete: "off",
      oninput: () => change(fields.map(field => field.value.trim() || "0").join(",")),
    }));
    const region = h("div", { class: "region", hidden: true }, fields,
      h("p", { class: "note" }, "Drag on the picture, or type pixels of the scaled image."));
    const sizes = ["width", "height"].map(name => h("input", {
      class: "value", type: "text", inputmode: "numeric", "aria-label": `focal point: ${name} of the result`,
      value: state.params.get(name) ?? "", placeholder: name, oninput: () => tools.focal(Number(sizes[0].value), Number(sizes[1].value)),
    }));
    const focal = h("div", { class: "region", hidden: true }, sizes,
      h("p", { class: "note" }, "Size of the result. Drag the point that is to stay in the middle; it is written as a region."));
    const mode = value => {
      region.hidden = value !== "region";
      focal.hidden = value !== "focal";
      if (value === "region") return tools.crop();
      if (value === "focal") {
        sizes[0].value ||= state.params.get("width") ?? "300";
        sizes[1].value ||= state.params.get("height") ?? "300";
        return tools.focal(Number(sizes[0].value), Number(sizes[1].value));
      }
      tools.none();
      return change(value);
    };
    const show = value => {
      const isRegion = value !== undefined && value.includes(",");
      if (isRegion) {
        if (select.value !== "focal") {
          select.value = "region";
          region.hidden = false;
        }
        value.split(",").forEach((part, index) => {
          if (fields[index] && document.activeElement !== fields[index]) fields[index].value = part;
        });
        return;
      }
      if (value === undefined && ["region", "focal"].includes(select.value) && tools.active()) return;
      region.hidden = focal.hidden = true;
      choose(select, value);
    };
    const draw = h("div", { class: "draw" },
      h("button", { type: "button", class: "small", onclick: () => { select.value = "region"; mode("region"); } }, icon("crop"), "Draw region"),
      h("button", { type: "button", class: "small", onclick: () => { select.value = "focal"; mode("focal"); } }, icon("target"), "Focal point"));
    return { labelled: true, inline: select, below: [draw, region, focal], show };
  },

  layers(spec, { about, change }) {
    const editor = layersEditor(about, change);
    return { below: editor.element, show: value => editor.show(value) };
  },
};

/** A slider with a number field; the field sends what was typed as it is, so that the server judges it. */
function numeric(spec, { id, change }) {
  const { kind, min, max, words } = spec.control;
  const normally = Number.parseFloat(spec.default);
  const long = max > 1000;
  const step = kind === "whole" ? 1 : max - min <= 2 ? 0.01 : max - min <= 10 ? 0.1 : 0.5;
  const toSlider = value => long ? Math.sqrt(Math.min(Math.max(value, 0), LONGEST_SLIDER) / LONGEST_SLIDER) * 1000 : value;
  const fromSlider = value => long ? Math.max(min, Math.round((value / 1000) ** 2 * LONGEST_SLIDER)) : value;
  const rest = Number.isFinite(normally) ? normally : kind === "decimal" && min < 0 ? 0 : min;
  const field = h("input", {
    id, class: "field value", type: "text", inputmode: kind === "whole" ? "numeric" : "decimal", autocomplete: "off",
    placeholder: Number.isFinite(normally) ? String(normally) : "auto", list: words ? "words" : null,
    oninput: () => { change(field.value.trim()); follow(field.value); },
  });
  const slider = h("input", {
    type: "range", "aria-label": `${spec.name} slider`, min: long ? "0" : String(min), max: long ? "1000" : String(max), step: long ? "1" : String(step),
    oninput: () => {
      const value = fromSlider(Number(slider.value));
      field.value = String(value);
      fill();
      change(!long && value === rest && Number.isFinite(normally) ? null : field.value);
    },
  });
  const fill = () => {
    const low = Number(slider.min), high = Number(slider.max), at = (Number(slider.value) - low) / (high - low);
    const zero = low < 0 ? -low / (high - low) : 0;
    slider.style.setProperty("--from", `${Math.min(at, zero) * 100}%`);
    slider.style.setProperty("--to", `${Math.max(at, zero) * 100}%`);
  };
  const follow = text => {
    const value = Number.parseFloat(text);
    slider.value = String(toSlider(Number.isFinite(value) ? value : rest));
    fill();
  };
  const word = words?.map(text => h("button", { type: "button", class: "small word", onclick: () => { field.value = text; change(text, "word"); } }, text));
  return {
    labelled: true, inline: [word, field], below: slider,
    show: value => { field.value = value ?? ""; follow(value); },
  };
}

function choose(select, value) {
  const known = [...select.options].some(option => option.value === (value ?? ""));
  if (!known) select.append(h("option", { value }, value));
  select.value = value ?? "";
}

let painter;

/** A colour in any spelling as #rrggbb, for the colour well. */
function hex(text) {
  const digits = text.replace(/^#/, "");
  const css = /^([0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8})$/i.test(digits) ? `#${digits}` : text;
  painter ??= document.createElement("canvas").getContext("2d");
  painter.fillStyle = "#ffffff";
  painter.fillStyle = css;
  const found = painter.fillStyle;
  if (found.startsWith("#")) return found;
  const parts = found.match(/[\d.]+/g)?.slice(0, 3) ?? [255, 255, 255];
  return `#${parts.map(part => Number(part).toString(16).padStart(2, "0")).join("")}`;
}

