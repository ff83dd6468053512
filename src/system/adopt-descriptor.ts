import { Socket } from "node:net";
import { check, declare, SyscallError } from "./ffi.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;

const socketpair = declare("int socketpair(int domain, int type, int protocol, _Out_ int *fds)");
const close = declare("int close(int fd)");

/** What Node's stream handle offers, as far as it is used here. */
interface PipeHandle {
  open(fd: number): number;
  close(): void;
}

interface PipeConstructor {
  new (type: number): PipeHandle;
}

let pipe: PipeConstructor | undefined;

/**
 * libuv's stream handle for any descriptor that epoll takes. Node's own entrances (`new Socket({fd})`) look at the type
 * first and refuse SEQPACKET sockets and pidfds; the class behind them does not, and any unix socket's handle has it.
 * Tried on Node 20, 22 and 24.
 */
function pipeConstructor(): PipeConstructor {
  if (pipe !== undefined) return pipe;
  const pair = new Int32Array(2);
  check("socketpair", socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair));
  const probe = new Socket({ fd: pair[0] ?? -1 });
  const handle = (probe as unknown as { _handle: PipeHandle })._handle;
  pipe = handle.constructor as PipeConstructor;
  probe.destroy();
  close(pair[1]);
  return pipe;
}

export interface AdoptOptions {
  /** Gets each read's bytes in `buffer()`'s memory; false stops reading until `resume()`. Without it: 'data' events. */
  onread?: { buffer: () => Uint8Array; callback: (bytes: number, buffer: Uint8Array) => boolean };
}

/**
 * A net.Socket over a descriptor that the caller opened non-blocking and close-on-exec; the socket owns it from here on.
 * Each read(2) is one 'data' event (one packet of a packet socket). Throws a SyscallError
 * where libuv refuses it; the descriptor is closed then.
 */
export function adoptDescriptor(fd: number, options: AdoptOptions = {}): Socket {
  const handle = new (pipeConstructor())(0);
  const result = handle.open(fd);
  if (result < 0) {
    handle.close();
    close(fd);
    throw new SyscallError("uv_pipe_open", -result, `fd ${fd}`);
  }
  return new Socket({ handle, allowHalfOpen: true, ...options } as ConstructorParameters<typeof Socket>[0]);
}
