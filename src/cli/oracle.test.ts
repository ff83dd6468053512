import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

/**
 * The CLI beside the real docker CLI, on one dockerd: the same words give the same output, messages and exit codes.
 * Runs where BERTH_TEST_DOCKERD names a dockerd (unix:///…) and `docker` is on the PATH; skipped, and counted, elsewhere.
 */
const dockerd = process.env.BERTH_TEST_DOCKERD;
const prefix = `cliora${process.pid}`;
const image = `${prefix}-img`;

interface Result {
  stdout: string;
  stderr: string;
  code: number | null;
}

interface Case {
  args: string;
  stdin?: string;
  env?: Record<string, string>;
}

/** Words split at spaces; '…' groups. @ stands for the prefix of this run's objects. */
const words = (text: string) =>
  [...text.matchAll(/'([^']*)'|(\S+)/g)].map(([, quoted, plain]) => (quoted ?? plain ?? "").replaceAll("@", prefix));

let folder = "";
let berth = "";

function run(program: string, { args, stdin, env }: Case): Promise<Result> {
  const argv = words(args);
  const child = spawn(program, argv, {
    env: { ...process.env, DOCKER_HOST: dockerd, DOCKER_CONFIG: folder, ...env },
    cwd: folder,
  });
  const result: Result = { stdout: "", stderr: "", code: null };
  child.stdout.on("data", (chunk: Buffer) => {
    result.stdout += chunk.toString("latin1");
  });
  child.stderr.on("data", (chunk: Buffer) => {
    result.stderr += chunk.toString("latin1");
  });
  child.stdin.on("error", () => undefined);
  child.stdin.end(stdin ?? "");
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ ...result, code }));
  });
}

/** Ids and temporary paths differ from run to run. */
const normal = ({ stdout, stderr, code }: Result) => ({
  stdout: stdout.replace(/\b[0-9a-f]{64}\b/g, "ID"),
  stderr: stderr.replace(/\b(?:[0-9a-f]{64}|[0-9a-f]{12})\b/g, "ID"),
  code,
});

/** Both, again where they differ: "2 minutes ago" may have become 3 between them. */
async function both(given: Case): Promise<[unknown, unknown]> {
  for (let attempt = 0; ; attempt++) {
    const ours = normal(await run(berth, given));
    const theirs = normal(await run("docker", given));
    if (attempt === 3 || JSON.stringify(ours) === JSON.stringify(theirs)) return [ours, theirs];
  }
}

const docker = (...args: string[]) =>
  execFileSync("docker", args, { env: { ...process.env, DOCKER_HOST: dockerd }, encoding: "utf8" });

function setUp(): void {
  folder = mkdtempSync("/var/tmp/berth-cli-oracle-");
  berth = join(folder, "docker");
  const bun = join(import.meta.dirname, "../../node_modules/.bin/bun");
  execFileSync(
    bun,
    ["build", "--compile", "--no-compile-autoload-dotenv", join(import.meta.dirname, "main.ts"), "--outfile", berth],
    { stdio: "ignore" },
  );
  const root = join(folder, "root");
  execFileSync("sh", [
    "-c",
    `mkdir -p ${root}/bin && cp /bin/busybox ${root}/bin/ && for i in sh true cat echo sleep env id stty wc yes head; do ln -s busybox ${root}/bin/$i; done`,
  ]);
  execFileSync("sh", ["-c", `tar -C ${root} -c . | docker import - ${image}:latest`], {
    env: { ...process.env, DOCKER_HOST: dockerd },
  });
  writeFileSync(join(folder, "vars"), "# comment\n\n  A=1\nHOME\nB=x y \n");
  writeFileSync(join(folder, "bad-vars"), "=x\n");
  docker(
    "create",
    "--name",
    `${prefix}-a`,
    "-l",
    "a=b",
    "-l",
    "com.x.my-label=c",
    "-v",
    `${prefix}-vol:/v`,
    "-v",
    "/tmp:/t",
    image,
    "sh",
    "-c",
    'echo a very long command with "quotes" here',
  );
  docker("run", "-d", "--name", `${prefix}-run`, image, "sleep", "3600");
  docker("run", "--name", `${prefix}-log`, image, "sh", "-c", "echo out; echo err >&2; echo more");
  docker("run", "-t", "--name", `${prefix}-tty`, image, "echo", "hello");
}

function tearDown(): void {
  docker("rm", "-f", "-v", `${prefix}-a`, `${prefix}-run`, `${prefix}-log`, `${prefix}-tty`);
  docker("volume", "rm", "-f", `${prefix}-vol`);
  docker("rmi", "-f", image);
  rmSync(folder, { recursive: true, force: true });
}

const CASES: Record<string, string[]> = {
  "usage errors": [
    "ps --foo",
    "ps foo",
    "ps -n x",
    "ps --all=foo",
    "ps --filter foo",
    "ps --format",
    "run",
    "run -m abc img",
    "run --mount type=foo img",
    "run --mount foo img",
    "run --mount type=bind,src=/a img",
    "run --mount type=volume,bind-propagation=x,dst=/b img",
    "run --ulimit foo img",
    "run --ulimit foo=1 img",
    "run --ulimit nofile=3:2 img",
    "run --ulimit nofile=a img",
    "run -e =x img",
    "run --env-file /nope img",
    "run --env-file bad-vars img",
    "run --label-file /nope img",
    "run -l =x img",
    "run --pull foo img",
    "run --cidfile /etc/passwd img",
    "run -d -a stdout img",
    "run --restart on-failure:x img",
    "run --restart :3 img",
    "run --rm --restart always img",
    "run --cpus x img",
    "run --cpus 1.0000000001 img",
    "run --add-host foo img",
    "run --add-host foo:bar img",
    "run --dns x img",
    "run --dns-search ! img",
    "run -a foo img",
    "run --device-read-bps foo img",
    "run --device-read-bps /dev/x:y img",
    "run --device-write-iops /dev/x:y img",
    "run --blkio-weight-device /dev/x:5 img",
    "run --blkio-weight 70000 img",
    "run --device-cgroup-rule x img",
    "run --sysctl foo=bar img",
    "run --link '' img",
    "run --link-local-ip x img",
    "run --memory-swappiness 101 img",
    "run --mac-address foo img",
    "run --pid foo img",
    "run --uts foo img",
    "run --userns foo img",
    "run --cgroupns foo img",
    "run --security-opt seccomp=/nope img",
    "run --security-opt foo img",
    "run --storage-opt foo img",
    "run --log-driver none --log-opt a=b img",
    "run --no-healthcheck --health-cmd x img",
    "run --health-interval -1s img",
    "run --health-interval x img",
    "run --health-retries -1 img",
    "run -p foo img",
    "run -p 1:2:3:4 img",
    "run -p 80-81:90-95 img",
    "run -p 70000 img",
    "run --expose 1:2 img",
    "run --expose foo img",
    "run --device foo img",
    "run --device /dev/null:/dev/x:q img",
    "run --gpus foo=bar img",
    "run --network a --network a img",
    "run --detach-keys foo img",
    "run img//",
    "run Foo",
    "create img//",
    "rename a",
    "history a b",
    "exec a",
    "stop -t x a",
    "inspect",
    "pull",
    "pull Foo",
    "pull -a foo:bar",
    "tag a",
    "tag @-img A",
    "container foo",
    "container --foo",
    "volume create -l a=b",
    "-H a -H b ps",
    "-c nope ps",
    "--foo ps",
    "-H",
  ],
  "missing objects": [
    "rm nope@",
    "rm -f nope@",
    "rm nope@ nope2@",
    "start nope@",
    "start -a nope@",
    "stop nope@",
    "kill nope@",
    "restart nope@",
    "wait nope@",
    "logs nope@",
    "exec nope@ ls",
    "attach nope@",
    "inspect nope@",
    "inspect --type image nope@",
    "inspect --type foo nope@",
    "container inspect nope@",
    "image inspect nope@",
    "volume inspect nope@",
    "network inspect nope@",
    "port nope@",
    "top nope@",
    "diff nope@",
    "rename nope@ x",
    "history nope@",
    "rmi nope@",
    "tag nope@ x",
    "volume rm nope@",
    "load -i /nope@",
    "import /nope@",
    "export -o /nope@/x @-a",
    "run --pull never nope@",
    "create --pull never nope@",
    "-H unix:///nope@ ps",
    "-H unix:///nope@ version -f x",
    "-H tcp://127.0.0.1:1 ps",
  ],
  "lists and formats": [
    "ps -a -f name=@",
    "ps -a -f name=@ --no-trunc",
    "ps -a -f name=@ -q",
    "ps -aq --no-trunc -f name=@",
    "ps -a -s -f name=@",
    "ps -a -f name=@ --format json",
    "ps -a -f name=@ --format '{{json .}}'",
    "ps -a -f name=@ --format '{{.ID}} {{.Names}} {{.State}} {{.Networks}} {{.Size}}'",
    "ps -a -f name=@ --format 'table {{.ID}}\\t{{.Label \"com.x.my-label\"}}\\t{{upper .Names}}\\t{{.Mounts}}\\t{{.LocalVolumes}}'",
    "ps -a -f name=@ --format 'table {{.Names}} {{.CreatedAt}}'",
    "ps -a -f name=@ --format raw",
    "ps -a -f name=@ --format '{{.Foo}}'",
    "ps -a -f name=@ --format '{{.Foo'",
    "ps -a -f name=@ --format table",
    "ps -a -f name=@ --format '{{json .Names}} {{.ID | printf \"%q\"}} {{len .ID}}'",
    "ps -f foo=bar",
    "container ls -a -f name=@",
    "images @-img",
    "images @-img --digests",
    "images @-img --no-trunc",
    "images -q @-img",
    "images @-img --format json",
    "images @-img --format '{{.Repository}}:{{.Tag}} {{.Size}} {{.CreatedAt}} {{.ID}}'",
    "images @-img --format 'table {{.Repository}}\\t{{.Digest}}'",
    "images --filter foo=bar",
    "history @-img",
    "history --no-trunc -H=false @-img",
    "history --format json @-img",
    "history -q @-img",
    "volume ls -f name=@",
    "volume ls -q -f name=@",
    "volume ls --format json -f name=@",
    "volume ls --format '{{.Name}} {{.Label \"x\"}}' -f name=@",
    "network ls -f name=none",
    "network ls --format json -f name=none",
    "network ls -q -f name=none --no-trunc",
  ],
  inspect: [
    "inspect @-a",
    "inspect @-a @-img",
    "inspect -s @-a",
    "inspect @-vol",
    "inspect none",
    "inspect -f json @-a",
    "inspect -f '{{json .Config.Cmd}} {{.State.Status}} {{.State.Health}}' @-a",
    "inspect -f '{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}' @-a",
    "inspect -f '{{.HostConfig.Memory}} {{.HostConfig.ShmSize}} {{.Config.StopSignal}}' @-a",
    "inspect -f '{{.Foo}}' @-a",
    "inspect -f '{{.Id' @-a",
    "inspect -f '{{index .Mounts 0}}' @-vol",
    "inspect --type volume -s @-vol",
    "inspect @-a nope@",
    "image inspect @-img",
    "image inspect -f '{{.Os}}/{{.Architecture}} {{.RepoTags}}' @-img",
    "volume inspect @-vol",
    "network inspect none",
  ],
  containers: [
    "logs @-log",
    "logs --tail 1 @-log",
    "logs -n 0 @-log",
    "logs -t --tail 2 @-log",
    "logs --since 1h @-log",
    "logs --until 1h @-log",
    "logs --since foo @-log",
    "logs --tail foo @-log",
    "logs @-tty",
    "wait @-log",
    "port @-a",
    "port @-a 80",
    "diff @-log",
    "top @-run",
    "top @-log",
    "start @-run",
    "unpause @-run",
    "pause @-run",
    "exec @-run true",
    "unpause @-run",
    "exec @-run echo hi",
    "exec @-run sh -c 'echo out; echo err >&2; exit 9'",
    "exec @-run nope",
    "exec @-run /bin",
    "exec -d @-run nope",
    "exec -w /nope @-run true",
    "exec -u nobodyx @-run true",
    "exec -it @-run true",
    "exec -t @-run echo hi",
    "exec -e A=1 -e B --env-file vars @-run env",
    "exec @-log true",
    "attach @-log",
    "kill @-log",
    "kill -s FOO @-run",
    "rm @-run",
    "start -a @-log @-run",
    "start -a @-log",
    "rename @-a @-run",
  ],
  run: [
    "run --rm @-img echo hi",
    "run --rm @-img sh -c 'echo out; echo err >&2; exit 7'",
    "run --rm @-img nope",
    "run --rm @-img /bin",
    "run --rm @-img sh -c 'kill -9 $$'",
    "run --rm -t @-img echo hi",
    "run --rm -it @-img echo hi",
    "run --rm -a stderr @-img sh -c 'echo out; echo err >&2'",
    "run --rm -a stdin @-img sh -c 'exit 3'",
    "run --rm -d @-img true",
    "run --rm -h host --dns 127.0.0.1 --env-file vars -e C=3 -e NOPE@ @-img env",
    "run --rm -v a:b:c:d @-img true",
    "run --rm -v /a:b @-img true",
    "run --rm --memory 1 @-img true",
    "run --rm --restart foo @-img true",
    "run --rm --entrypoint echo @-img a b",
    "run --rm -u 1000:1000 @-img id",
    "run --rm -w /tmp/x @-img sh -c 'pwd'",
    "run --rm --network nope@ @-img true",
    "run --name @-run @-img true",
    "run --rm --runtime nope @-img true",
    "run --rm --oom-kill-disable @-img true",
    "create --name @-run @-img true",
    "create @-img",
  ],
  images: ["rmi @-img", "save nope@", "save -o /nope@/x @-img", "tag @-img @-x/y:z", "rmi @-x/y:z", "rmi -f nope@"],
};

describe.skipIf(dockerd === undefined)("beside the docker CLI", () => {
  beforeAll(setUp, 60_000);
  afterAll(tearDown, 60_000);
  for (const [group, list] of Object.entries(CASES)) {
    describe(group, () => {
      for (const args of list) {
        test(args, { timeout: 30_000 }, async () => {
          const [ours, theirs] = await both({ args });
          expect(ours).toEqual(theirs);
        });
      }
    });
  }
  test("input reaches the process and ends", async () => {
    const [ours, theirs] = await both({ args: "run --rm -i @-img cat", stdin: "line\n".repeat(20_000) });
    expect(ours).toEqual(theirs);
    const [oursExec, theirsExec] = await both({ args: "exec -i @-run wc -c", stdin: "x".repeat(300_000) });
    expect(oursExec).toEqual(theirsExec);
  }, 30_000);
  test("binary output passes unchanged", async () => {
    const [ours, theirs] = await both({ args: "run --rm @-img head -c 3000000 /bin/busybox" });
    expect(ours).toEqual(theirs);
  }, 30_000);
});
