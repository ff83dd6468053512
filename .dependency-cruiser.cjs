// The layer table: what each room under src/ may import. It is the table of docs/architecture.md.
const rooms = {
  lib: [],
  spec: ["lib"],
  system: ["lib"],
  store: ["lib", "spec", "system"],
  runtime: ["lib", "spec", "system"],
  network: ["lib", "spec", "system"],
  registry: ["lib", "spec", "store"],
  build: ["lib", "spec", "system", "store", "runtime", "network", "registry"],
  engine: ["lib", "spec", "system", "store", "runtime", "network", "registry", "build"],
  "api/transport": ["lib"],
  "api/client": ["lib", "spec", "api/transport"],
  "api/server": ["lib", "spec", "engine", "api/transport"],
  compose: ["lib", "spec", "api/client"],
  cli: ["lib", "spec", "api/client", "compose"],
  daemon: [
    "lib",
    "spec",
    "system",
    "store",
    "runtime",
    "network",
    "registry",
    "build",
    "engine",
    "api/server",
    "api/transport",
  ],
};
const quoted = (room) => room.replace("/", "\\/");
const forbidden = Object.entries(rooms).map(([room, allowed]) => ({
  name: `layer-${room.replace("/", "-")}`,
  comment: `src/${room} may import only: ${allowed.join(", ") || "nothing"}`,
  severity: "error",
  from: { path: `^src/${quoted(room)}/`, pathNot: "\\.test\\.ts$" },
  to: { path: "^src/", pathNot: `^src/(${[room, ...allowed].map(quoted).join("|")})/` },
}));

module.exports = {
  forbidden: [
    ...forbidden,
    { name: "no-cycles", severity: "error", from: { pathNot: "\\.test\\.ts$" }, to: { circular: true } },
    {
      name: "one-door",
      comment: "another room is entered by its index.ts",
      severity: "error",
      from: { path: "^src/((?:api/)?[^/]+)/", pathNot: "\\.test\\.ts$" },
      to: { path: "^src/", pathNot: ["^src/$1/", "^src/(?:api/)?[^/]+/index\\.ts$", "^src/[^/]+/[^/]+/index\\.ts$"] },
    },
    { name: "daemon-is-the-root", severity: "error", from: { pathNot: "^src/daemon/" }, to: { path: "^src/daemon/" } },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
