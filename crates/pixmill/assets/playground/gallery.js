// The contact sheet of looks, and the comparison of formats at one quality.

import { inspect, picture, timing } from "./api.js";
import { $, bytes, h } from "./dom.js";
import { grade, typeName } from "./inspector.js";
import { set, setAll, state, variant } from "./state.js";

/** Runs a few requests at a time. */
async function each(list, most, work) {
  const left = [...list];
  await Promise.all(Array.from({ length: most }, async () => {
    while (left.length) await work(left.shift());
  }));
}

/** Every look of the picture that is shown; a click chooses one. */
export function looks(root, about) {
  const grid = h("div", { class: "sheet", role: "group", "aria-label": "Looks" });
  root.append(h("p", { class: "note" }, "The twenty looks of filter on this picture. Choose one to apply it."), grid);
  let shown = "", abort;
  const cards = ["", ...about.looks].map(name => {
    const image = h("img", { alt: "", width: 240, height: 160 });
    const card = h("button", { type: "button", class: "look", "aria-pressed": "false", onclick: () => set("filter", name || null, "looks") }, image, h("span", {}, name || "none"));
    card.dataset.look = name;
    return { name, image, card };
  });
  grid.append(...cards.map(({ card }) => card));
  return async () => {
    for (const { name, card } of cards) card.setAttribute("aria-pressed", (state.params.get("filter") ?? "") === name);
    const key = variant({}, () => false);
    const now = state.path + [...key].join();
    if (now === shown) return;
    shown = now;
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    await each(cards, 4, async ({ name, image }) => {
      try {
        const params = variant({ width: 240, height: 160, crop: "fit", format: "webp", quality: 75, filter: name || null }, () => false);
        const { blob } = await picture(params, signal);
        URL.revokeObjectURL(image.src);
        image.src = URL.createObjectURL(blob);
      } catch (error) {
        if (error.name !== "AbortError") image.removeAttribute("src");
      }
    });
  };
}

/** The same picture in every format at one quality, with bytes, score and time. */
export function formats(root, about) {
  const quality = h("input", { type: "range", min: "10", max: "100", step: "5", value: sessionStorage.getItem("quality") ?? "80", id: "shoot-quality", "aria-describedby": "shoot-note" });
  const value = h("output", { for: "shoot-quality" }, quality.value);
  const list = about.formats.filter(({ name }) => !["gif", "mp4"].includes(name));
  const rows = h("div", { class: "shoot" });
  root.append(
    h("div", { class: "shoot-head" }, h("label", { for: "shoot-quality" }, "Quality"), quality, value,
      h("span", { class: "note", id: "shoot-note" }, "One number on the scale of JPEG; each encoder gets the quality that corresponds to it.")), rows);
  let shown = "", abort;
  const cards = list.map(({ name, type, lossy }) => {
    const image = h("img", { alt: `The picture as ${typeName(type)}` });
    const bar = h("span", { class: "fill" });
    const facts = { bytes: h("b", {}, "–"), share: h("span", {}), score: h("span", {}), time: h("span", {}) };
    const card = h("article", { class: "format" },
      h("div", { class: "shot" }, image),
      h("div", { class: "format-head" }, h("h3", {}, typeName(type)), facts.bytes),
      h("div", { class: "meter", "aria-hidden": "true" }, bar),
      h("p", { class: "facts" }, facts.share, facts.score, facts.time),
      h("button", { type: "button", class: "small", onclick: () => setAll({ format: name, quality: lossy ? quality.value : null }, "formats") }, `Use ${typeName(type)}`));
    rows.append(card);
    return { name, lossy, image, bar, facts };
  });
  const refresh = async force => {
    const now = state.path + [...variant({ format: null, quality: null })].join() + quality.value;
    if (now === shown && force !== true) return;
    shown = now;
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    const sizes = new Map();
    await each(cards, 2, async ({ name, lossy, image, facts }) => {
      Object.values(facts).forEach(fact => { fact.textContent = ""; });
      facts.bytes.textContent = "…";
      try {
        const params = variant({ format: name, quality: lossy ? quality.value : null, meta: null, recognition: null });
        const { blob, headers } = await picture(params, signal);
        URL.revokeObjectURL(image.src);
        image.src = URL.createObjectURL(blob);
        sizes.set(name, blob.size);
        facts.bytes.textContent = bytes(blob.size);
        const spent = timing(headers).reduce((sum, phase) => sum + phase.spent, 0);
        facts.time.textContent = headers.get("x-cache") === "miss" ? `${spent.toFixed(0)} ms to render` : "from the cache";
        compare();
        const { ssimulacra2 } = await inspect("score", params, signal);
        facts.score.textContent = ssimulacra2 === null ? "not compared" : `SSIMULACRA2 ${ssimulacra2.toFixed(1)}, ${grade(ssimulacra2)}`;
      } catch (error) {
        if (error.name === "AbortError") return;
        facts.bytes.textContent = "–";
        facts.share.textContent = error.message;
      }
    });
    function compare() {
      const most = Math.max(...sizes.values()), jpeg = sizes.get("jpeg");
      for (const { name, bar, facts } of cards) {
        const size = sizes.get(name);
        if (!size) continue;
        bar.style.setProperty("width", `${size / most * 100}%`);
        facts.share.textContent = !jpeg ? "" : name === "jpeg" ? "what the others are compared with" : size < jpeg ? `${Math.round((1 - size / jpeg) * 100)} % smaller than JPEG` : `${(size / jpeg).toFixed(1)} times the JPEG`;
      }
    }
  };
  let timer;
  quality.addEventListener("input", () => {
    value.textContent = quality.value;
    sessionStorage.setItem("quality", quality.value);
    clearTimeout(timer);
    timer = setTimeout(refresh, 200);
  });
  return refresh;
}

export const isVisible = id => !$(`#${id}`).hidden;
