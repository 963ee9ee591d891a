// Signing without waiting, by node:crypto: for code that cannot await. Everything else is in the root entry.

import { createHmac } from "node:crypto";

import { keyBytes, message } from "./message.js";

/** The URL with its signature. */
export function signUrlSync(url, key, options) {
  const { text, signed } = message(url, options);
  return signed(createHmac("sha256", keyBytes(key)).update(text).digest("hex"));
}
