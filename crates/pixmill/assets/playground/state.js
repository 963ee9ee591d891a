// What is shown: the picture and its parameters. It lives in the fragment of the URL, `#/photo.jpg?width=300`, so that a link
// shares it and a reload loses nothing.

export const state = { path: "", params: new Map() };

const listeners = new Set();
let aliases = new Map();

export function onChange(listener) {
  listeners.add(listener);
}

/** Takes the names of parameters from the description of the server. */
export function setNames(about) {
  aliases = new Map(about.groups.flatMap(group => group.parameters)
    .flatMap(({ name, aliases }) => [name, ...aliases].map(known => [known, name])));
}

/** Sets a parameter, or removes it (null). `by`: who changed it. */
export function set(name, value, by) {
  if (value == null) state.params.delete(name);
  else state.params.set(name, String(value));
  changed(by);
}

export function setAll(values, by) {
  for (const [name, value] of Object.entries(values)) {
    if (value == null) state.params.delete(name);
    else state.params.set(name, String(value));
  }
  changed(by);
}

export function clear() {
  const url = state.params.get("source_url");
  state.params.clear();
  if (url) state.params.set("source_url", url);
  changed("clear");
}

/** Takes what was typed as a picture: a path, a path with parameters, or a URL on this server or another one. */
export function open(text, by = "open") {
  const typed = text.trim();
  if (/^https?:\/\//i.test(typed) && !typed.startsWith(location.origin + "/")) {
    state.path = "/";
    state.params.set("source_url", typed);
    return changed(by);
  }
  const local = typed.startsWith(location.origin) ? typed.slice(location.origin.length) : typed;
  const [path, query] = split(local.replace(/#.*/, ""));
  state.path = encoded(path.startsWith("/") ? path : `/${path}`);
  state.params.delete("source_url");
  if (query !== undefined) state.params = parse(query);
  changed(by);
}

/** The text for the field of the picture. */
export function shown() {
  return state.params.get("source_url") ?? decoded(state.path);
}

/** The query string of some parameters: those of the state, unless others are given. */
export function query(params = state.params) {
  const pairs = [...params].map(([name, value]) => `${name}=${escape(value)}`);
  return pairs.length ? `?${pairs.join("&")}` : "";
}

export const url = params => state.path + query(params);

/** The parameters of the state without some, and with others: `null` removes. */
export function variant(changes, keep = () => true) {
  const params = new Map([...state.params].filter(([name]) => keep(name) || SOURCE.has(name)));
  for (const [name, value] of Object.entries(changes)) {
    if (value == null) params.delete(name);
    else params.set(name, String(value));
  }
  return params;
}

/** Parameters that select the original. */
export const SOURCE = new Set(["origin", "source_url", "host_header", "resolve", "bucket", "region"]);

/** Reads the fragment. Returns whether it named a picture. */
export function read() {
  const text = location.hash.slice(1);
  if (!text.startsWith("/")) return false;
  const [path, query] = split(text);
  state.path = path;
  state.params = parse(query ?? "");
  return true;
}

function changed(by) {
  history.replaceState(null, "", `#${url()}`);
  listeners.forEach(listener => listener(by));
}

function split(text) {
  const at = text.indexOf("?");
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function parse(query) {
  const params = new Map();
  for (const [name, value] of new URLSearchParams(query)) params.set(aliases.get(name) ?? name, value);
  return params;
}

// readable where it may be
const escape = text => encodeURIComponent(text).replace(/%(2C|2F|3A)/g, decodeURIComponent);
const encoded = path => decoded(path).split("/").map(encodeURIComponent).join("/");

function decoded(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
