// The page: connects the state in the URL with the controls, the picture and what is said of it.

import { ask, Failure, inspect, picture } from "./api.js";
import { buildControls, showEffects, showError } from "./controls.js";
import { $, bytes, debounce, h, say, tabs, toClipboard } from "./dom.js";
import { formats, isVisible, looks } from "./gallery.js";
import { buildInspector, urlBar } from "./inspector.js";
import { Stage } from "./stage.js";
import { clear, onChange, open, read, setAll, setNames, shown, state, url, variant } from "./state.js";
import { drawingTools } from "./tools.js";

/** Waits between attempts to reach a lost server, in seconds. */
const BACK_OFF = [1, 2, 4, 8, 15, 30];

/** Groups of parameters that give the original another shape. */
const SHAPE = new Set(["size", "crop", "rotation"]);

/** Types that browsers show. */
const SHOWN = /^image\/(jpeg|png|webp|avif|gif|svg\+xml|bmp|x-icon|vnd\.microsoft\.icon)$/;

async function start() {
  const stage = new Stage($("#stage"));
  let about;
  try {
    about = await (await ask("/playground/about.json")).json();
  } catch (error) {
    return lost(stage, error, 0, start);
  }
  stage.tell(null);
  if ($("#panel").childElementCount) return undefined;
  setNames(about);
  return run(stage, about);
}

function run(stage, about) {
  if (!read()) open(localStorage.getItem("picture") ?? first(about));
  const groups = new Map(about.groups.flatMap(group => group.parameters.map(({ name }) => [name, group.name])));
  const tools = drawingTools(stage, error => failed(error));
  $("#version").textContent = about.version;
  lists(about);
  const showSamples = sources(about, stage);
  buildControls($("#panel"), about, tools);
  const inspector = buildInspector($("#inspector"), about);
  const showUrl = urlBar($("#urlbar"));
  const showLooks = looks($("#looks"), about);
  const showFormats = formats($("#formats"), about);
  const views = tabs("Views", [["editor", "Editor"], ["looks", "Looks"], ["formats", "Formats"]], id => {
    sessionStorage.setItem("view", id);
    refreshSheets();
  });
  $("#views").append(views);
  $("#share").addEventListener("click", async () => {
    const done = await toClipboard(location.href);
    say(done ? "Link copied" : "The browser does not allow copying");
    $("#share span").textContent = done ? "Copied" : "Share";
    setTimeout(() => { $("#share span").textContent = "Share"; }, 1500);
  });

  let abort, attempt = 0, before = "";

  async function update() {
    abort?.abort();
    abort = new AbortController();
    const { signal } = abort;
    stage.setBusy(true);
    localStorage.setItem("picture", shown());
    try {
      await compare(signal);
      const found = await picture(state.params, signal);
      const size = await showResult(stage, found, signal);
      attempt = 0;
      stage.tell(null);
      showError(null);
      sourceError(null);
      inspector.show(found, size);
      stage.setBusy(false);
      document.body.dataset.shown = url();
      explain(signal, found.headers.get("x-pixmill-quality"));
      settle(signal, found);
    } catch (error) {
      if (error.name === "AbortError") return;
      stage.setBusy(false);
      failed(error);
    }
  }

  const settle = debounce(300, (signal, { type }) => {
    if (!signal.aborted && type.startsWith("image/")) inspector.score(state.params, signal);
  });

  async function explain(signal, quality) {
    try {
      const explained = await inspect("explain", state.params, signal);
      inspector.explain(explained, quality);
      showEffects(explained);
    } catch (error) {
      if (error.name !== "AbortError") inspector.explain(null);
    }
  }

  /** Loads what the result is compared with: the original, or its pixels in the shape of the result. */
  async function compare(signal) {
    const shaped = [...state.params.keys()].some(name => SHAPE.has(groups.get(name)));
    const keep = name => SHAPE.has(groups.get(name)) && name !== "pad";
    const isClear = !shaped && about.originals;
    const params = isClear ? variant({}, () => false) : variant({ format: shaped ? "png" : "webp", ...(shaped ? {} : { quality: 95 }) }, keep);
    const wanted = state.path + [...params].join();
    if (wanted === before) return;
    let found;
    try {
      found = await picture(params, signal);
      if (!SHOWN.test(found.type)) found = await picture(variant({ format: "webp", quality: 95 }, () => false), signal);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      // the request for the result says what is wrong
      return;
    }
    const image = h("img", { src: URL.createObjectURL(found.blob), alt: "" });
    await image.decode().catch(() => {});
    before = wanted;
    stage.setBefore(image.src, image.naturalWidth, image.naturalHeight);
  }

  /** Shows an error where it belongs: beside the control, beside the picture's name, or over the picture. */
  function failed(error) {
    if (error.lost) return lost(stage, error, attempt++, update);
    document.body.dataset.shown = "";
    inspector.blank();
    inspector.explain(null);
    const known = showError(error.parameter, error.message);
    const ofSource = ["not_found", "invalid_path", "unsupported_image", "undecodable_image", "forbidden_by_origin", "origin_failed", "no_origin", "source_too_large", "origin_timeout"].includes(error.code);
    sourceError(ofSource ? error.message : null);
    if (about.signed && error.code?.startsWith("signature_")) inspector.askKey(debounce(300, update));
    stage.tell([h("strong", {}, known ? error.parameter : "This picture cannot be shown"), h("span", {}, error.message), error.code && h("code", {}, error.code)].filter(Boolean));
    return undefined;
  }

  function refreshSheets() {
    if (isVisible("looks")) showLooks();
    if (isVisible("formats")) showFormats();
  }

  const soon = debounce(90, update), sheets = debounce(250, refreshSheets);
  onChange(by => {
    showUrl();
    if (by !== "tool" && by !== "crop") tools.none();
    $("#source").value = shown();
    sessionStorage.removeItem("draft");
    mark();
    if (["reset", "clear", "looks", "open", "sample"].includes(by)) update();
    else soon();
    sheets();
  });
  addEventListener("hashchange", () => {
    if (location.hash.slice(1) !== url() && read()) setAll({}, "open");
  });
  showUrl();
  mark();
  views.select(sessionStorage.getItem("view") ?? "editor");
  document.body.dataset.ready = Math.round(performance.now());
  // the picture comes before the small ones
  return update().finally(showSamples);
}

/** What is shown first. */
function first({ samples, groups, signed }) {
  const sample = samples.find(sample => sample.includes("china")) ?? samples[0] ?? "/";
  const allowed = groups.flatMap(group => group.parameters).filter(spec => spec.allowed).map(({ name }) => name);
  const isOpen = !signed && samples.length && ["width", "format"].every(name => allowed.includes(name));
  return sample + (isOpen ? "?width=640&format=auto" : "");
}

/** Suggestions for fields. */
function lists(about) {
  for (const [id, values] of [["samples", about.samples], ["colors", about.colors], ["presets", about.presets], ["words", ["auto"]]]) {
    document.body.append(h("datalist", { id }, values.map(value => h("option", { value }))));
  }
}

/** The field of the picture, the samples and uploads. Returns what loads the pictures of the samples. */
function sources(about, stage) {
  const field = $("#source");
  field.value = sessionStorage.getItem("draft") ?? shown();
  const go = () => open(field.value || "/", "open");
  $("#source-form").addEventListener("submit", event => {
    event.preventDefault();
    go();
  });
  field.addEventListener("change", go);
  field.addEventListener("input", () => sessionStorage.setItem("draft", field.value));
  const strip = $("#samples-strip");
  strip.append(...about.samples.map(sample => {
    const name = decodeURIComponent(sample.slice(1));
    const image = h("img", { alt: "", width: 72, height: 54, loading: "lazy" });
    const choice = h("button", { type: "button", class: "sample", title: name, "aria-label": name, onclick: () => open(sample, "sample") }, image);
    choice.dataset.path = sample;
    image.addEventListener("error", () => choice.replaceChildren(h("span", {}, name)));
    return choice;
  }));
  strip.hidden = !about.samples.length;
  uploads(about, stage);
  return () => {
    for (const choice of strip.children) {
      if (about.signed) choice.replaceChildren(h("span", {}, choice.title));
      else choice.firstChild.src = `${choice.dataset.path}?width=144&height=108&crop=fit&format=webp&quality=70`;
    }
  };
}

function mark() {
  for (const sample of $("#samples-strip").children) sample.setAttribute("aria-pressed", sample.dataset.path === state.path);
}

function sourceError(message) {
  const line = $("#source-error");
  line.hidden = !message;
  line.textContent = message ?? "";
  $("#source").setAttribute("aria-invalid", Boolean(message));
}

/** Files that are dropped or chosen: stored by the server as the original of a path of its own. */
function uploads(about, stage) {
  const input = $("#file"), drop = $("#drop");
  const { accepted, token } = about.uploads;
  const send = async file => {
    if (!file) return;
    if (!accepted) return sourceError("This listener accepts no uploads: set uploads.enabled and uploads.public, or open the playground on the upload listener.");
    const given = token ? prompt("Token of uploads.tokens") : null;
    if (token && !given) return;
    const bits = crypto.getRandomValues(new Uint8Array(6));
    const name = file.name.replace(/[^\w.-]+/g, "-").replace(/^[.-]+/, "") || "picture";
    const path = `/uploaded/${[...bits].map(byte => byte.toString(16).padStart(2, "0")).join("")}/${name}`;
    stage.setBusy(true);
    say(`Uploading ${file.name}`);
    try {
      const headers = { "content-type": file.type || "application/octet-stream", ...(given ? { authorization: `Bearer ${given}` } : {}) };
      await ask(`${path}?cache_processed=true`, { method: "POST", body: file, headers });
      clear();
      open(path, "open");
      say(`${file.name}, ${bytes(file.size)}`);
    } catch (error) {
      sourceError(`${file.name}: ${error.message}`);
    } finally {
      stage.setBusy(false);
    }
  };
  input.addEventListener("change", () => send(input.files[0]));
  $("#upload").addEventListener("click", () => input.click());
  let depth = 0;
  addEventListener("dragenter", event => {
    if (![...event.dataTransfer.types].includes("Files")) return;
    depth += 1;
    drop.hidden = false;
  });
  addEventListener("dragleave", () => { if (--depth <= 0) drop.hidden = true; });
  addEventListener("dragover", event => event.preventDefault());
  addEventListener("drop", event => {
    event.preventDefault();
    depth = 0;
    drop.hidden = true;
    send(event.dataTransfer.files[0]);
  });
}

/** Shows a response in the stage. Returns the size of a picture. */
async function showResult(stage, { blob, type }, signal) {
  if (type.startsWith("application/json")) {
    const text = await blob.text();
    let pretty = text;
    try {
      pretty = JSON.stringify(JSON.parse(text), null, 2);
    } catch {
      // shown as it is
    }
    stage.setAfter(h("pre", { tabIndex: 0 }, pretty.replace(/"data:[^"]{200,}"/g, '"data:…"')), 640, 420);
    return null;
  }
  const source = URL.createObjectURL(blob);
  if (type.startsWith("video/")) {
    const video = h("video", { src: source, muted: true, loop: true, autoplay: true, controls: true, playsInline: true, "aria-label": "Result" });
    await new Promise((done, fail) => {
      video.onloadedmetadata = done;
      video.onerror = () => fail(new Failure("The browser cannot play this video."));
    });
    stage.setAfter(video, video.videoWidth, video.videoHeight);
    return { width: video.videoWidth, height: video.videoHeight };
  }
  const image = h("img", { src: source, alt: "Result", draggable: "false" });
  await image.decode().catch(() => {
    throw new Failure(`The browser does not show ${type || "this type"}: choose another format.`);
  });
  signal.throwIfAborted();
  const old = stage.after.querySelector("img")?.src;
  if (old) setTimeout(() => URL.revokeObjectURL(old), 1000);
  stage.setAfter(image, image.naturalWidth || 300, image.naturalHeight || 150);
  return { width: image.naturalWidth, height: image.naturalHeight };
}

let waiting;

/** Says that the server does not answer, and tries again with growing waits. */
function lost(stage, error, attempt, again) {
  clearInterval(waiting);
  let left = Math.ceil(error.wait ?? BACK_OFF[Math.min(attempt, BACK_OFF.length - 1)]);
  const count = h("span", {});
  const now = () => {
    clearInterval(waiting);
    again();
  };
  const tick = () => {
    count.textContent = left > 0 ? `Trying again in ${left} s.` : "Trying again…";
    if (left-- <= 0) now();
  };
  stage.tell([h("strong", {}, error.message), count, h("button", { type: "button", class: "small", onclick: now }, "Try now")], "lost");
  tick();
  waiting = setInterval(tick, 1000);
}

start();
