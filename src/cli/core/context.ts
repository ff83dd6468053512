import { type Endpoint, EngineClient } from "../../api/client/index.ts";
import { BerthError } from "../../lib/index.ts";
import { CliError } from "./cli-error.ts";
import { type ConfigFile, configFolder, readConfigFile } from "./config-file.ts";
import { type ChosenEndpoint, chooseEndpoint, type EndpointFlags } from "./endpoint.ts";
import type { Output } from "./output.ts";

/** The names under which the program speaks of itself: by the name it was called. */
export interface ProgramName {
  /** "berth" or "docker": what the user typed, for usage lines. */
  readonly command: string;
  /** "Berth" or "Docker". */
  readonly title: string;
}

export interface Globals extends EndpointFlags {
  readonly config: string;
  readonly debug: boolean;
}

/** What a command works with: its output, its environment, and the daemon. Everything costly is made when asked for. */
export class Context {
  readonly program: ProgramName;
  readonly out: Output;
  readonly err: Output;
  readonly env: NodeJS.ProcessEnv;
  readonly globals: Globals;
  /** The command as typed, without the program: "container ls". Set before a command runs. */
  commandPath = "";
  #config: ConfigFile | undefined;
  #client: EngineClient | undefined;
  #chosen: ChosenEndpoint | undefined;

  constructor(parts: { program: ProgramName; out: Output; err: Output; env: NodeJS.ProcessEnv; globals: Globals }) {
    this.program = parts.program;
    this.out = parts.out;
    this.err = parts.err;
    this.env = parts.env;
    this.globals = parts.globals;
  }

  get configFolder(): string {
    return configFolder(this.globals.config, this.env);
  }

  get config(): ConfigFile {
    this.#config ??= readConfigFile(this.configFolder, (text) => this.err.write(text));
    return this.#config;
  }

  get chosen(): ChosenEndpoint {
    this.#chosen ??= chooseEndpoint(this.globals, this.env, this.configFolder, () => this.config);
    return this.#chosen;
  }

  get client(): EngineClient {
    this.#client ??= this.#createClient();
    return this.#client;
  }

  #createClient(): EngineClient {
    const connectDefault = async (target: Endpoint) =>
      (await import("./autostart.ts")).connectOrStart(target, this.env, this.err);
    const { endpoint, isDefault } = this.chosen;
    const version = this.env.DOCKER_API_VERSION;
    return new EngineClient({
      endpoint,
      userAgent: `${this.program.title}-Client/28.2.2 (linux)`,
      ...(version ? { version: version.replace(/^v/, "") } : {}),
      ...(this.config.HttpHeaders === undefined ? {} : { headers: this.config.HttpHeaders }),
      ...(isDefault ? { connect: connectDefault } : {}),
    });
  }
}

/** The one sentence for a daemon that cannot be reached; undefined for any other error. */
export function unreachable(error: unknown, context: Context): CliError | undefined {
  if (!(error instanceof BerthError) || error.message !== "cannot connect") return undefined;
  const { text } = context.chosen.endpoint;
  const { title, command } = context.program;
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  if (cause?.code === "EACCES" || cause?.code === "EPERM") {
    return new CliError(
      `permission denied while trying to connect to the ${title} daemon socket at ${text}: connect: permission denied`,
    );
  }
  const absent = ["ENOENT", "ECONNREFUSED", "ENOTSOCK", undefined].includes(cause?.code);
  if (absent)
    return new CliError(`Cannot connect to the ${title} daemon at ${text}. Is the ${command} daemon running?`);
  return new CliError(`error during connect: ${text}: ${cause?.message ?? ""}`);
}
