// Percent-encoding and decoding, byte by byte, as the server does it.

const encoder = new TextEncoder();

/** Letters, digits and `-._~` as they are, all other bytes as `%XX`. */
const BYTES = Array.from({ length: 256 }, (_, byte) => {
  const char = String.fromCharCode(byte);
  return /[A-Za-z0-9\-._~]/.test(char) ? char : "%" + byte.toString(16).toUpperCase().padStart(2, "0");
});

/** Percent-encodes bytes, or text in UTF-8. */
export function escape(text) {
  const bytes = typeof text === "string" ? encoder.encode(text) : text;
  return Array.from(bytes, (byte) => BYTES[byte]).join("");
}

/** The bytes of percent-encoded text; a percent sign that encodes nothing stays. */
export function unescape(text) {
  const bytes = [];
  for (const [, hex, plain] of text.matchAll(/%([0-9A-Fa-f]{2})|(%|[^%]+)/g)) {
    if (hex) {
      bytes.push(parseInt(hex, 16));
    } else {
      for (const byte of encoder.encode(plain)) bytes.push(byte);
    }
  }
  return new Uint8Array(bytes);
}

/** The path of an address, percent-decoded; none if that is not UTF-8. */
export function decoded(text) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(unescape(text));
  } catch {
    return undefined;
  }
}
