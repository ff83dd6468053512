import { readSync } from "node:fs";
import { isatty } from "node:tty";
import type { RegistryAuth } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { between, command } from "../../core/command.ts";
import { readLine } from "../../core/confirm.ts";
import type { Context } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { writeConfigFile } from "../../core/write-config.ts";
import { findCredentials, INDEX_SERVER, serverKey, storeCredentials } from "./credentials.ts";

export const login = command({
  usage: "[OPTIONS] [SERVER]",
  arity: between(0, 1),
  flags: {
    password: flag.string("Password or Personal Access Token (PAT)", { short: "p" }),
    "password-stdin": flag.bool("Take the Password or Personal Access Token (PAT) from stdin"),
    username: flag.string("Username", { short: "u" }),
  },
  async run(context, { flags, args: [given] }) {
    const server = serverOf(given);
    const { username, password } = await ask(context, flags, server);
    const auth: RegistryAuth = { username, password, serveraddress: server };
    const answer = await context.client.json<{ Status?: string; IdentityToken?: string }>("POST", "/auth", {
      json: auth,
    });
    const stored = answer.IdentityToken
      ? { username, identitytoken: answer.IdentityToken, serveraddress: server }
      : auth;
    const plain = await storeCredentials(context.config, server, stored);
    const path = writeConfigFile(context.configFolder, context.config);
    if (plain) {
      context.err.write(
        `\nWARNING! Your credentials are stored unencrypted in '${path}'.\nConfigure a credential helper to remove this warning. See\nhttps://docs.docker.com/go/credential-store/\n\n`,
      );
    }
    if (answer.Status) context.out.write(`${answer.Status}\n`);
    return 0;
  },
});

/** The server as its credentials are kept; a full URL is cut to its host. */
export function serverOf(given: string | undefined): string {
  if (given === undefined || given === "" || given === INDEX_SERVER) return INDEX_SERVER;
  return serverKey(given.replace(/^https?:\/\//, "").split("/", 1)[0] ?? "");
}

async function ask(
  context: Context,
  flags: { username: string; password: string; "password-stdin": boolean },
  server: string,
): Promise<{ username: string; password: string }> {
  if (flags.password !== "") {
    context.err.write("WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n");
    if (flags["password-stdin"]) throw new CliError("--password and --password-stdin are mutually exclusive");
  }
  let { username, password } = flags;
  if (flags["password-stdin"]) {
    if (username === "") throw new CliError("Must provide --username with --password-stdin");
    password = readAll().replace(/\r?\n$/, "");
  }
  if (username !== "" && password !== "") return { username, password };
  const saved = username === "" && password === "" ? await findCredentials(context.config, server) : undefined;
  if (saved?.username && saved.password) {
    context.err.write("Authenticating with existing credentials...\n");
    return { username: saved.username, password: saved.password };
  }
  if (!isatty(0)) throw new CliError("Error: Cannot perform an interactive login from a non TTY device");
  if (username === "") {
    context.out.write("Username: ");
    username = readLine().trim();
    if (username === "") throw new CliError("Error: Non-null Username Required");
  }
  if (password === "") password = askPassword(context);
  if (password === "") throw new CliError("Error: Password Required");
  return { username, password };
}

function askPassword(context: Context): string {
  context.out.write("Password: ");
  process.stdin.setRawMode(true);
  try {
    return readRawLine();
  } finally {
    process.stdin.setRawMode(false);
    context.out.write("\n");
  }
}

/** A line typed in raw mode, where nothing is echoed: ends at return, ctrl-c gives up. */
function readRawLine(): string {
  const bytes: number[] = [];
  const byte = Buffer.alloc(1);
  for (;;) {
    const count = readSync(0, byte, 0, 1, null);
    const code = byte[0] ?? 0;
    if (count === 0 || code === 13 || code === 10 || code === 4) return Buffer.from(bytes).toString("utf8");
    if (code === 3) throw new CliError("", 130);
    if (code === 127 || code === 8) bytes.pop();
    else bytes.push(code);
  }
}

function readAll(): string {
  const chunks: Buffer[] = [];
  const chunk = Buffer.alloc(64 * 1024);
  let total = 0;
  for (;;) {
    const count = readSync(0, chunk, 0, chunk.length, null);
    if (count === 0 || total > 1024 * 1024) return Buffer.concat(chunks).toString("utf8");
    chunks.push(Buffer.from(chunk.subarray(0, count)));
    total += count;
  }
}
