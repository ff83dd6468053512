import { closeSync } from "node:fs";
import { check, declare, SyscallError } from "../ffi.ts";
import { attributesOf, encode, type Message, messagesOf, NLM, type Request, textOf } from "./message.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_RCVTIMEO = 20;
const SO_RCVBUF = 8;
const SOL_NETLINK = 270;
const NETLINK_CAP_ACK = 10;
const NETLINK_EXT_ACK = 11;
const NLMSG_ERROR = 2;
const NLMSG_DONE = 3;
const ACK_TLVS = 0x200;
/** Bytes that the kernel puts before the attributes of a capped error: code and the request's header. */
const ERROR_HEADER = 20;
const MESSAGE_ATTRIBUTE = 1;

const socket = declare("int socket(int domain, int type, int protocol)");
const setsockopt = declare("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");
const send = declare("intptr_t send(int fd, const void *buffer, size_t length, int flags)");
const recv = declare("intptr_t recv(int fd, void *buffer, size_t length, int flags)");

const int32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return bytes;
};

const replies = Buffer.alloc(256 * 1024);

/**
 * A netlink socket of the network namespace in which the thread is when it is opened. Requests are answered before they
 * return, so a socket is used in one synchronous stretch.
 */
export class Netlink implements Disposable {
  readonly fd: number;
  #sequence = 0;

  /** 0 is NETLINK_ROUTE, 12 NETLINK_NETFILTER. */
  constructor(protocol = 0) {
    this.fd = check("socket", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol), "netlink");
    setsockopt(this.fd, SOL_NETLINK, NETLINK_EXT_ACK, int32(1), 4);
    setsockopt(this.fd, SOL_NETLINK, NETLINK_CAP_ACK, int32(1), 4);
    setsockopt(this.fd, SOL_SOCKET, SO_RCVBUF, int32(1024 * 1024), 4);
    const patience = Buffer.alloc(16);
    patience.writeBigInt64LE(10n, 0);
    setsockopt(this.fd, SOL_SOCKET, SO_RCVTIMEO, patience, 16);
  }

  /** Does the requests in order. Throws a SyscallError for the first that fails, after all were tried. */
  execute(...requests: readonly Request[]): void {
    const failure = this.attempt(...requests).find((each) => each !== undefined);
    if (failure !== undefined) throw failure;
  }

  /** Does them all and tells which failed. */
  attempt(...requests: readonly Request[]): (SyscallError | undefined)[] {
    if (requests.length === 0) return [];
    const first = this.#sequence + 1;
    this.#sequence += requests.length;
    const bytes = Buffer.concat(
      requests.map((each, index) => encode({ ...each, flags: each.flags | NLM.ACK }, first + index)),
    );
    check("send", send(this.fd, bytes, bytes.length, 0), "netlink");
    const results = new Map<number, SyscallError | undefined>();
    while (results.size < requests.length)
      for (const message of this.#receive())
        if (message.type === NLMSG_ERROR && message.sequence >= first)
          results.set(message.sequence, failureOf(message));
    return requests.map((_, index) => results.get(first + index));
  }

  /**
   * The same as `execute` on another thread, for requests that make the kernel wait, as removals of interfaces do. The
   * socket is not to be used meanwhile.
   */
  async executeAside(...requests: readonly Request[]): Promise<void> {
    for (const each of requests) {
      const sequence = ++this.#sequence;
      const bytes = encode({ ...each, flags: each.flags | NLM.ACK }, sequence);
      await new Promise<void>((resolve, reject) => {
        send.async(this.fd, bytes, bytes.length, 0, (error: Error | null, sent: number) => {
          if (error !== null || sent < 0) reject(error ?? new SyscallError("send", 0, "netlink"));
          else resolve();
        });
      });
      for (let done = false; !done; )
        for (const message of this.#receive()) {
          if (message.type !== NLMSG_ERROR || message.sequence !== sequence) continue;
          done = true;
          const failure = failureOf(message);
          if (failure !== undefined) throw failure;
        }
    }
  }

  /** Every object that a dump request names. */
  dump(question: Request): Message[] {
    const sequence = ++this.#sequence;
    const bytes = encode({ ...question, flags: question.flags | NLM.DUMP }, sequence);
    check("send", send(this.fd, bytes, bytes.length, 0), "netlink");
    const found: Message[] = [];
    for (;;) {
      for (const message of this.#receive()) {
        if (message.sequence !== sequence) continue;
        if (message.type === NLMSG_DONE) return found;
        if (message.type === NLMSG_ERROR) {
          const failure = failureOf(message);
          if (failure !== undefined) throw failure;
          return found;
        }
        found.push({ ...message, body: Buffer.from(message.body) });
      }
    }
  }

  #receive(): Generator<Message> {
    const length = check("recv", Number(recv(this.fd, replies, replies.length, 0)), "netlink");
    return messagesOf(replies.subarray(0, length));
  }

  [Symbol.dispose](): void {
    closeSync(this.fd);
  }
}

/** Opens a socket for the length of one synchronous piece of work. */
export function withNetlink<T>(work: (netlink: Netlink) => T): T {
  const netlink = new Netlink();
  try {
    return work(netlink);
  } finally {
    netlink[Symbol.dispose]();
  }
}

function failureOf({ body, flags }: Message): SyscallError | undefined {
  const code = body.readInt32LE(0);
  if (code === 0) return undefined;
  const why = (flags & ACK_TLVS) === 0 ? "" : textOf(attributesOf(body, ERROR_HEADER).get(MESSAGE_ATTRIBUTE));
  return new SyscallError("netlink", -code, why === "" ? undefined : why);
}
