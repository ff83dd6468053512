import { closeSync } from "node:fs";
import { check, declare, SyscallError } from "../ffi.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const NETLINK_NETFILTER = 12;
const MSG_DONTWAIT = 0x40;
const NLMSG_ERROR = 2;

const socket = declare("int socket(int domain, int type, int protocol)");
const send = declare("intptr_t send(int fd, const void *data, size_t length, int flags)");
const recv = declare("intptr_t recv(int fd, void *buffer, size_t length, int flags)");

/**
 * Gives the kernel one netfilter message, or one transaction (from BATCH_BEGIN to BATCH_END) of which all happens or
 * nothing, for the present network namespace. Throws a SyscallError with the first refusal's errno. Takes no libnftables, and no waiting:
 * the kernel has answered when send(2) returns.
 */
export function sendNetfilterBatch(batch: Uint8Array): void {
  const fd = check("socket", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER));
  try {
    check("send", send(fd, batch, batch.length, 0));
    const answer = Buffer.alloc(16384);
    for (;;) {
      const length = recv(fd, answer, answer.length, MSG_DONTWAIT);
      if (length <= 0) return;
      throwRefusal(answer.subarray(0, length));
    }
  } finally {
    closeSync(fd);
  }
}

function throwRefusal(messages: Buffer): void {
  for (let at = 0; at + 20 <= messages.length; ) {
    const length = messages.readUInt32LE(at);
    const error = messages.readUInt16LE(at + 4) === NLMSG_ERROR ? messages.readInt32LE(at + 16) : 0;
    if (error < 0) throw new SyscallError("nf_tables", -error);
    if (length < 16) return;
    at += (length + 3) & ~3;
  }
}
