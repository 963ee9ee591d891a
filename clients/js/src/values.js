// Parameters as text: names, aliases, ranges and words are checked by the table of parameters.

import { PARAMETERS } from "./parameters.js";

/** A call that the server would refuse or misunderstand; `message` says what was expected. */
export class PixmillError extends Error {
  constructor(message) {
    super(message);
    this.name = "PixmillError";
  }
}

/** From every name and alias to the name. */
const NAMES = new Map(
  Object.entries(PARAMETERS).flatMap(([name, { aliases = [] }]) => [name, ...aliases].map((known) => [known, name])),
);

/** Largest number that is written, exclusive: all below have at most 15 digits before the point. */
const LARGEST = 1e15;

/** Most edits between a mistyped name and the one that is suggested. */
const MOST_EDITS = 2;

/** Longest part of a value that messages quote. */
const LONGEST_QUOTE = 64;

/** Whether `name`, as sent, selects the original: in such values a `+` is no space. */
export function isSource(name) {
  const known = NAMES.get(name) ?? NAMES.get(name.replace(/64$/, ""));
  return known !== undefined && PARAMETERS[known].kind === "source";
}

/** Names and texts of all parameters that have a value, sorted by name. */
export function pairs(params) {
  const found = new Map();
  for (const [name, value] of Object.entries(params ?? {})) {
    if (value === undefined || value === null) continue;
    const own = nameOf(name);
    if (found.has(own)) {
      throw new PixmillError(`${own}: expected one value, got both ${own} and ${name === own ? aliasIn(params, own) : name}`);
    }
    found.set(own, text(own, value));
  }
  return [...found].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** The value of a parameter by its name or an alias. */
export function valueOf(params, name) {
  const { aliases = [] } = PARAMETERS[name];
  return [name, ...aliases].map((known) => params?.[known]).find((value) => value !== undefined && value !== null);
}

/** The parameters without this one, and without its aliases. */
export function without(params, name) {
  return Object.fromEntries(Object.entries(params ?? {}).filter(([known]) => NAMES.get(known) !== name));
}

function aliasIn(params, name) {
  return PARAMETERS[name].aliases.find((alias) => params[alias] !== undefined && params[alias] !== null);
}

function nameOf(name) {
  const known = NAMES.get(name);
  if (known) return known;
  if (name === "signature" || name === "s") {
    throw new PixmillError("signature: expected no value, since signing adds it");
  }
  const meant = nearest(name);
  throw new PixmillError(`${name} is not a parameter` + (meant ? `; did you mean ${meant}?` : ""));
}

/** The parameter whose name needs the fewest edits. */
function nearest(name) {
  const wanted = name.toLowerCase();
  let [best, fewest] = [undefined, Math.min(MOST_EDITS, wanted.length - 1) + 1];
  for (const [known, own] of NAMES) {
    const edits = known.length > 1 ? distance(wanted, known) : fewest;
    if (edits < fewest) [best, fewest] = [own, edits];
  }
  return best;
}

/** The Levenshtein distance. */
function distance(one, other) {
  let row = Array.from({ length: other.length + 1 }, (_, column) => column);
  for (let i = 1; i <= one.length; i++) {
    const next = [i];
    for (let j = 1; j <= other.length; j++) {
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (one[i - 1] === other[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[other.length];
}

function text(name, value) {
  const { kind, min, max, words } = PARAMETERS[name];
  const refuse = (expected) => {
    throw new PixmillError(`${name}: expected ${expected}, got ${quoted(value)}`);
  };
  switch (kind) {
    case "whole":
      return inRange(value, /^[0-9]+$/, min, max) ?? refuse(`a whole number from ${min} to ${max}`);
    case "decimal":
      return inRange(value, /^-?[0-9]+(\.[0-9]+)?$/, min, max) ?? refuse(`a number from ${min} to ${max}`);
    case "number":
      return inRange(value, /^-?[0-9]+(\.[0-9]+)?$/, -LARGEST, LARGEST) ?? refuse("a number");
    case "boolean":
      return ["true", "false"].find((word) => word === String(value) && typeof value !== "object") ?? refuse("true or false");
    case "keyword":
      return words.find((word) => word === value) ?? refuse(`one of ${words.join(", ")}`);
    case "json":
      return Array.isArray(value) ? json(value) : (typeof value === "string" && value) || refuse("a list");
    default:
      return (Array.isArray(value) ? value.map(simple).join(",") : simple(value)) || refuse("a value");
  }
}

/** A number, or a text that is one, if it is in range. */
function inRange(value, pattern, min, max) {
  const written = typeof value === "number" ? decimal(value) : value;
  const fits = typeof written === "string" && pattern.test(written) && Number(written) >= min && Number(written) <= max;
  return fits ? written : undefined;
}

/** A text, a number or a boolean as text; nothing for other values. */
function simple(value) {
  if (typeof value === "string") return value;
  if (typeof value === "number") return decimal(value) ?? "";
  return typeof value === "boolean" ? String(value) : "";
}

/** A number with at most six decimals; none if it is not finite or too large. */
function decimal(number) {
  if (!(Math.abs(number) < LARGEST)) return undefined;
  const short = number.toFixed(6).replace(/\.?0+$/, "");
  return short === "-0" ? "0" : short;
}

/** JSON without spaces; keys are sorted, so that equal layers have equal URLs, and absent values are omitted. */
function json(value) {
  if (typeof value === "number") {
    const written = decimal(value);
    if (written === undefined) throw new PixmillError(`expected a finite number in JSON, got ${value}`);
    return written;
  }
  if (Array.isArray(value)) return `[${value.map(json).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const keys = Object.keys(value).filter((key) => value[key] !== undefined && value[key] !== null);
    return `{${keys.sort().map((key) => `${JSON.stringify(key)}:${json(value[key])}`).join(",")}}`;
  }
  return JSON.stringify(value ?? null);
}

function quoted(value) {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  const shown = typeof value === "number" ? (decimal(value) ?? String(value)) : String(value);
  return [...shown].slice(0, LONGEST_QUOTE).join("") || "nothing";
}
