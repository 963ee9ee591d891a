// Requests: pictures with their headers, errors in the words of the server, signatures, and a server that does not answer.

import { state, query } from "./state.js";

/** An error that the server stated, or one of the connection (`lost`). */
export class Failure extends Error {
  constructor(message, details = {}) {
    super(message);
    Object.assign(this, details);
  }
}

let key = null;

/** The key of signatures, which is kept in this page only. */
export function setKey(text) {
  key = text || null;
}

export const canSign = () => Boolean(crypto.subtle);

/** Requests a URL of this server. */
export async function ask(target, options = {}) {
  let response;
  try {
    response = await fetch(target, { cache: "no-cache", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure("The server does not answer.", { lost: true });
  }
  if (response.ok) return response;
  let stated;
  try {
    stated = (await response.json()).error;
  } catch {
    // an error of a proxy has another body
  }
  const wait = Number(response.headers.get("retry-after"));
  throw new Failure(stated?.message ?? `The server answered with status ${response.status}.`, {
    status: response.status,
    code: stated?.code,
    parameter: stated?.parameter,
    lost: [502, 503, 504].includes(response.status) && (!stated || stated.code === "overloaded"),
    wait: wait > 0 ? wait : undefined,
  });
}

/** The URL of a picture of the current original, signed if there is a key. `page`: the prefix of another route. */
export async function target(params, page = "") {
  const path = state.path, plain = query(params);
  if (!key) return page + path + plain;
  return page + path + await signed(path, plain, key);
}

export async function picture(params, signal) {
  const asked = await target(params);
  const began = performance.now();
  const response = await ask(asked, { signal, headers: { accept: "image/avif,image/webp,*/*" } });
  const blob = await response.blob();
  return { blob, headers: response.headers, type: blob.type, spent: performance.now() - began, url: asked };
}

export async function inspect(page, params, signal) {
  return (await ask(await target(params, `/playground/${page}`), { signal })).json();
}

/** Signs path and query as docs/signing.md says. Returns the query with the signature. */
export async function signed(path, text, secret) {
  const bytes = new TextEncoder();
  const strict = text => encodeURIComponent(text).replace(/[!'()*]/g, letter => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
  const pairs = [...new URLSearchParams(text)];
  const order = pairs.map(([name, value], index) => [name, value, index]);
  const compare = (a, b) => a < b ? -1 : a > b ? 1 : 0;
  order.sort((a, b) => compare(a[0], b[0]) || a[2] - b[2]);
  const plain = path.split("/").map(part => strict(decodeURIComponent(part))).join("/");
  const message = `${plain}?${order.map(([name, value]) => `${strict(name)}=${strict(value)}`).join("&")}`;
  const imported = await crypto.subtle.importKey("raw", bytes.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const made = new Uint8Array(await crypto.subtle.sign("HMAC", imported, bytes.encode(message)));
  const digits = [...made].map(byte => byte.toString(16).padStart(2, "0")).join("");
  return `${text ? `${text}&` : "?"}signature=${digits}`;
}

/** The phases of `Server-Timing`, in milliseconds. */
export function timing(headers) {
  return (headers.get("server-timing") ?? "").split(",").flatMap(part => {
    const found = /^\s*([\w-]+);dur=([\d.]+)/.exec(part);
    return found ? [{ name: found[1], spent: Number(found[2]) }] : [];
  });
}
