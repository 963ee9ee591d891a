// ipx as an HTTP server: node ipx.mjs PORT SETTINGS. SETTINGS are options of sharp as JSON, over those that ipx sets.
import { createServer } from "node:http";
import { createIPX, createIPXNodeServer, ipxHttpStorage } from "ipx";

const [port, settings] = process.argv.slice(2);
const ipx = createIPX({
  httpStorage: ipxHttpStorage({ allowAllDomains: true }),
  sharpOptions: JSON.parse(settings),
});
createServer(createIPXNodeServer(ipx)).listen(Number(port), "127.0.0.1");
