// Programs that only the tests use: real clients and servers, from PATH where they are, else out of Debian's
// packages without installing anything. What cannot be had is named, and its tests count as skipped.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { unpackDebs, which } from "./setup.mjs";

const inFolder = (folder, paths) => folder && paths.map((path) => join(folder, path)).find(existsSync);

function dockerClient() {
  const own = which("docker");
  if (own !== undefined) return own;
  // Debian 12 has the client in docker.io, Debian 13 in docker-cli.
  for (const name of ["docker-cli", "docker.io"]) {
    const found = inFolder(unpackDebs(name, [name]), ["usr/bin/docker"]);
    if (found !== undefined) return found;
  }
  return undefined;
}

const registry = () =>
  which("docker-registry") ?? inFolder(unpackDebs("docker-registry", ["docker-registry"]), ["usr/bin/docker-registry"]);

/** What python3-docker imports, without Debian's prefix. */
const dockerModules = [
  ...["docker", "requests", "urllib3", "websocket", "certifi", "chardet", "idna", "charset-normalizer", "six"],
  ...["packaging", "distutils", "lib2to3"],
];
const composeModules = [
  ...["dockerpty", "docopt", "dotenv", "texttable", "yaml", "jsonschema", "attr", "pyrsistent", "distro"],
  ...["setuptools", "pkg-resources"],
];
const python = "/usr/bin/python3";
const pythonPackages = (modules) => modules.map((name) => `python3-${name}`);

/** PYTHONPATH of what was unpacked in a folder: modules, and parts of Python's own library. */
function pythonPath(folder) {
  const lib = join(folder, "usr/lib");
  const versions = existsSync(lib) ? readdirSync(lib).filter((name) => /^python3(\.\d+)?$/.test(name)) : [];
  return versions.map((name) => join(lib, name, name === "python3" ? "dist-packages" : "")).join(":");
}

const runs = (program, args, path) =>
  spawnSync(program, args, { stdio: "ignore", env: { ...process.env, PYTHONPATH: path } }).status === 0;

/** PYTHONPATH with which python3 imports docker; "" where it does already. */
function pythonDocker() {
  if (!existsSync(python)) return undefined;
  const works = (path) => runs(python, ["-c", "import docker"], path);
  if (works("")) return "";
  const folder = unpackDebs("python3-docker-and-distutils", pythonPackages(dockerModules));
  const path = folder && pythonPath(folder);
  return path !== undefined && works(path) ? path : undefined;
}

/** The folder in which Compose 1, a Python program, was unpacked with all that it imports. */
function composeOne() {
  if (!existsSync(python)) return undefined;
  const names = ["docker-compose", ...pythonPackages([...dockerModules, ...composeModules])];
  const folder = unpackDebs("docker-compose-1", names);
  if (folder === undefined) return undefined;
  const program = join(folder, "usr/bin/docker-compose");
  return runs(python, [program, "version"], pythonPath(folder)) ? { program, path: pythonPath(folder) } : undefined;
}

const composePlaces = ["/usr/libexec", "/usr/lib", "/usr/local/lib", "/usr/local/libexec"].map((folder) =>
  join(folder, "docker/cli-plugins/docker-compose"),
);

/** The tools' places as environment variables of the test run, and the names of those that are not to be had. */
export function testTools() {
  const compose1 = composeOne();
  const found = {
    BERTH_TEST_DOCKER: dockerClient(),
    BERTH_TEST_REGISTRY: registry(),
    BERTH_TEST_PYTHONPATH: pythonDocker(),
    BERTH_TEST_UMOCI: which("umoci") ?? inFolder(unpackDebs("umoci", ["umoci"]), ["usr/bin/umoci"]),
    BERTH_TEST_COMPOSE1: compose1?.program,
    BERTH_TEST_COMPOSE1_PATH: compose1?.path,
    BERTH_TEST_COMPOSE2: process.env.BERTH_TEST_COMPOSE2 ?? composePlaces.find(existsSync),
  };
  const names = {
    BERTH_TEST_DOCKER: "the docker client",
    BERTH_TEST_REGISTRY: "docker-registry",
    BERTH_TEST_PYTHONPATH: "python3-docker",
    BERTH_TEST_UMOCI: "umoci",
    BERTH_TEST_COMPOSE1: "docker-compose 1",
    BERTH_TEST_COMPOSE2: "Compose 2 (its plugin, or BERTH_TEST_COMPOSE2)",
  };
  const here = Object.entries(found).filter(([, value]) => value !== undefined);
  return {
    env: Object.fromEntries(here),
    missing: Object.keys(names)
      .filter((key) => found[key] === undefined)
      .map((key) => names[key]),
  };
}
