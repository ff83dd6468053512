import type { StageInstruction } from "../dockerfile/index.ts";
import type { CheckContext, CheckedStage } from "./context.ts";
import type { Remark, Rule } from "./finding.ts";
import { scriptOf } from "./shell-commands.ts";

/** Berth's checks of the image that comes out. */
export const imageRules: readonly Rule<CheckContext>[] = [
  {
    name: "UnpinnedBase",
    reason: "The same Dockerfile gives another image whenever the tag moves",
    find: ({ stages, facts }) => stages.flatMap((stage) => unpinned(stage, facts.contexts)),
  },
  {
    name: "LatestTag",
    reason: "latest is whatever was pushed last, also across major versions",
    find: ({ stages, facts }) => stages.flatMap((stage) => latest(stage, facts.contexts)),
  },
  {
    name: "RunsAsRoot",
    reason: "Whoever breaks into the process is root in the container, and one step nearer to the host",
    find: runsAsRoot,
  },
  {
    name: "MissingHealthcheck",
    reason: "Without one nobody notices a server that hangs",
    find: missingHealthcheck,
  },
  {
    name: "SecretValue",
    reason: "What stands in the Dockerfile stays in the image's history, where everyone who has the image reads it",
    find: ({ stages }) => stages.flatMap(({ stage }) => stage.instructions.flatMap(secretValue)),
  },
];

/** Tag of an image that comes from a registry by tag; undefined for a stage, a context, scratch or a digest. */
function taggedBase({ base, parent }: CheckedStage, contexts: ReadonlySet<string> | undefined): string | undefined {
  if (parent !== undefined || base === "scratch" || base === "" || base.includes("@") || base.includes("$"))
    return undefined;
  if (contexts?.has(base) === true) return undefined;
  const name = base.slice(base.lastIndexOf("/") + 1);
  return name.includes(":") ? name.slice(name.indexOf(":") + 1) : "";
}

function unpinned(stage: CheckedStage, contexts: ReadonlySet<string> | undefined): Remark[] {
  const tag = taggedBase(stage, contexts);
  if (tag === undefined || tag === "latest" || /[0-9]/.test(tag)) return [];
  const message =
    tag === ""
      ? `Base image ${stage.base} has neither tag nor digest`
      : `Tag of base image ${stage.base} names no version`;
  return [{ location: stage.stage.from.location, message, suggestion: pin(stage.base, tag) }];
}

function latest(stage: CheckedStage, contexts: ReadonlySet<string> | undefined): Remark[] {
  if (taggedBase(stage, contexts) !== "latest") return [];
  const message = `Base image ${stage.base} is taken as latest`;
  return [{ location: stage.stage.from.location, message, suggestion: pin(stage.base, "latest") }];
}

const pin = (base: string, tag: string) => {
  const name = tag === "" ? base : base.slice(0, -tag.length - 1);
  return `FROM ${name}:<version>, or FROM ${name}@sha256:<digest> for the same bytes each time`;
};

/** The last instruction of a kind on the way to the final image. */
function lastOf<K extends StageInstruction["kind"]>(final: readonly CheckedStage[], kind: K) {
  for (const { instructions } of final) {
    const found = instructions.findLast((one): one is Extract<StageInstruction, { kind: K }> => one.kind === kind);
    if (found !== undefined) return found;
  }
  return undefined;
}

const isRoot = (user: string) => /^(?:root|0)?(?::|$)/.test(user);

function runsAsRoot({ final }: CheckContext): Remark[] {
  const user = lastOf(final, "user");
  const suggestion = "create a user (RUN useradd --system app) and end with USER app";
  if (user !== undefined)
    return isRoot(user.user) ? [{ location: user.location, message: "The image runs as root", suggestion }] : [];
  const [top] = final;
  const bottom = final.at(-1);
  if (top === undefined || bottom === undefined) return [];
  if (bottom.image !== undefined ? !isRoot(bottom.image.user ?? "") : /nonroot|unprivileged|rootless/.test(bottom.base))
    return [];
  const sure = bottom.image !== undefined || bottom.base === "scratch";
  const message = sure
    ? "The image runs as root: it has no USER"
    : "The image has no USER: it runs as root unless the base says otherwise";
  return [{ location: top.stage.from.location, message, suggestion }];
}

function missingHealthcheck({ final }: CheckContext): Remark[] {
  const exposed = lastOf(final, "expose");
  const bottom = final.at(-1);
  if (bottom === undefined || bottom.base === "scratch" || bottom.image?.hasHealthcheck === true) return [];
  if (exposed === undefined || lastOf(final, "healthcheck") !== undefined) return [];
  const port = /^\d+/.exec(exposed.ports[0] ?? "")?.[0] ?? "PORT";
  return [
    {
      location: exposed.location,
      message: "The image serves a port but has no HEALTHCHECK",
      suggestion: `HEALTHCHECK CMD wget -qO- http://localhost:${port}/ || exit 1`,
    },
  ];
}

/** Shapes of credentials that are never anything else. */
const CREDENTIALS: readonly (readonly [what: string, shape: RegExp])[] = [
  ["an AWS access key", /\bAKIA[0-9A-Z]{16}\b/],
  ["a GitHub token", /\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40})/],
  ["a GitLab token", /\bglpat-[A-Za-z0-9_-]{20}/],
  ["a Slack token", /\bxox[abprs]-[A-Za-z0-9-]{10}/],
  ["a private key", /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/],
  ["a password in a URL", /\bhttps?:\/\/[^\s:/@$]+:[^\s/@$]+@/],
];

/** The value is never repeated in the message. */
function secretValue(instruction: StageInstruction): Remark[] {
  const text = instruction.kind === "run" ? `${instruction.original}\n${scriptOf(instruction)}` : textOf(instruction);
  return CREDENTIALS.filter(([, shape]) => shape.test(text)).map(([what]) => ({
    location: instruction.location,
    message: `${instruction.kind.toUpperCase()} holds ${what}`,
    suggestion: "RUN --mount=type=secret,id=NAME … and build --secret id=NAME; revoke the one that stands here",
  }));
}

function textOf(instruction: StageInstruction): string {
  if (instruction.kind !== "copy" && instruction.kind !== "add") return instruction.original;
  return [instruction.original, ...instruction.inlineFiles.map(({ data }) => data)].join("\n");
}
