import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";

/** The part of Node's HTTP parser, an object on the socket, that decides how a request goes on after its head. */
interface ParserOfNode {
  onIncoming?: ((request: IncomingMessage, keepAlive: boolean) => number) | null;
}

/**
 * Lets `isHijack` decide which requests leave HTTP after their head, in place of the Upgrade header. Node's parser
 * looks at that header alone: without it, the first raw byte of a hijacked stream is answered with 400; with it, a
 * plain request whose client offers h2c would lose its body. Those that leave are given to the server's "upgrade"
 * event together with the bytes already read. Where Node has no such hook any more, the header decides again.
 */
export function decideUpgrades(
  server: Server,
  event: "connection" | "secureConnection",
  isHijack: (request: IncomingMessage) => boolean,
): void {
  server.on(event, (socket: Duplex & { parser?: ParserOfNode | null }) => {
    const parser = socket.parser;
    const original = parser?.onIncoming;
    if (!parser || typeof original !== "function") return;
    parser.onIncoming = function onIncoming(request, keepAlive) {
      (request as IncomingMessage & { upgrade: boolean }).upgrade = isHijack(request);
      return original.call(this, request, keepAlive);
    };
  });
}
