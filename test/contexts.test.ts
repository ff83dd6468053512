import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dist, dockerClient } from "./harness/daemon.ts";

const hasDocker = spawnSync(dockerClient, ["--version"]).status === 0;

/** Command lines in their order: what they leave on disk is compared at the end. */
const lines: (string | [line: string, env: Record<string, string>])[] = [
  "ls",
  "show",
  "inspect",
  'create a --description "too short"',
  "create default",
  'create "bad name"',
  "create one --docker host=tcp://192.0.2.1:2376 --description first",
  "create one",
  "create two --docker host=ssh://me@host",
  "create copy --from one",
  "create copy2 --from one --description other",
  "create both --from one --docker host=tcp://h:1",
  "create missing --from nope",
  "create sec --docker host=tcp://h:2376,ca=PEMS/ca.pem,cert=PEMS/cert.pem,key=PEMS/key.pem,skip-tls-verify=true",
  "create sec --docker host=tcp://h:2376,key=PEMS/key.pem",
  "create bad1 --docker host=tcp://h:1,ca=/no/such/file",
  "create bad2 --docker nope=1",
  "create bad3 --docker host=nope://",
  "create only-ca --docker ca=PEMS/ca.pem",
  "ls",
  "ls -q",
  "ls --format {{.Name}}:{{.Current}}:{{.DockerEndpoint}}",
  "ls --format json",
  "inspect one",
  "inspect only-ca two",
  "inspect nope",
  "inspect one nope",
  "inspect -f {{.Endpoints.docker.Host}} one two",
  "use nope",
  "use one",
  "use one",
  "show",
  "ls",
  ["use two", { DOCKER_HOST: "unix:///x" }],
  ["ls", { DOCKER_HOST: "unix:///x" }],
  ["show", { DOCKER_HOST: "unix:///x" }],
  ["show", { DOCKER_CONTEXT: "only-ca" }],
  ["ls", { DOCKER_CONTEXT: "only-ca" }],
  "update two --description again",
  "update one --docker host=tcp://192.0.2.9:1",
  "update nope",
  "export one ARCHIVES/one.tar",
  "export one ARCHIVES/one.tar",
  "export only-ca ARCHIVES/sec.tar",
  "export nope ARCHIVES/nope.tar",
  "import again ARCHIVES/sec.tar",
  "import again ARCHIVES/sec.tar",
  "import none ARCHIVES/none.tar",
  "inspect again",
  "rm two",
  "rm nope",
  "rm default",
  "rm copy nope copy2",
  "rm -f two",
  "show",
  "use default",
  "ls",
];

describe.skipIf(!hasDocker)("contexts, beside the docker client", () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "berth-contexts-"));
    for (const name of ["pems", "docker", "berth", "archives-docker", "archives-berth"]) mkdirSync(join(folder, name));
    for (const name of ["ca", "cert", "key"]) writeFileSync(join(folder, "pems", `${name}.pem`), `${name} of a test\n`);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (client: "docker" | "berth", line: string, env: Record<string, string>) => {
    const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) =>
      word
        .replace(/"/g, "")
        .replaceAll("PEMS", join(folder, "pems"))
        .replaceAll("ARCHIVES", join(folder, `archives-${client}`)),
    );
    const program = client === "docker" ? dockerClient : join(dist, "berth");
    const all = { PATH: process.env.PATH ?? "", HOME: folder, DOCKER_CONFIG: join(folder, client), ...env };
    // Called by docker's name it speaks as docker does.
    const done = spawnSync(program, ["context", ...words], { env: all, encoding: "utf8", argv0: "docker" });
    const same = (text: string) =>
      text.replaceAll(`archives-${client}`, "archives").replaceAll(join(folder, client), "CONFIG");
    return { line, env, code: done.status, stdout: same(done.stdout), stderr: same(done.stderr) };
  };
  const tree = (path: string) =>
    execFileSync("find", [".", "-not", "-name", "config.json", "-printf", "%P %y %m %s\\n"], {
      cwd: path,
      encoding: "utf8",
    })
      .split("\n")
      .sort();

  it("the same command lines print the same and leave the same files", () => {
    const all = lines.map((each) => (typeof each === "string" ? ([each, {}] as const) : each));
    const answers = all.map(([line, env]) => [run("docker", line, env), run("berth", line, env)] as const);
    expect(answers.map(([, ours]) => ours)).toEqual(answers.map(([theirs]) => theirs));
    expect(tree(join(folder, "berth"))).toEqual(tree(join(folder, "docker")));
    expect(readdirSync(join(folder, "archives-berth")).sort()).toEqual(["one.tar", "sec.tar"]);
  });

  it("each reads what the other has exported", () => {
    for (const [from, to] of [
      ["docker", "berth"],
      ["berth", "docker"],
    ] as const) {
      const archive = join(folder, `archives-${from}`, "sec.tar");
      expect(run(to, `import from-${from} ${archive}`, {}).code).toBe(0);
      expect(run(to, `inspect -f "{{json .TLSMaterial}}" from-${from}`, {}).stdout).toContain("ca.pem");
    }
  });
});
