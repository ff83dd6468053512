// Programs that only the tests use: real clients and servers, from PATH where they are, else out of Debian's
// packages without installing anything. What cannot be had is named, and its tests count as skipped.
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
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

/** PYTHONPATH with which python3 imports docker; "" where it does already. */
function pythonDocker() {
  const works = (path) =>
    spawnSync("/usr/bin/python3", ["-c", "import docker"], {
      stdio: "ignore",
      env: { ...process.env, PYTHONPATH: path },
    }).status === 0;
  if (!existsSync("/usr/bin/python3")) return undefined;
  if (works("")) return "";
  const names = [
    "docker",
    "requests",
    "urllib3",
    "websocket",
    "certifi",
    "chardet",
    "idna",
    "charset-normalizer",
    "six",
    "packaging",
  ];
  const folder = unpackDebs(
    "python3-docker",
    names.map((name) => `python3-${name}`),
  );
  const path = folder && join(folder, "usr/lib/python3/dist-packages");
  return path !== undefined && works(path) ? path : undefined;
}

/** The tools' places as environment variables of the test run, and the names of those that are not to be had. */
export function testTools() {
  const found = {
    BERTH_TEST_DOCKER: dockerClient(),
    BERTH_TEST_REGISTRY: registry(),
    BERTH_TEST_PYTHONPATH: pythonDocker(),
    BERTH_TEST_UMOCI: which("umoci") ?? inFolder(unpackDebs("umoci", ["umoci"]), ["usr/bin/umoci"]),
  };
  const names = {
    BERTH_TEST_DOCKER: "the docker client",
    BERTH_TEST_REGISTRY: "docker-registry",
    BERTH_TEST_PYTHONPATH: "python3-docker",
    BERTH_TEST_UMOCI: "umoci",
  };
  const here = Object.entries(found).filter(([, value]) => value !== undefined);
  return {
    env: Object.fromEntries(here),
    missing: Object.keys(found)
      .filter((key) => found[key] === undefined)
      .map((key) => names[key]),
  };
}
