import { spawn } from "node:child_process";
import { BerthError } from "../../../lib/index.ts";
import type { RegistryAuth } from "../../../spec/api/index.ts";

const LIMIT = 1024 * 1024;
const NOT_FOUND = "credentials not found in native keychain";

/** Runs `docker-credential-<name> <verb>` (docker-credential-helpers protocol) with the input on stdin; its output. */
function runHelper(name: string, verb: string, input: string): Promise<{ code: number; text: string }> {
  if (!/^[A-Za-z0-9._-]+$/.test(name))
    throw new BerthError("invalid", `invalid credential helper name ${JSON.stringify(name)}`);
  return new Promise((resolve, reject) => {
    const child = spawn(`docker-credential-${name}`, [verb], { stdio: ["pipe", "pipe", "inherit"] });
    let text = "";
    child.once("error", (cause) =>
      reject(
        new BerthError(
          "invalid",
          `error getting credentials - err: exec: "docker-credential-${name}": ${cause.message}`,
        ),
      ),
    );
    child.stdout.on("data", (chunk: Buffer) => {
      if (text.length < LIMIT) text += chunk.toString("utf8");
    });
    child.once("close", (code) => resolve({ code: code ?? 1, text: text.trim() }));
    child.stdin.on("error", () => undefined);
    child.stdin.end(input);
  });
}

export async function helperGet(name: string, server: string): Promise<RegistryAuth | undefined> {
  const { code, text } = await runHelper(name, "get", server);
  if (code !== 0) {
    if (text.includes(NOT_FOUND)) return undefined;
    throw new BerthError("unauthorized", `error getting credentials - err: exit status ${code}, out: \`${text}\``);
  }
  const { Username = "", Secret = "" } = JSON.parse(text) as { Username?: string; Secret?: string };
  if (Username === "<token>") return { identitytoken: Secret, serveraddress: server };
  return { username: Username, password: Secret, serveraddress: server };
}

export async function helperStore(name: string, server: string, auth: RegistryAuth): Promise<void> {
  const Username = auth.identitytoken ? "<token>" : (auth.username ?? "");
  const Secret = auth.identitytoken ?? auth.password ?? "";
  const { code, text } = await runHelper(name, "store", JSON.stringify({ ServerURL: server, Username, Secret }));
  if (code !== 0)
    throw new BerthError("internal", `error storing credentials - err: exit status ${code}, out: \`${text}\``);
}

export async function helperErase(name: string, server: string): Promise<void> {
  const { code, text } = await runHelper(name, "erase", server);
  if (code !== 0 && !text.includes(NOT_FOUND))
    throw new BerthError("internal", `error erasing credentials - err: exit status ${code}, out: \`${text}\``);
}
