// biome-ignore-all lint/suspicious/noTemplateCurlyInString: substitutions of a Dockerfile
import { DockerfileParser } from "dockerfile-ast";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Complaint, DockerfileError, expandWord, parseDockerfile, parseExposed, stagesOf } from "./index.ts";

const parse = (text: string | Uint8Array) => parseDockerfile(text, { file: "Dockerfile" });

function failure(text: string | Uint8Array): DockerfileError {
  try {
    stagesOf(parse(text));
  } catch (error) {
    if (error instanceof DockerfileError) return error;
    throw error;
  }
  throw new Error("the file was accepted");
}

describe("an error in a Dockerfile", () => {
  it("shows file, line, column, the lines and what was expected", () => {
    const error = failure("FROM scratch\nCOPY \\\n  --form=a b c\nUSER 1\n");
    expect(error.kind).toBe("invalid");
    expect(error.message).toBe("dockerfile parse error on line 2: unknown flag: --form (did you mean from?)");
    expect([error.line, error.column, error.location.endLine]).toEqual([3, 3, 3]);
    expect(error.hint).toBe("expected --chown, --from, --chmod, --link, --exclude, --parents");
    expect(error.excerpt).toBe(
      [
        "Dockerfile:3:3",
        "1 |    FROM scratch",
        "2 |>>> COPY \\",
        "3 |>>>   --form=a b c",
        "  |      ^",
        "4 |    USER 1",
      ].join("\n"),
    );
  });

  it("puts no control characters on the terminal", () => {
    expect(failure("FROM scratch\nX\u001b[31m y\n").excerpt).not.toContain("\u001b");
  });
});

describe("hostile Dockerfiles", () => {
  const deep = `${"${a:-".repeat(5000)}x${"}".repeat(5000)}`;
  const expand = (word: string) => expandWord(word, { escape: "\\", lookup: () => undefined });

  it.each<[string, string | Uint8Array, RegExp]>([
    ["a line of 10 MB", `FROM ${"a".repeat(10_000_000)}`, /line greater than max allowed size of 65535/],
    ["a file of 20 MB", "#\n".repeat(10_000_000), /larger than the limit/],
    ["100,000 instructions", `FROM scratch\n${"RUN a\n".repeat(100_000)}`, /more than the limit of 10000 instructions/],
    ["NUL", "FROM a\0b", /unexpected NUL byte/],
    ["bytes that are no text", Uint8Array.from([0xff, 0xfe, 0x00]), /NUL/],
    [
      "a heredoc without end in a large file",
      `FROM scratch\nRUN <<E\n${"a\n".repeat(100_000)}`,
      /unterminated heredoc/,
    ],
    ["many blanks", `FROM scratch\nRU${" ".repeat(60_000)}\\x`, /unknown instruction/],
  ])("%s", (_, text, reason) => {
    const before = performance.now();
    expect(failure(text).message).toMatch(reason);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it("nested substitutions", () => {
    expect(() => expand(deep)).toThrow(Complaint);
    expect(() => expand("${".repeat(30_000))).toThrow(Complaint);
    expect(expand(`${"${a:-".repeat(60)}x${"}".repeat(60)}`)).toBe("x");
  });

  it("substitutions that grow or take long", () => {
    const value = "a".repeat(60_000);
    const lookup = () => value;
    const options = { escape: "\\", lookup };
    expect(() => expandWord("$a".repeat(1000), options)).toThrow(/too long/);
    expect(() => expandWord(`\${a##${"*a".repeat(1000)}b}`, options)).toThrow(/takes too long/);
    expect(() => expandWord(`\${a//a/${"b".repeat(1000)}}`, options)).toThrow(/too long/);
  });

  it("a line that continues for ever is read in no time", () => {
    const text = `FROM scratch\nRUN a \\\n${"  b \\\n# c\n\n".repeat(100_000)}`;
    const before = performance.now();
    expect(parse(text).instructions).toHaveLength(2);
    expect(performance.now() - before).toBeLessThan(5000);
  });

  it("any text gives a Dockerfile or a DockerfileError", () => {
    const piece = fc.constantFrom(
      ...[
        "FROM",
        "RUN",
        "COPY",
        "ENV",
        "ARG",
        "ONBUILD",
        "HEALTHCHECK",
        "CMD",
        " ",
        "\n",
        "\\\n",
        "\r\n",
        "\t",
        "=",
        '"',
        "'",
      ],
      ...[
        "$",
        "${",
        "}",
        ":-",
        "<<EOF",
        "<<-'E'",
        "\nEOF\n",
        "[",
        "]",
        ",",
        "--",
        "--mount=",
        "# escape=`\n",
        "`",
        "\\",
        "é",
        "\u2028",
      ],
    );
    fc.assert(
      fc.property(
        fc.array(fc.oneof(piece, fc.string({ unit: "binary", maxLength: 4 })), { maxLength: 40 }),
        (pieces) => {
          try {
            stagesOf(parse(pieces.join("")));
          } catch (error) {
            expect(error).toBeInstanceOf(DockerfileError);
          }
        },
      ),
      { numRuns: 3000 },
    );
  });
});

describe("dockerfile-ast", () => {
  const argument = fc.array(fc.constantFrom("a", "b-c", "$X", "${Y}", "d=e", "/f", "g:1"), {
    minLength: 1,
    maxLength: 4,
  });
  const gap = fc.constantFrom(" ", "  ", "\t", " \\\n", " \\\n  # comment\n  ", " \\  \n ");
  const instruction = fc
    .tuple(fc.constantFrom("RUN", "CMD", "USER", "WORKDIR", "EXPOSE", "run", "Stopsignal"), argument, gap)
    .map(([keyword, words, between]) => `${keyword} ${words.join(between)}`);
  const file = fc
    .tuple(fc.array(fc.oneof(instruction, fc.constant("# comment"), fc.constant("")), { maxLength: 12 }), fc.boolean())
    .map(([lines, crlf]) => ["FROM scratch", ...lines].join("\n").replaceAll("\n", crlf ? "\r\n" : "\n"));

  it("finds the same instructions on the same lines", () => {
    fc.assert(
      fc.property(file, (text) => {
        const theirs = DockerfileParser.parse(text).getInstructions();
        const mine = parse(text).instructions;
        expect(mine.map(({ keyword }) => keyword)).toEqual(theirs.map((one) => one.getInstruction()));
        expect(mine.map(({ location }) => location.startLine)).toEqual(
          theirs.map((one) => one.getRange().start.line + 1),
        );
        for (const [index, one] of mine.entries()) {
          const [, ...words] = one.original.split(/\s+/);
          expect(words).toEqual(theirs[index]?.getArguments().map((word) => word.getValue()));
        }
      }),
      { numRuns: 500 },
    );
  });

  it("reads directives, stages and heredocs alike", () => {
    const text = "# escape=`\nFROM a AS b\nRUN <<A cat <<'B'\n1\nA\n2\nB\nCOPY --from=b x y\n";
    const theirs = DockerfileParser.parse(text);
    const mine = parse(text);
    expect(mine.directives.escape).toBe(theirs.getEscapeCharacter());
    expect(mine.instructions.map(({ location }) => location.endLine)).toEqual(
      theirs.getInstructions().map((one) => one.getRange().end.line + 1),
    );
    expect(stagesOf(mine).stages[0]?.name).toBe(theirs.getFROMs()[0]?.getBuildStage());
  });
});

describe("ports", () => {
  it.each([
    ["80", ["80/tcp"]],
    ["80-82/UDP", ["80/udp", "81/udp", "82/udp"]],
    ["127.0.0.1:8080:80", ["80/tcp"]],
    ["53/sctp", ["53/sctp"]],
  ])("%s", (text, ports) => expect(parseExposed(text)).toEqual(ports));

  it.each(["", "x", "70000", "82-80", "80/icmp", "1-2-3", "80/tcp/udp"])("refuses %j", (text) => {
    expect(() => parseExposed(text)).toThrow(Complaint);
  });
});
