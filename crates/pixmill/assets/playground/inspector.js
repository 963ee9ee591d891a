// What is said of the picture: figures, time, plan, URL and snippets.

import { canSign, inspect, setKey, signed, timing } from "./api.js";
import { $, bytes, copyButton, h, segments } from "./dom.js";
import { query, state, url, variant } from "./state.js";

const NAMES = {
  "image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WebP", "image/avif": "AVIF", "image/gif": "GIF",
  "image/svg+xml": "SVG", "image/tiff": "TIFF", "image/bmp": "BMP", "video/mp4": "MP4", "application/json": "JSON", "image/jxl": "JPEG XL",
};
export const typeName = type => NAMES[type] ?? (type || "unknown");

/** What the phases of `Server-Timing` are, in the order of the bar. */
const PHASES = {
  cache: "looking in the cache", fetch: "getting the original", queue: "waiting for a thread", see: "analysing the original",
  decode: "reading the header", process: "computing pixels", encode: "computing and encoding",
};

export function grade(score) {
  if (score >= 99.99) return "identical";
  if (score >= 90) return "visually lossless";
  if (score >= 80) return "very high";
  if (score >= 70) return "high";
  if (score >= 50) return "medium";
  return score >= 30 ? "low" : "very low";
}

const figure = (label, id) => h("div", { class: "figure" }, h("dt", {}, label), h("dd", { id }, "–"));

export function buildInspector(root, about) {
  let snippet = "srcset", asked = 0, length = 0;
  const bar = h("div", { class: "timing", "aria-hidden": "true" });
  const legend = h("ul", { class: "legend" });
  const plan = h("ol", { class: "plan" });
  const code = h("pre", { class: "code", tabIndex: 0, "aria-label": "Snippet" }, h("code"));
  const key = h("input", {
    type: "password", id: "key", autocomplete: "off", placeholder: "key of params.signing.keys",
    oninput: () => { setKey(key.value); about.signed ? onKey() : refreshSnippet(); },
  });
  const keyRow = h("form", { class: "pair", hidden: true, onsubmit: event => event.preventDefault() }, h("label", { for: "key" }, "Signing key"), key,
    h("p", { class: "note" }, canSign() ? "It stays in this page: it is neither sent nor stored." : "Browsers sign on https and localhost only: use pixmill sign."));
  let onKey = () => {};
  root.append(
    h("section", { class: "card", "aria-labelledby": "figures" }, h("h2", { id: "figures" }, "Result"),
      h("dl", { class: "figures" }, figure("Size", "f-bytes"), figure("Dimensions", "f-size"), figure("Format", "f-format"),
        figure("Quality", "f-quality"), figure("SSIMULACRA2", "f-score"), figure("Cache", "f-cache"))),
    h("section", { class: "card", "aria-labelledby": "time" }, h("h2", { id: "time" }, "Server timing", h("span", { id: "f-total", class: "aside" })), bar, legend),
    h("section", { class: "card", "aria-labelledby": "plan" }, h("h2", { id: "plan" }, "Plan"), plan),
    h("section", { class: "card", "aria-labelledby": "use" },
      h("h2", { id: "use" }, "Use it", copyButton("Copy the snippet", () => code.textContent)),
      segments("Snippet", [["srcset", "srcset"], ["picture", "picture"], ["next", "Next.js"], ["curl", "curl"], ["sign", "Signed"]], snippet, chosen => { snippet = chosen; refreshSnippet(); }),
      code, keyRow));

  async function refreshSnippet() {
    keyRow.hidden = snippet !== "sign" && !about.signed;
    code.firstChild.textContent = await SNIPPETS[snippet](key.value);
  }

  /** Shows the figures of a result. */
  function show({ blob, type, headers, spent }, size) {
    const phases = timing(headers);
    length = blob.size;
    put("f-bytes", bytes(length));
    put("f-size", size ? `${size.width} × ${size.height}` : "–", size ? `${(size.width * size.height / 1e6).toFixed(2)} MP` : "");
    put("f-format", typeName(type));
    put("f-cache", headers.get("x-cache") ?? "–");
    const total = phases.reduce((sum, phase) => sum + phase.spent, 0);
    $("#f-total").textContent = `${total.toFixed(1)} ms, ${Math.round(spent)} ms in all`;
    const order = Object.keys(PHASES);
    const sorted = phases.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
    bar.replaceChildren(...sorted.filter(phase => phase.spent > 0).map(phase => {
      const part = h("span", { class: `phase ${phase.name}`, title: `${phase.name}: ${phase.spent} ms` });
      part.style.setProperty("flex-grow", phase.spent);
      return part;
    }));
    legend.replaceChildren(...sorted.map(phase => h("li", { title: PHASES[phase.name] ?? "" },
      h("i", { class: `phase ${phase.name}` }), h("span", {}, phase.name), h("b", {}, `${phase.spent.toFixed(1)} ms`))));
    refreshSnippet();
  }

  /** Shows the plan, and what it tells of the quality. */
  function explain(explained, found) {
    const lines = explained?.plan ?? (explained ? [state.params.has("meta") ? "describe the original as JSON" : "send the original as it is"] : []);
    const { bytes: original } = explained?.source ?? {};
    if (original && length) put("f-bytes", bytes(length), length === original ? "as the original" : `${share(length / original)} of ${bytes(original)}`);
    plan.replaceChildren(...lines.map(line => h("li", {}, line)));
    const planned = /quality (\d+)/.exec(lines.at(-1) ?? "")?.[1];
    const asked = Number.parseInt(state.params.get("quality"), 10);
    const lossless = ["image/png", "image/gif"].includes(explained?.answer?.type);
    put("f-quality", lossless ? "lossless" : found ?? (Number.isFinite(asked) ? String(asked) : planned ?? "–"),
      found ? "found by auto" : planned && Number(planned) !== asked && Number.isFinite(asked) ? `encoder: ${planned}` : "");
  }

  /** Asks for the score of the result; the last call wins. */
  async function score(params, signal) {
    const mine = ++asked;
    put("f-score", "…");
    try {
      const { ssimulacra2 } = await inspect("score", params, signal);
      if (mine !== asked) return;
      put("f-score", ssimulacra2 === null ? "–" : ssimulacra2.toFixed(1), ssimulacra2 === null ? "not compared" : grade(ssimulacra2));
    } catch (error) {
      if (error.name !== "AbortError" && mine === asked) put("f-score", "–");
    }
  }

  function blank() {
    asked += 1;
    for (const id of ["f-bytes", "f-size", "f-format", "f-quality", "f-score", "f-cache"]) put(id, "–");
    $("#f-total").textContent = "";
    bar.replaceChildren();
    legend.replaceChildren();
    refreshSnippet();
  }

  return { show, explain, score, blank, askKey: then => { onKey = then; keyRow.hidden = false; } };
}

const share = ratio => ratio < 0.01 ? "under 1 %" : `${Math.round(ratio * 100)} %`;

function put(id, text, more = "") {
  $(`#${id}`).replaceChildren(text, ...(more ? [h("small", {}, more)] : []));
}

/** The bar with the URL, its parts in colours. */
export function urlBar(root) {
  const shown = h("code", { class: "url", id: "url", tabIndex: 0, role: "textbox", "aria-readonly": "true", "aria-label": "URL of the picture" });
  root.append(shown, copyButton("Copy the URL", () => location.origin + url()),
    h("a", { id: "open", class: "ghost square", target: "_blank", rel: "noopener", title: "Open in a new tab", "aria-label": "Open the picture in a new tab" }, "↗"));
  return () => {
    const parts = query().slice(1).split("&").filter(Boolean).flatMap((pair, index) => {
      const at = pair.indexOf("=");
      return [h("span", { class: "mark" }, index ? "&" : "?"), h("b", {}, pair.slice(0, at)), h("span", { class: "mark" }, "="), pair.slice(at + 1)];
    });
    shown.replaceChildren(h("span", { class: "mark" }, location.origin), state.path, ...parts);
    $("#open").href = url();
  };
}

const WIDTHS = [320, 640, 960, 1280, 1920];
/** The URL of the same picture in another width. A region is scaled with it, so that it selects the same part. */
function sized(width, changes = {}) {
  const crop = (state.params.get("crop") ?? "").split(","), scaled = Number(state.params.get("width"));
  if (crop.length !== 4 || !scaled) return location.origin + url(variant({ width, height: null, dpr: null, ...changes }));
  const factor = width / Number(crop[2]);
  const region = crop.map(part => part === "center" ? part : Math.round(Number(part) * factor)).join(",");
  return location.origin + url(variant({ width: Math.round(scaled * factor), height: null, dpr: null, crop: region, ...changes }));
}

const text = value => value.replace(/&/g, "&amp;").replace(/"/g, "&quot;");
const srcset = changes => WIDTHS.map(width => `${text(sized(width, changes))} ${width}w`).join(",\n    ");

const SNIPPETS = {
  srcset: () => `<img
  src="${text(sized(960, { format: "auto" }))}"
  srcset="
    ${srcset({ format: "auto" })}"
  sizes="(max-width: 60em) 100vw, 60em"
  alt="" loading="lazy" decoding="async">`,

  picture: () => `<picture>
  ${["avif", "webp"].map(format => `<source type="image/${format}" sizes="100vw" srcset="
    ${srcset({ format })}">`).join("\n  ")}
  <img src="${text(sized(960, { format: "jpeg" }))}" alt="" loading="lazy">
</picture>`,

  next: () => {
    const rest = query(variant({ width: null, height: null, dpr: null, quality: null, format: "auto" })).slice(1);
    return `// image-loader.js; next.config.js: images: { loader: "custom", loaderFile: "./image-loader.js" }
export default function pixmill({ src, width, quality }) {
  return \`${location.origin}\${src}?width=\${width}&quality=\${quality ?? 80}&${rest}\`;
}`;
  },

  curl: () => `curl --fail --globoff '${(location.origin + url()).replace(/'/g, "%27")}' -o picture.${{ jpeg: "jpg" }[state.params.get("format")] ?? state.params.get("format")?.replace("auto", "img") ?? "img"}`,

  async sign(secret) {
    const plain = query();
    const command = `pixmill sign --config pixmill.toml '${(location.origin + url()).replace(/'/g, "%27")}'`;
    if (!secret || !canSign()) return `# with the key in the configuration:\n${command}\n\n# or type the key below to sign here`;
    return location.origin + state.path + await signed(state.path, plain, secret);
  },
};
