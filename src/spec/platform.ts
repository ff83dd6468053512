import { invalid } from "../lib/index.ts";

/** Where an image runs, in the OCI image index's words, normalised: amd64 and not x86_64. */
export interface Platform {
  os: string;
  architecture: string;
  variant?: string;
}

const component = /^[A-Za-z0-9_.-]+$/;
const knownSystems = new Set(
  "aix android darwin dragonfly freebsd hurd illumos ios js linux nacl netbsd openbsd plan9 solaris windows zos".split(
    " ",
  ),
);
const knownArchitectures = new Set(
  (
    "386 amd64 amd64p32 arm armbe arm64 arm64be ppc64 ppc64le loong64 mips mipsle mips64 mips64le mips64p32 " +
    "mips64p32le ppc riscv riscv64 s390 s390x sparc sparc64 wasm"
  ).split(" "),
);

/**
 * Parses `os/arch[/variant]`, or one word that is either, the host filling in the rest. Throws "invalid" with the
 * texts of containerd's platforms package.
 */
export function parsePlatform(text: string, host: Platform = hostPlatform()): Platform {
  if (text.includes("*")) throw invalid(`"${text}": wildcards not yet supported: invalid argument`);
  const parts = text.split("/");
  for (const part of parts.slice(0, 4)) {
    if (!component.test(part))
      throw invalid(
        `"${part}" is an invalid component of "${text}": platform specifier component must match "${component.source}": invalid argument`,
      );
  }
  const [first, second, third] = parts;
  if (first === undefined || parts.length > 3)
    throw invalid(`"${text}": cannot parse platform specifier: invalid argument`);
  if (second !== undefined) return normalise(first, second, third ?? "");
  const os = normaliseSystem(first);
  if (knownSystems.has(os)) return { ...host, os };
  const machine = normaliseMachine(first, "");
  if (knownArchitectures.has(machine.architecture)) return normalise(host.os, first, "");
  throw invalid(`"${text}": unknown operating system or architecture: invalid argument`);
}

/** `os/arch[/variant]`. */
export function formatPlatform(platform: Platform): string {
  return [platform.os, platform.architecture, platform.variant].filter((part) => part).join("/");
}

/** The same platform with the aliases resolved: x86_64, aarch64, armhf, a variant that says nothing new. */
export function normalisePlatform(platform: Platform): Platform {
  return normalise(platform.os, platform.architecture, platform.variant ?? "");
}

/** The machine that this process runs on. */
export function hostPlatform(): Platform {
  const names: Partial<Record<string, string>> = { x64: "amd64", ia32: "386", ppc64: "ppc64le", mipsel: "mipsle" };
  return normalise("linux", names[process.arch] ?? process.arch, process.arch === "arm" ? "v7" : "");
}

/** Whether an image for `have` runs where `wanted` is asked for: itself or something older that it can run. */
export function satisfiesPlatform(have: Platform, wanted: Platform): boolean {
  return rank(have, accepted(wanted)) >= 0;
}

/**
 * The best of the candidates for a platform: the exact one first, then what the processor also runs (linux/386 on
 * amd64, arm/v7 on arm64), then one that names no platform. The first of equals; undefined where none fits.
 */
export function matchPlatform<T extends { platform?: Platform | undefined }>(
  candidates: readonly T[],
  wanted: Platform,
): T | undefined {
  const order = accepted(wanted);
  let best: { candidate: T; rank: number } | undefined;
  for (const candidate of candidates) {
    const place = candidate.platform === undefined ? order.length : rank(candidate.platform, order);
    if (place >= 0 && (best === undefined || place < best.rank)) best = { candidate, rank: place };
  }
  return best?.candidate;
}

function rank(have: Platform, order: readonly string[]): number {
  return order.indexOf(formatPlatform(normalisePlatform(have)));
}

/** What a platform runs, best first, as containerd's `platforms.Only` lists it. */
function accepted(wanted: Platform): string[] {
  const { os, architecture, variant = "" } = normalisePlatform(wanted);
  const own = variants(architecture, variant).map((name) => formatPlatform({ os, architecture, variant: name }));
  if (architecture === "amd64") own.push(`${os}/386`);
  if (architecture === "arm64") own.push(...["v8", "v7", "v6", "v5"].map((name) => `${os}/arm/${name}`));
  return own;
}

function variants(architecture: string, variant: string): string[] {
  const newest = Number.parseInt(variant.slice(1), 10);
  if (architecture === "arm64" && newest >= 8) return [...new Set([variant, ""])];
  const oldest = architecture === "arm" ? 5 : architecture === "amd64" ? 1 : undefined;
  if (oldest === undefined || !/^v[0-9]$/.test(variant)) return [variant];
  const lower: string[] = [];
  for (let version = newest; version >= oldest; version--) lower.push(version === 1 ? "" : `v${version}`);
  return lower.length === 0 ? [variant] : lower;
}

function normalise(os: string, architecture: string, variant: string): Platform {
  const machine = normaliseMachine(architecture, variant);
  return {
    os: normaliseSystem(os),
    architecture: machine.architecture,
    ...(machine.variant === "" ? {} : { variant: machine.variant }),
  };
}

function normaliseSystem(os: string): string {
  const lower = os.toLowerCase();
  return lower === "macos" ? "darwin" : lower;
}

function normaliseMachine(name: string, given: string): { architecture: string; variant: string } {
  const architecture = name.toLowerCase();
  const variant = given.toLowerCase();
  switch (architecture) {
    case "i386":
      return { architecture: "386", variant: "" };
    case "x86_64":
    case "x86-64":
    case "amd64":
      return { architecture: "amd64", variant: variant === "v1" ? "" : variant };
    case "aarch64":
    case "arm64":
      return { architecture: "arm64", variant: variant === "8" || variant === "v8" ? "" : variant };
    case "armhf":
      return { architecture: "arm", variant: "v7" };
    case "armel":
      return { architecture: "arm", variant: "v6" };
    case "arm":
      return {
        architecture: "arm",
        variant: variant === "" ? "v7" : /^[5-8]$/.test(variant) ? `v${variant}` : variant,
      };
    default:
      return { architecture, variant };
  }
}
