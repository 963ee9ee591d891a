// Bytes of the pictures: what this page loaded, by the browser's own measurement, beside the sizes of the originals.

import { IMAGES, ORIGINALS, showsOriginals } from "./elements.js";

/** Bytes of pictures by URL; of the originals, by path. */
const loaded = new Map(), originals = new Map();
const $ = selector => document.querySelector(selector);

/** Begins to measure, and shows the result whenever a picture has arrived. */
export function measure() {
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) count(entry);
    show();
  }).observe({ type: "resource", buffered: true });
  document.addEventListener("load", show, { capture: true });
  document.addEventListener("loadeddata", show, { capture: true });
  show();
}

function count({ name, encodedBodySize, transferSize, initiatorType }) {
  const { origin, pathname } = new URL(name);
  // what `sizeOf` asks is no picture
  if (origin !== location.origin || initiatorType === "fetch" || !encodedBodySize) return;
  if (!pathname.startsWith(`${showsOriginals ? ORIGINALS : IMAGES}/`)) return;
  // parts of a video come one by one, and again from the browser's cache
  const isVideo = initiatorType === "video";
  if (isVideo && !transferSize && loaded.has(name)) return;
  const parts = isVideo ? loaded.get(name) ?? 0 : 0;
  loaded.set(name, parts + encodedBodySize);
  const path = pathOf(name);
  if (showsOriginals) originals.set(path, encodedBodySize);
  else if (!originals.has(path)) sizeOf(path);
}

/** The path of the original of a picture. */
function pathOf(url) {
  const { pathname } = new URL(url);
  return pathname.slice(pathname.indexOf("/", 1));
}

/** Asks for the size of an original, without loading it. */
async function sizeOf(path) {
  originals.set(path, 0);
  const response = await fetch(ORIGINALS + path, { method: "HEAD", priority: "low" });
  originals.set(path, Number(response.headers.get("content-length")));
  await response.arrayBuffer(); // else the browser reports an aborted request
  show();
}

const sum = numbers => [...numbers].reduce((total, number) => total + number, 0);

/** The placeholders are part of the page, and count as much as what is loaded. */
function placeholders() {
  const sources = new Set([...document.querySelectorAll(".placeholder")].map(image => image.getAttribute("src")));
  return sum([...sources].map(source => source.length));
}

function show() {
  for (const figure of document.querySelectorAll("figure")) caption(figure);
  if (!showsOriginals) keep([...loadedByPath(), ["placeholders", placeholders()]]);
  const pixmill = showsOriginals ? sameByPixmill() : sum(loaded.values()) + placeholders();
  const other = sum(originals.values());
  put("pixmill", pixmill, Math.max(pixmill ?? 0, other));
  put("originals", other, Math.max(pixmill ?? 0, other));
  $("#saving").textContent = pixmill && other ? `${Math.round((1 - pixmill / other) * 100)} % less` : "";
  document.body.dataset.pixmill = pixmill ?? "";
  document.body.dataset.originals = other;
}

/** Bytes of all variants of each original. */
function loadedByPath() {
  const bytes = new Map();
  for (const [url, size] of loaded) bytes.set(pathOf(url), (bytes.get(pathOf(url)) ?? 0) + size);
  return bytes;
}

/** What the page of Pixmill loaded in this tab for the pictures that are shown here; nothing if it has not loaded all of them. */
function sameByPixmill() {
  const kept = new Map(recall()), paths = [...originals.keys()];
  if (!paths.length || !paths.every(path => kept.has(path))) return undefined;
  return sum([...paths, "placeholders"].map(path => kept.get(path)));
}

function put(name, bytes, largest) {
  $(`#${name}-bytes`).textContent = bytes ? text(bytes) : "–";
  const share = bytes && largest ? bytes / largest : 0;
  $(`.row.${name} .bar`).style.setProperty("--share", share.toFixed(3));
}

/** What the picture has loaded, and what its original has. */
function caption(figure) {
  const picture = figure.querySelector(".real"), place = figure.querySelector(".bytes");
  const bytes = loaded.get(picture.currentSrc);
  if (!bytes) return;
  const original = originals.get(`/${figure.dataset.path}`);
  // with densities or widths in `srcset`, the element's own measure is in pixels of the page
  const asked = new URL(picture.currentSrc).searchParams;
  const width = asked.get("width") * (asked.get("dpr") ?? 1) || picture.naturalWidth;
  const wide = width ? `${width} px, ` : "";
  place.textContent = wide + text(bytes) + (original && !showsOriginals ? ` of ${text(original)}` : "");
}

function text(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(bytes < 1e5 ? 1 : 0)} kB` : `${(bytes / 1e6).toFixed(2)} MB`;
}

/** What the page of Pixmill loaded, in this tab. */
function recall() {
  try {
    return JSON.parse(sessionStorage.getItem("bytes")) ?? [];
  } catch {
    return [];
  }
}

function keep(bytes) {
  try {
    sessionStorage.setItem("bytes", JSON.stringify(bytes));
  } catch {
    // a browser may refuse to store: the page then shows its own bytes only
  }
}
