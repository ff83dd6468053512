import * as flag from "../core/flag.ts";
import { parseUlimit } from "../run-options/validators.ts";

/** `--check`, `--debug` and the like: a flag whose value may be left out. */
const optional = (usage: string, whenBare: string) => ({ ...flag.string(usage), noOptDefault: whenBare });

/** The flags of `docker build` and of `docker buildx build`, and Berth's own, in one table. */
export const BUILD_FLAGS = {
  "add-host": flag.strings('Add a custom host-to-IP mapping (format: "host:ip")'),
  allow: flag.strings('Allow extra privileged entitlement (e.g., "network.host", "security.insecure")'),
  annotation: flag.list("Add annotation to the image"),
  attest: flag.list('Attestation parameters (format: "type=sbom,generator=image")'),
  "build-arg": flag.list("Set build-time variables"),
  "build-context": flag.list("Additional build contexts (e.g., name=path)"),
  builder: flag.string("Override the configured builder instance"),
  "cache-from": flag.list('External cache sources (e.g., "user/app:cache", "type=local,src=path/to/dir")'),
  "cache-to": flag.list('Cache export destinations (e.g., "user/app:cache", "type=local,dest=path/to/dir")'),
  call: flag.string('Set method for evaluating build ("build" or "check")', { initial: "build" }),
  "cgroup-parent": flag.string('Set the parent cgroup for the "RUN" instructions during build'),
  check: flag.bool('Shorthand for "--call=check"'),
  compress: flag.bool("Compress the build context using gzip"),
  "cpu-period": flag.int("Limit the CPU CFS (Completely Fair Scheduler) period"),
  "cpu-quota": flag.int("Limit the CPU CFS (Completely Fair Scheduler) quota"),
  "cpu-shares": flag.int("CPU shares (relative weight)", { short: "c" }),
  "cpuset-cpus": flag.string("CPUs in which to allow execution (0-3, 0,1)"),
  "cpuset-mems": flag.string("MEMs in which to allow execution (0-3, 0,1)"),
  debug: optional("Stop with a shell at a step that fails, or at STAGE:LINE", "on"),
  "disable-content-trust": flag.bool("Skip image verification", { initial: true }),
  file: flag.string('Name of the Dockerfile (default: "PATH/Dockerfile")', { short: "f" }),
  fix: flag.bool("With --check, apply the findings' safe changes to the Dockerfile"),
  "force-rm": flag.bool("Always remove intermediate containers"),
  iidfile: flag.string("Write the image ID to a file"),
  isolation: flag.string("Container isolation technology"),
  label: flag.list("Set metadata for an image"),
  load: flag.bool('Shorthand for "--output=type=docker"'),
  memory: flag.bytes("Memory limit", { short: "m" }),
  "memory-swap": flag.swapBytes("Swap limit equal to memory plus swap: -1 to enable unlimited swap"),
  "metadata-file": flag.string("Write build result metadata to a file"),
  network: flag.string('Set the networking mode for the "RUN" instructions during build', { initial: "default" }),
  "no-cache": flag.bool("Do not use cache when building the image"),
  "no-cache-filter": flag.strings("Do not cache specified stages"),
  output: flag.list('Output destination (format: "type=local,dest=path")', { short: "o" }),
  platform: flag.strings("Set target platform for build"),
  progress: flag.string(
    'Set type of progress output ("auto", "plain", "tty", "quiet", "rawjson"). Use plain to show container output',
    { initial: "auto" },
  ),
  provenance: optional('Shorthand for "--attest=type=provenance"', "true"),
  pull: flag.bool("Always attempt to pull all referenced images"),
  push: flag.bool('Shorthand for "--output=type=registry"'),
  quiet: flag.bool("Suppress the build output and print image ID on success", { short: "q" }),
  rm: flag.bool("Remove intermediate containers after a successful build", { initial: true }),
  sbom: optional('Shorthand for "--attest=type=sbom"', "true"),
  secret: flag.list('Secret to expose to the build (format: "id=mysecret[,src=/local/secret]")'),
  "security-opt": flag.strings("Security options"),
  "shm-size": flag.bytes("Shared memory size for build containers"),
  squash: flag.bool("Squash newly built layers into a single new layer"),
  ssh: flag.list('SSH agent socket or keys to expose to the build (format: "default|<id>[=<socket>|<key>[,<key>]]")'),
  tag: flag.list('Name and optionally a tag (format: "name:tag")', { short: "t" }),
  target: flag.string("Set the target build stage to build"),
  ulimit: flag.collect("ulimit", parseUlimit, "Ulimit options", "[]"),
};

export type BuildFlags = flag.FlagValues<typeof BUILD_FLAGS>;
