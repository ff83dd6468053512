import { BerthError } from "../lib/index.ts";

/** Who a process runs as. `additionalGids` begins with the primary gid, as Docker's `id` shows it (CVE-2022-36109). */
export interface ResolvedUser {
  uid: number;
  gid: number;
  additionalGids: number[];
  home: string;
}

/** How much of /etc/passwd or /etc/group is read at most: twenty thousand users, and no noticeable pause. */
export const USER_FILE_LIMIT = 1024 * 1024;

const MAX_ID = 2 ** 31 - 1;

interface PasswdEntry {
  name: string;
  uid: number;
  gid: number;
  home: string;
}

interface GroupEntry {
  name: string;
  gid: number;
  members: string[];
}

const refuse = (message: string) => new BerthError("invalid", message);

/** A number, which is then never a name; undefined for anything that is not written as one. */
function parseId(text: string): number | undefined {
  if (!/^[+-]?\d+$/.test(text)) return undefined;
  const id = Number(text);
  if (id < 0 || id > MAX_ID) throw refuse("uids and gids must be in range 0-2147483647");
  return id === 0 ? 0 : id;
}

const fileNumber = (text: string | undefined): number => {
  const number = Number.parseInt(text ?? "", 10);
  return Number.isSafeInteger(number) ? number : 0;
};

/** The entries' lines that have `part` in them, one at a time: a hostile file has many lines, few are worth taking apart. */
function* entryLines(text: string, part: string): Generator<string> {
  for (let start = 0; start < text.length; ) {
    const newline = text.indexOf("\n", start);
    const end = newline < 0 ? text.length : newline;
    const line = text.slice(start, end).trim();
    start = end + 1;
    if (line !== "" && line.includes(part) && !line.startsWith("#")) yield line;
  }
}

function* passwdEntries(text: string, part: string): Generator<PasswdEntry> {
  for (const line of entryLines(text, part)) {
    const [name = "", , uid, gid, , home = ""] = line.split(":");
    yield { name, uid: fileNumber(uid), gid: fileNumber(gid), home };
  }
}

function* groupEntries(text: string, part: string): Generator<GroupEntry> {
  for (const line of entryLines(text, part)) {
    const [name = "", , gid, members = ""] = line.split(":");
    yield { name, gid: fileNumber(gid), members: members.split(",").filter((member) => member !== "") };
  }
}

function find<T>(entries: Iterable<T>, wanted: (entry: T) => boolean): T | undefined {
  for (const entry of entries) if (wanted(entry)) return entry;
  return undefined;
}

function bounded(id: number): number {
  if (id < 0 || id > MAX_ID) throw refuse("uids and gids must be in range 0-2147483647");
  return id;
}

function findUser(passwd: string, user: string, uid: number | undefined): PasswdEntry | undefined {
  return find(passwdEntries(passwd, user === "" ? "0" : uid === undefined ? user : String(uid)), (entry) => {
    if (user === "") return entry.uid === 0;
    return uid === undefined ? entry.name === user : entry.uid === uid;
  });
}

function findGroup(group: string, wanted: string): number {
  const gid = parseId(wanted);
  if (gid !== undefined) return gid;
  const entry = find(groupEntries(group, wanted), (candidate) => candidate.name === wanted);
  if (entry === undefined) throw refuse(`unable to find group ${wanted}: no matching entries in group file`);
  return bounded(entry.gid);
}

function membershipsOf(group: string, name: string): number[] {
  const entries = [...groupEntries(group, name)].filter((entry) => entry.members.includes(name));
  return entries.map((entry) => bounded(entry.gid));
}

/**
 * Resolves Docker's USER forms ("", name, uid, name:group, uid:gid, uid:group, name:gid) and --group-add against the
 * texts of the container's passwd and group files ("" where a file is missing). Throws "invalid" with Docker's text.
 */
export function lookupUser(
  passwd: string,
  group: string,
  spec: string,
  groupAdd: readonly string[] = [],
): ResolvedUser {
  const [user = "", wantedGroup = ""] = spec.split(":");
  const uid = parseId(user);
  const entry = findUser(passwd, user, uid);
  if (entry === undefined && user !== "" && uid === undefined) {
    throw refuse(`unable to find user ${user}: no matching entries in passwd file`);
  }
  const gid = wantedGroup === "" ? bounded(entry?.gid ?? 0) : findGroup(group, wantedGroup);
  // Memberships count only where no group was named.
  const memberships =
    wantedGroup === "" && entry !== undefined && entry.name !== "" ? membershipsOf(group, entry.name) : [];
  const added = [...new Set(groupAdd.map((name) => findGroup(group, name)))];
  return {
    uid: entry === undefined ? (uid ?? 0) : bounded(entry.uid),
    gid,
    additionalGids: [...new Set([gid, ...memberships, ...added])],
    home: entry?.home ?? "",
  };
}
