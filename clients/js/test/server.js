// A real server in front of the sample images, for tests.

import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** The key that the server requires, if any. */
export const KEY = "correct horse battery staple";

/** The binary, if it is built. */
export const binary = process.env.PIXMILL_BIN ?? `${root}target/debug/pixmill`;

/** Why tests with a server are skipped; false if they are not. */
export const skip = existsSync(binary) ? false : `${binary} is not built`;

/** Starts a server; `url` is its address. */
export async function serve(environment = {}) {
  const options = ["serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--origin", `${root}samples`];
  const child = spawn(binary, options, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  const url = await new Promise((resolve, reject) => {
    // read to the end, since a full pipe would block the server
    child.stderr.on("data", (data) => {
      said += data;
      const found = /listening on (http:\S+)\n/.exec(said);
      if (found) resolve(found[1]);
    });
    child.on("error", reject);
    child.on("exit", () => reject(new Error(`the server ended: ${said}`)));
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  return { url, stop: () => (child.kill(), ended) };
}

/** Fetches a picture; its status, and width and height if it is a JPEG. */
export async function fetched(url) {
  const response = await fetch(url, { headers: { accept: "image/jpeg" } });
  const bytes = new Uint8Array(await response.arrayBuffer());
  return { status: response.status, type: response.headers.get("content-type"), ...jpegSize(bytes) };
}

function jpegSize(bytes) {
  const view = new DataView(bytes.buffer);
  if (bytes.length < 4 || view.getUint16(0) !== 0xffd8) return {};
  for (let at = 2; at + 9 < bytes.length; at += 2 + view.getUint16(at + 2)) {
    const isFrame = bytes[at + 1] >= 0xc0 && bytes[at + 1] <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(bytes[at + 1]);
    if (isFrame) return { width: view.getUint16(at + 7), height: view.getUint16(at + 5) };
  }
  return {};
}
