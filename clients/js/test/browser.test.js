// The vectors in a real browser, if Chromium is installed.

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const clients = fileURLToPath(new URL("../..", import.meta.url));
const skip = spawnSync("chromium", ["--version"]).status === 0 ? false : "Chromium is not installed";

/** Reports the problems of all vectors. */
const PAGE = `<!doctype html><script type="module">
  const problems = [];
  let done = 0;
  const check = (found, expected) => (done++, found === expected || problems.push([found, expected]));
  try {
    const { buildUrl, signUrl } = await import("/js/src/index.js");
    for (const entry of ["next", "unpic", "nuxt", "astro"]) await import("/js/src/" + entry + ".js");
    const { build, sign } = await (await fetch("/vectors.json")).json();
    for (const { base, path, params, url } of build) check(buildUrl(base, path, params), url);
    for (const { url, key, upload, strip_prefix: stripPrefix, signed } of sign) {
      check(await signUrl(url, key, { upload, stripPrefix }), signed);
    }
  } catch (error) {
    problems.push(String(error));
  }
  await fetch("/report", { method: "POST", body: JSON.stringify({ done, problems }) });
</script>`;

test("the vectors in a browser", { skip, timeout: 60_000 }, async () => {
  const profile = mkdtempSync(join(tmpdir(), "pixmill-url-"));
  const report = Promise.withResolvers?.() ?? withResolvers();
  const server = createServer((request, response) => {
    if (request.method === "POST") {
      let body = "";
      request.on("data", (data) => (body += data)).on("end", () => (response.end(), report.resolve(JSON.parse(body))));
    } else if (request.url === "/") {
      response.setHeader("content-type", "text/html").end(PAGE);
    } else if (/^\/(vectors\.json|js\/src\/\w+\.js)$/.test(request.url)) {
      const type = request.url.endsWith("js") ? "text/javascript" : "application/json";
      response.setHeader("content-type", type).end(readFileSync(clients + request.url));
    } else {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const quiet = ["--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking", "--disable-component-update"];
  const options = ["--headless=new", "--no-sandbox", "--disable-gpu", ...quiet, `--user-data-dir=${profile}`];
  const browser = spawn("chromium", [...options, `http://127.0.0.1:${server.address().port}/`], { stdio: "ignore", detached: true });
  browser.on("exit", () => report.reject(new Error("the browser ended")));
  try {
    const { done, problems } = await report.promise;
    assert.deepEqual(problems, []);
    assert.ok(done >= 40, `${done}`);
  } finally {
    browser.removeAllListeners("exit");
    if (browser.exitCode === null && browser.signalCode === null) {
      const ended = new Promise((resolve) => browser.on("exit", resolve));
      // with its children, which go on writing into the profile after it has ended
      process.kill(-browser.pid, "SIGKILL");
      await ended;
    }
    server.closeAllConnections?.();
    server.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 20 });
  }
});

function withResolvers() {
  const all = {};
  all.promise = new Promise((resolve, reject) => Object.assign(all, { resolve, reject }));
  return all;
}
