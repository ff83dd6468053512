import { adoptDescriptor } from "../adopt-descriptor.ts";
import { check, declare } from "../ffi.ts";
import { attributesOf, type Message, messagesOf, textOf } from "./message.ts";

const AF_NETLINK = 16;
const SOCK_RAW = 3;
const SOCK_CLOEXEC = 0o2000000;
const SOCK_NONBLOCK = 0o4000;
const NETLINK_NETFILTER = 12;
const SOL_NETLINK = 270;
const NETLINK_ADD_MEMBERSHIP = 1;
const GROUP_NFTABLES = 7;
const SUBSYSTEM = 10;
const MESSAGE = { NEWTABLE: 0, DELTABLE: 2, NEWCHAIN: 3, NEWGEN: 15 };
/** NFT_MSG_DELCHAIN, DELRULE, DELSET, DELSETELEM. */
const DELETIONS = new Set([5, 8, 11, 14]);
const TABLE_NAME = 1;
const SOL_SOCKET = 1;
const SO_RCVBUFFORCE = 33;

const socket = declare("int socket(int domain, int type, int protocol)");
const bind = declare("int bind(int fd, const void *address, uint32_t length)");
const setsockopt = declare("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)");

export interface NftWatch {
  close(): void;
}

/** What a transaction did that somebody else made, as far as that can be told. */
export interface ForeignChange {
  /** Tables that are gone, or out of which something was deleted. */
  readonly deletedFrom: ReadonlySet<string>;
  /** Chains were added somewhere. */
  readonly newChains: boolean;
}

/**
 * Tells of changes of the firewall after each transaction. A table that is replaced as a whole has not lost
 * anything, and whoever did that last to `table` is taken for its owner, whose deletions do not count. `lost` is called where the
 * kernel had to drop messages: anything may have happened, and nothing more is told. Does not keep the process alive.
 */
export function watchNft(table: string, changed: (change: ForeignChange) => void, lost: () => void): NftWatch {
  const fd = check("socket", socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_NETFILTER));
  const number = (value: number) => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32LE(value);
    return bytes;
  };
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, number(4 * 1024 * 1024), 4);
  const address = Buffer.alloc(12);
  address.writeUInt16LE(AF_NETLINK, 0);
  check("bind", bind(fd, address, 12), "netlink");
  check("setsockopt", setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, number(GROUP_NFTABLES), 4), "nftables");
  const stream = adoptDescriptor(fd);
  const transaction = createTransaction(table);
  stream.on("data", (datagram: Buffer) => {
    for (const message of messagesOf(datagram)) {
      const change = transaction(message);
      if (change !== undefined) changed(change);
    }
  });
  let closed = false;
  stream.on("error", () => {
    if (closed) return;
    closed = true;
    lost();
  });
  stream.unref();
  return {
    close() {
      closed = true;
      stream.destroy();
    },
  };
}

/** Collects the messages of a transaction; gives what it did with the last one. */
function createTransaction(own: string): (message: Message) => ForeignChange | undefined {
  let gone = new Set<string>();
  let changed = new Set<string>();
  let newChains = false;
  let owner = -1;
  return ({ type, port, body }) => {
    if (type >> 8 !== SUBSYSTEM) return undefined;
    const kind = type & 0xff;
    const table = () => textOf(attributesOf(body, 4).get(TABLE_NAME));
    if (kind === MESSAGE.DELTABLE) gone.add(table());
    else if (kind === MESSAGE.NEWTABLE) {
      if (table() === own) owner = port;
      for (const set of [gone, changed]) set.delete(table());
    } else if (DELETIONS.has(kind) && port !== owner && !gone.has(table())) changed.add(table());
    else if (kind === MESSAGE.NEWCHAIN && port !== owner) newChains = true;
    if (kind !== MESSAGE.NEWGEN) return undefined;
    const change = { deletedFrom: new Set([...gone, ...changed]), newChains };
    gone = new Set();
    changed = new Set();
    newChains = false;
    return change.newChains || change.deletedFrom.size > 0 ? change : undefined;
  };
}
