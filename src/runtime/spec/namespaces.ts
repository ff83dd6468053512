import { BerthError } from "../../lib/index.ts";
import type { SpecNamespaces } from "./input.ts";
import type { OciNamespace } from "./oci.ts";

const ORDER = ["network", "uts", "pid", "ipc", "cgroup"] as const;

/** The namespaces of a container. A mount namespace of its own is not open to choice. */
export function namespacesFor(choices: SpecNamespaces): OciNamespace[] {
  const found: OciNamespace[] = [{ type: "mount" }];
  for (const type of ORDER) {
    const choice = choices[type];
    if (choice === "new") found.push({ type });
    else if (choice !== "host") found.push({ type, path: choice.path });
  }
  return found;
}

const IPC_SYSCTLS = new Set(
  "auto_msgmni msgmax msgmnb msgmni sem shmall shmmax shmmni shm_rmid_forced"
    .split(" ")
    .map((name) => `kernel.${name}`),
);

/** The words around a runtime's refusal, as Docker passes them on. */
const refuse = (text: string) =>
  new BerthError(
    "invalid",
    `failed to create task for container: failed to create shim task: OCI runtime create failed: runc create failed: ${text}: unknown`,
  );

/**
 * Refuses a kernel setting that is not the container's own: one of a namespace that it shares with the host, or one that
 * no namespace holds. Throws "invalid".
 */
export function checkSysctl(name: string, choices: SpecNamespaces): void {
  const key = name.replaceAll("/", ".");
  const quoted = JSON.stringify(name);
  if (IPC_SYSCTLS.has(key) || key.startsWith("fs.mqueue.")) {
    if (choices.ipc === "host") throw refuse(`sysctl ${quoted} is not allowed in the hosts ipc namespace`);
  } else if (key.startsWith("net.")) {
    if (choices.network === "host") throw refuse(`sysctl ${quoted} not allowed in host network namespace`);
  } else if (key === "kernel.domainname") {
    if (choices.uts === "host") throw refuse(`sysctl ${quoted} is not allowed in the hosts uts namespace`);
  } else if (key === "kernel.hostname") {
    throw refuse(`sysctl ${quoted} is not allowed as it conflicts with the OCI "hostname" field`);
  } else {
    throw refuse(`sysctl ${quoted} is not in a separate kernel namespace`);
  }
}
