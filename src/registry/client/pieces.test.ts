import fc from "fast-check";
import { expect, test } from "vitest";
import { parseChallenges } from "./challenge.ts";
import { basicHeader, credentialsFrom } from "./credentials.ts";
import { endpointsOf, isInsecure, isLoopback } from "./endpoint.ts";
import { asked } from "./network-error.ts";

test("challenges", () => {
  const [bearer, basic] = parseChallenges(
    'Bearer realm="https://a/t?x=\\"1\\"",service=reg , scope="a,b", Basic realm="x"',
  );
  expect(bearer?.scheme).toBe("bearer");
  expect(Object.fromEntries(bearer?.parameters ?? [])).toEqual({
    realm: 'https://a/t?x="1"',
    service: "reg",
    scope: "a,b",
  });
  expect(basic).toEqual({ scheme: "basic", parameters: new Map([["realm", "x"]]) });
  expect(parseChallenges("")).toEqual([]);
  expect(parseChallenges('realm="x"')).toEqual([]);
});

test("any header gives a list of challenges, quickly", () => {
  const nearly = fc.array(fc.constantFrom("Bearer ", 'realm="', '"', "=", ",", "\\", "a", " ", "Basic"), {
    maxLength: 50,
  });
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        nearly.map((parts) => parts.join("")),
      ),
      (header) => {
        for (const { scheme } of parseChallenges(header)) expect(scheme).toMatch(/^[!-~]+$/);
      },
    ),
  );
  const started = performance.now();
  for (const unit of ['a="', "a=", " ", "a ", '"\\', "a,"]) parseChallenges(unit.repeat(100_000));
  expect(performance.now() - started).toBeLessThan(1000);
});

test("credentials in any of the API's forms", () => {
  expect(credentialsFrom({ username: "a", password: "b" })).toEqual({ basic: { username: "a", password: "b" } });
  expect(credentialsFrom({ auth: Buffer.from("a:b:c").toString("base64") })).toEqual({
    basic: { username: "a", password: "b:c" },
  });
  expect(credentialsFrom({ identitytoken: "t", username: "<token>" })).toEqual({ identityToken: "t" });
  expect(credentialsFrom({ username: "", password: "" })).toBeUndefined();
  expect(credentialsFrom({ auth: "%%%" })).toBeUndefined();
  expect(basicHeader({ username: "a", password: "é" })).toBe("Basic YTrDqQ==");
});

test("endpoints", () => {
  const urls = (domain: string, insecure = false) => endpointsOf(domain, insecure).map(({ url }) => url.href);
  expect(urls("docker.io")).toEqual(["https://registry-1.docker.io/"]);
  expect(urls("r.example:5000")).toEqual(["https://r.example:5000/"]);
  expect(urls("r.example", true)).toEqual(["https://r.example/", "http://r.example/"]);
  expect(urls("localhost:5000")).toEqual(["https://localhost:5000/", "http://localhost:5000/"]);
  expect(urls("[::1]:5000")).toEqual(["https://[::1]:5000/", "http://[::1]:5000/"]);
});

test("loopback and listed registries are insecure, look-alikes are not", () => {
  expect(["localhost", "127.0.0.1:5000", "127.9.9.9", "[::1]:1"].every(isLoopback)).toBe(true);
  expect(["127.0.0.1.evil.example", "localhost.example", "128.0.0.1", "[::2]"].some(isLoopback)).toBe(false);
  const list = ["r.example", "q.example:5000", "10.1.0.0/16", "fd00::/8", "nonsense/x"];
  expect(
    ["r.example", "r.example:1", "q.example:5000", "10.1.2.3:5", "[fd00::1]:5"].every((d) => isInsecure(d, list)),
  ).toBe(true);
  expect(["q.example", "q.example:1", "10.2.0.1", "x.r.example", "[fe80::1]"].some((d) => isInsecure(d, list))).toBe(
    false,
  );
});

test("an address in a message shows no query and no password", () => {
  expect(asked("GET", new URL("https://u:p@h/v2/?sig=secret"))).toBe('Get "https://h/v2/"');
});
