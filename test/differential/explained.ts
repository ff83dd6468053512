import type { Asked } from "./requests.ts";

/** Why Berth answers otherwise than Docker does, for all requests of a kind. docs/api-differences.md tells them. */
const general: ((asked: Asked, member: string, docker: unknown, berth: unknown) => boolean)[] = [
  // A mistake of the client is 4xx; Docker says 500 where its own code did not foresee it.
  (_, member, docker, berth) => member === "status" && docker === 500 && typeof berth === "number" && berth < 500,
  // What newer versions of the API added is also told to older clients.
  (_, member, docker) => docker === undefined && /\.(GwPriority|id|name)$/.test(member),
  // Every figure of the kernel's, and none where there was no I/O yet.
  (_, member) => /^shape\.(memory_stats\.stats|blkio_stats)\./.test(member),
  (_, member, docker, berth) =>
    member.endsWith("HostConfig.PortBindings") && docker === null && JSON.stringify(berth) === "{}",
  // Names of the own network's container, which has no network.
  (_, member) => member.endsWith("Networks.none.DNSNames"),
];

/** Requests that Docker lets pass, or answers in other words, by a part of what was asked. */
const particular: [part: string, why: string][] = [
  ["/v9.99/", "the newest version is named"],
  ["/events?since=x", "the words of a flag's check"],
  ["/events?since=1&until=2&filters", "an unknown filter is refused, as for every other list"],
  ["/auth", "a registry that cannot be reached is 503"],
  ["/tag?repo=btdiff/copy&tag=in%20valid", "one message for every bad name"],
  ["/images/btdiff/box/tag ", "a tag without a name is refused"],
  ["/images/create ", "says what is missing"],
  ["/images/load", "an archive that is none is refused before the stream of progress begins"],
  ['"Cmd":["true"]}', "a container without an image is refused"],
  ['"Image":5', "the structure's name in Docker 28"],
  ['"NanoCpus":', "the words of Docker 28"],
  ['"Tmpfs":{"/x":"nope=1"}', "what can never start is refused at once"],
  ['"Ulimits":', "what can never start is refused at once"],
  ['"ExposedPorts":{"nope', "what can never start is refused at once"],
  ['"Hostname":"xxx', "what can never start is refused at once"],
  ['"DetachKeys":', "one message for attach and exec"],
  ["/archive?path=/tmp", "says what is wrong with the archive"],
  ["/stop?signal=NOPE", "without the words around it"],
  ["since=x", "the words of a flag's check"],
  ["btdiff-missing/attach", "an error is JSON"],
];

/** Whether a difference is wanted. */
export function explained(asked: Asked, member: string, docker: unknown, berth: unknown): boolean {
  const text = `${asked.path} ${JSON.stringify(asked.body ?? "")}`;
  return (
    asked.path === "/containers/btdiff-bad?force=1" || // of what only one of them made
    general.some((rule) => rule(asked, member, docker, berth)) ||
    particular.some(([part]) => text.includes(part))
  );
}
