// The types: they compile with the uses in test/types, and declare what the modules export.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("..", import.meta.url));
const compiler = `${folder}node_modules/typescript/bin/tsc`;
const { exports: entries } = JSON.parse(readFileSync(`${folder}package.json`));

test("uses compile", { skip: existsSync(compiler) ? false : "TypeScript is not installed" }, () => {
  let problems = "";
  try {
    execFileSync(process.execPath, [compiler, "--project", `${folder}test/types`], { encoding: "utf8" });
  } catch (failed) {
    problems = failed.stdout;
  }
  assert.equal(problems, "");
});

for (const [entry, { types, default: module }] of Object.entries(entries)) {
  test(`${entry} declares what it exports`, async () => {
    const exported = Object.keys(await import(new URL(`../${module}`, import.meta.url)));
    let declared = declarations(types);
    if (entry === ".") declared = [...declared, ...declarations("src/parameters.d.ts")];
    assert.deepEqual(exported.sort(), declared.sort());
  });
}

function declarations(file) {
  const text = readFileSync(folder + file, "utf8");
  const named = [...text.matchAll(/^export declare (?:const|function|class) (\w+)/gm)].map(([, name]) => name);
  return [...new Set(named), ...(/^export default/m.test(text) ? ["default"] : [])];
}

test("the root entry and the frameworks' import nothing of Node", () => {
  for (const file of readdirSync(`${folder}src`).filter((name) => name.endsWith(".js") && name !== "node.js")) {
    const imports = [...readFileSync(`${folder}src/${file}`, "utf8").matchAll(/from "([^"]+)"/g)].map(([, from]) => from);
    assert.ok(imports.every((from) => from.startsWith("./") && from !== "./node.js"), `${file}: ${imports}`);
  }
});
