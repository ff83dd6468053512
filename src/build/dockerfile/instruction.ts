import type { Location } from "./location.ts";

/**
 * The typed instructions of a Dockerfile (Dockerfile reference 1.x, as BuildKit's frontend reads it). Fields hold
 * unexpanded words; `expandInstruction` gives the same instruction with its variables filled in.
 */
export type Instruction =
  | FromInstruction
  | RunInstruction
  | CopyInstruction
  | AddInstruction
  | EnvInstruction
  | ArgInstruction
  | LabelInstruction
  | ExposeInstruction
  | CmdInstruction
  | EntrypointInstruction
  | WorkdirInstruction
  | UserInstruction
  | VolumeInstruction
  | StopSignalInstruction
  | HealthcheckInstruction
  | ShellInstruction
  | OnbuildInstruction
  | MaintainerInstruction;

/** Any instruction that may stand in a stage: all but FROM. */
export type StageInstruction = Exclude<Instruction, FromInstruction>;

export interface InstructionBase {
  readonly location: Location;
  /** The logical line: continuations joined, trimmed, without heredoc bodies. It is what BuildKit puts in history and progress. */
  readonly original: string;
  /** The word as written: `RUN`, `run`, `Run`. */
  readonly keyword: string;
  /** Comment lines directly above, without `#` and surrounding blanks. */
  readonly comments: readonly string[];
}

export interface Heredoc {
  /** The word after `<<`, without quotes. */
  readonly name: string;
  /** The body; `<<-` has its leading tabs removed already. */
  readonly content: string;
  /** False when the name was quoted: variables stay as they are. */
  readonly expand: boolean;
  /** `<<-`. */
  readonly chomp: boolean;
  /** The descriptor in front of `<<`; 0 where none is written. */
  readonly fileDescriptor: number;
}

export interface KeyValue {
  readonly key: string;
  readonly value: string;
  /** `ENV key value`, the legacy form. */
  readonly legacy: boolean;
}

/** A command that is either handed to the shell of the stage (`shell: true`, then one element) or executed as it is. */
export interface CommandLine {
  readonly shell: boolean;
  readonly words: readonly string[];
  readonly heredocs: readonly Heredoc[];
}

export interface FromInstruction extends InstructionBase {
  readonly kind: "from";
  /** Image reference, name or number of an earlier stage, named context or `scratch`; unexpanded. */
  readonly base: string;
  /** The stage's name in lower case. */
  readonly name: string | undefined;
  /** The name as written. */
  readonly nameAsWritten: string | undefined;
  /** The `AS` as written, for the checks. */
  readonly asKeyword: string | undefined;
  readonly platform: string | undefined;
}

export type MountType = "bind" | "cache" | "tmpfs" | "secret" | "ssh";
export type MountSharing = "shared" | "private" | "locked";

/** One `RUN --mount`, parsed after expansion. */
export interface RunMount {
  readonly type: MountType;
  readonly from: string | undefined;
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly readOnly: boolean;
  /** Bytes, of tmpfs. */
  readonly size: number | undefined;
  readonly id: string | undefined;
  readonly sharing: MountSharing | undefined;
  readonly required: boolean;
  /** Of a secret: name of the environment variable that gets it. An empty string stands for the secret's id. */
  readonly env: string | undefined;
  readonly mode: number | undefined;
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}

export interface RunDevice {
  readonly name: string;
  readonly required: boolean;
}

export type RunNetwork = "default" | "none" | "host";
export type RunSecurity = "sandbox" | "insecure";

export interface RunInstruction extends InstructionBase {
  readonly kind: "run";
  readonly command: CommandLine;
  /** The values of `--mount` as written. */
  readonly mountFlags: readonly string[];
  /** Filled by `expandInstruction`; empty before. */
  readonly mounts: readonly RunMount[];
  readonly network: RunNetwork;
  readonly security: RunSecurity;
  readonly devices: readonly RunDevice[];
}

/** A file whose content stands in the Dockerfile: `COPY <<name dest`. */
export interface InlineFile {
  readonly path: string;
  readonly data: string;
  readonly expand: boolean;
}

export interface CopyFields {
  readonly sources: readonly string[];
  readonly inlineFiles: readonly InlineFile[];
  readonly destination: string;
  readonly chown: string | undefined;
  readonly chmod: string | undefined;
  readonly link: boolean;
  readonly exclude: readonly string[];
}

export interface CopyInstruction extends InstructionBase, CopyFields {
  readonly kind: "copy";
  /** Stage name or number, image or named context; never expanded. */
  readonly from: string | undefined;
  readonly parents: boolean;
}

export interface AddInstruction extends InstructionBase, CopyFields {
  readonly kind: "add";
  readonly keepGitDir: boolean | undefined;
  readonly checksum: string | undefined;
  readonly unpack: boolean | undefined;
}

export interface EnvInstruction extends InstructionBase {
  readonly kind: "env";
  readonly pairs: readonly KeyValue[];
}

export interface ArgDeclaration {
  readonly key: string;
  /** undefined: declared without a default. */
  readonly value: string | undefined;
}

export interface ArgInstruction extends InstructionBase {
  readonly kind: "arg";
  readonly args: readonly ArgDeclaration[];
}

export interface LabelInstruction extends InstructionBase {
  readonly kind: "label";
  readonly pairs: readonly KeyValue[];
}

export interface ExposeInstruction extends InstructionBase {
  readonly kind: "expose";
  /** As written before expansion; after it each word is `port[-port][/proto]`, see `parseExposed`. */
  readonly ports: readonly string[];
}

export interface CmdInstruction extends InstructionBase {
  readonly kind: "cmd";
  readonly command: CommandLine;
}

export interface EntrypointInstruction extends InstructionBase {
  readonly kind: "entrypoint";
  readonly command: CommandLine;
}

export interface WorkdirInstruction extends InstructionBase {
  readonly kind: "workdir";
  readonly path: string;
}

export interface UserInstruction extends InstructionBase {
  readonly kind: "user";
  readonly user: string;
}

export interface VolumeInstruction extends InstructionBase {
  readonly kind: "volume";
  readonly volumes: readonly string[];
}

export interface StopSignalInstruction extends InstructionBase {
  readonly kind: "stopsignal";
  readonly signal: string;
}

/** An image's health check: durations in nanoseconds, 0 inherits the default. */
export interface Healthcheck {
  /** `["NONE"]`, `["CMD", …]` or `["CMD-SHELL", command]`. */
  readonly test: readonly string[];
  readonly interval: number;
  readonly timeout: number;
  readonly startPeriod: number;
  readonly startInterval: number;
  readonly retries: number;
}

export interface HealthcheckInstruction extends InstructionBase {
  readonly kind: "healthcheck";
  readonly healthcheck: Healthcheck;
}

export interface ShellInstruction extends InstructionBase {
  readonly kind: "shell";
  readonly shell: readonly string[];
}

export interface OnbuildInstruction extends InstructionBase {
  readonly kind: "onbuild";
  /** What goes into the image's OnBuild list: the instruction with heredocs written out. */
  readonly expression: string;
}

export interface MaintainerInstruction extends InstructionBase {
  readonly kind: "maintainer";
  readonly maintainer: string;
}

/** `# syntax=`, `# escape=` and `# check=` at the head of the file. */
export interface Directives {
  readonly syntax: string | undefined;
  readonly escape: "\\" | "`";
  readonly check: string | undefined;
}

export interface Dockerfile {
  /** The name that errors use. */
  readonly file: string;
  readonly lines: readonly string[];
  readonly directives: Directives;
  readonly instructions: readonly Instruction[];
  /** Numbers of lines that are blank inside a continuation, which BuildKit warns of. */
  readonly emptyContinuations: readonly number[];
}

/** FROM and what follows it. */
export interface Stage {
  readonly from: FromInstruction;
  /** Number of the stage, from 0. */
  readonly index: number;
  readonly name: string | undefined;
  readonly instructions: readonly StageInstruction[];
}

export interface Stages {
  /** ARGs before the first FROM. */
  readonly metaArgs: readonly ArgInstruction[];
  readonly stages: readonly Stage[];
}
