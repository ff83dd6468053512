/** A file of a case's context: its text, or more. */
export type CaseFile = string | { text?: string; mode?: number; link?: string; directory?: true };

/** One Dockerfile that Docker's BuildKit and Berth build: their images are to be the same. */
export interface BuildCase {
  readonly name: string;
  readonly dockerfile: string;
  readonly files?: Readonly<Record<string, CaseFile>>;
  /** Further words of `build`. */
  readonly args?: readonly string[];
  /** Both have to refuse it; what of the message both say. */
  readonly fails?: RegExp;
}

/** Made in both engines before the cases: a busybox. */
export const BASE = "berth-case/base";

const from = `FROM ${BASE}\n`;
const tree = {
  "a.txt": "A\n",
  "b.txt": "B\n",
  "c.md": "C\n",
  "dir/d.txt": "D\n",
  "dir/sub/e.txt": "E\n",
  "bin/tool": { text: "#!/bin/sh\necho tool\n", mode: 0o755 },
} as const;

export const CASES: readonly BuildCase[] = [
  { name: "base alone", dockerfile: from },
  { name: "scratch with a file", dockerfile: "FROM scratch\nCOPY a.txt /\n", files: tree },
  { name: "scratch with config", dockerfile: 'FROM scratch\nENV A=b\nCMD ["x"]\nCOPY a.txt /\n', files: tree },
  { name: "run in a shell", dockerfile: `${from}RUN echo hello > /out && mkdir -p /x/y && chmod 700 /x\n` },
  { name: "run as a list", dockerfile: `${from}RUN ["touch", "/a b", "/$HOME"]\n` },
  { name: "run with continuation and comment", dockerfile: `${from}RUN echo a > /a; \\\n# between\n  echo b > /b\n` },
  { name: "run with a heredoc", dockerfile: `${from}RUN <<EOF\nset -e\necho one > /one\necho "$PATH" > /path\nEOF\n` },
  { name: "run with a heredoc for a program", dockerfile: `${from}RUN sh -s <<'EOF'\necho '$NOT' > /not\nEOF\n` },
  {
    name: "run removes files of the base",
    dockerfile: `${from}RUN rm -r /home /etc/group && mkdir /home && touch /home/new\n`,
  },
  {
    name: "run makes links, fifos and devices",
    dockerfile: `${from}RUN ln -s /nowhere /s && echo x > /h1 && ln /h1 /h2 && mkfifo /p && mknod /n c 1 3\n`,
  },
  {
    name: "run sets modes and owners",
    dockerfile: `${from}RUN touch /f && chown 33:50 /f && chmod 4755 /f && mkdir -m 1777 /t && chown -R 1000 /t\n`,
  },
  { name: "copy a file", dockerfile: `${from}COPY a.txt /x.txt\n`, files: tree },
  { name: "copy into a folder", dockerfile: `${from}COPY a.txt b.txt /d/\n`, files: tree },
  { name: "copy a folder's content", dockerfile: `${from}COPY dir /d\n`, files: tree },
  { name: "copy everything", dockerfile: `${from}WORKDIR /w\nCOPY . .\n`, files: tree },
  { name: "copy by pattern", dockerfile: `${from}COPY *.txt dir/*.txt /d/\n`, files: tree },
  { name: "copy names with spaces", dockerfile: `${from}COPY ["a b.txt", "/c d/"]\n`, files: { "a b.txt": "x" } },
  {
    name: "copy with owner and mode",
    dockerfile: `${from}COPY --chown=www:staff --chmod=640 a.txt dir /d/\n`,
    files: tree,
  },
  { name: "copy with numeric owner", dockerfile: `${from}COPY --chown=1234:5678 dir /d\n`, files: tree },
  { name: "copy with link", dockerfile: `${from}COPY --link a.txt /d/a.txt\nCOPY --link dir /d/dir\n`, files: tree },
  {
    name: "copy links",
    dockerfile: `${from}COPY . /d\n`,
    files: { f: "F", l: { link: "f" }, dangling: { link: "/nope/x" } },
  },
  { name: "copy executable bits", dockerfile: `${from}COPY bin /b\nRUN /b/tool > /out\n`, files: tree },
  { name: "copy an empty folder", dockerfile: `${from}COPY empty /e\n`, files: { empty: { directory: true } } },
  {
    name: "copy onto a link to a folder",
    dockerfile: `${from}RUN mkdir /real && ln -s /real /link\nCOPY a.txt /link/\n`,
    files: tree,
  },
  {
    name: "copy relative to the working folder",
    dockerfile: `${from}WORKDIR /w/x\nCOPY a.txt ../y/\nCOPY b.txt .\n`,
    files: tree,
  },
  {
    name: "copy a heredoc",
    dockerfile: `${from}ENV V=1\nCOPY <<EOF /e.txt\nv=$V\nEOF\nCOPY <<'EOF' /n.txt\nv=$V\nEOF\n`,
  },
  { name: "copy two heredocs", dockerfile: `${from}COPY <<one <<two /d/\n1\none\n2\ntwo\n` },
  {
    name: "copy a heredoc with a mode",
    dockerfile: `${from}COPY --chmod=755 <<-EOF /run.sh\n\t#!/bin/sh\n\techo ok\n\tEOF\nRUN /run.sh > /out\n`,
  },
  { name: "add unpacks a local tar", dockerfile: `${from}ADD archive.tar /d/\n`, files: { "archive.tar": "TAR" } },
  { name: "copy leaves a tar alone", dockerfile: `${from}COPY archive.tar /d/\n`, files: { "archive.tar": "TAR" } },
  {
    name: "an ignore file",
    dockerfile: `${from}COPY . /d\n`,
    files: { ...tree, ".dockerignore": "*.md\ndir\n!dir/sub\nDockerfile\n.dockerignore\n" },
  },
  {
    name: "stages by name",
    dockerfile: `${from.trim()} AS one\nRUN echo 1 > /one\n${from}COPY --from=one /one /from-one\n`,
  },
  { name: "stages by number", dockerfile: `${from}RUN mkdir /d && echo 0 > /d/f\nFROM scratch\nCOPY --from=0 /d /\n` },
  {
    name: "a stage on a stage",
    dockerfile: `${from.trim()} AS one\nENV A=1\nRUN echo $A > /a\nFROM one AS two\nENV B=$A-2\nRUN echo $B > /b\n`,
  },
  {
    name: "target",
    dockerfile: `${from.trim()} AS one\nRUN echo 1 > /1\nFROM one AS two\nRUN false\n`,
    args: ["--target", "one"],
  },
  { name: "a stage that nobody needs", dockerfile: `${from.trim()} AS broken\nRUN false\n${from}RUN echo ok > /ok\n` },
  { name: "copy from an image", dockerfile: `FROM scratch\nCOPY --from=${BASE} /etc/passwd /p\n` },
  {
    name: "env",
    dockerfile: `${from}ENV A=1 B="two words" C=three\\ words\nENV D old form\nENV E=$A$B\${C:+yes}\${NOPE:-no}\nRUN echo "$A|$B|$C|$D|$E" > /env\n`,
  },
  { name: "env replaced", dockerfile: `${from}ENV A=1\nENV A=2 PATH=/x:$PATH\n` },
  {
    name: "args",
    dockerfile: `ARG BASE=${BASE}\nFROM $BASE\nARG A\nARG B=default\nARG C=$B-more\nRUN echo "$A|$B|$C" > /args\n`,
    args: ["--build-arg", "A=given"],
  },
  {
    name: "args of one stage stay there",
    dockerfile: `${from}ARG A=1\nRUN echo "[$A]" > /1\n${from}RUN echo "[$A]" > /2\n`,
  },
  {
    name: "platform arguments",
    dockerfile: `${from}ARG TARGETPLATFORM\nARG TARGETARCH\nARG BUILDPLATFORM\nRUN echo $TARGETPLATFORM $TARGETARCH $BUILDPLATFORM > /p\n`,
  },
  {
    name: "labels",
    dockerfile: `${from}LABEL a=1 b="two words" "c.d"='3'\nLABEL a=replaced\n`,
    args: ["--label", "flag=x", "--label", "b=flag"],
  },
  { name: "expose", dockerfile: `${from}EXPOSE 80 443/tcp 53/udp\nEXPOSE 8000-8002\n` },
  { name: "entry point and command", dockerfile: `${from}ENTRYPOINT ["/bin/echo", "a"]\nCMD ["b"]\n` },
  { name: "an entry point ends the base's command", dockerfile: `${from}CMD ["x"]\nENTRYPOINT ["y"]\n` },
  { name: "shell forms", dockerfile: `${from}CMD echo "a  b" $HOME\nENTRYPOINT exec top\n` },
  { name: "shell", dockerfile: `${from}SHELL ["/bin/busybox", "ash", "-ec"]\nRUN echo $0 > /shell\nCMD x\n` },
  {
    name: "working folders",
    dockerfile: `${from}WORKDIR /a\nWORKDIR b/../c\nENV D=dd\nWORKDIR \${D}\nRUN pwd > /pwd\n`,
  },
  {
    name: "users",
    dockerfile: `${from}RUN mkdir /w && chmod 777 /w\nUSER www\nRUN id > /w/id\nUSER 1000:50\nRUN id > /w/id2\nWORKDIR /w/made\n`,
  },
  { name: "volumes", dockerfile: `${from}VOLUME /data\nVOLUME ["/v1", "/v2"]\n` },
  { name: "stop signal", dockerfile: `${from}STOPSIGNAL 9\n` },
  {
    name: "health check",
    dockerfile: `${from}HEALTHCHECK --interval=5s --timeout=3s --start-period=1m --retries=2 CMD wget -q localhost || exit 1\n`,
  },
  { name: "no health check", dockerfile: `${from}HEALTHCHECK CMD ["true"]\nHEALTHCHECK NONE\n` },
  { name: "on build", dockerfile: `${from}ONBUILD RUN echo built > /built\nONBUILD COPY a.txt /\n` },
  {
    name: "on build is run",
    dockerfile: `${from.trim()} AS parent\nONBUILD RUN echo built > /built\nFROM parent\nRUN cat /built > /seen\n`,
  },
  { name: "maintainer", dockerfile: `${from}MAINTAINER Some One <one@example.org>\n` },
  { name: "another escape", dockerfile: `# escape=\`\n${from}RUN echo a > /a && \`\n  echo 'C:\\x' > /b\n` },
  {
    name: "mounts",
    dockerfile: `${from}RUN --mount=type=bind,source=a.txt,target=/m/a.txt --mount=type=tmpfs,target=/t cat /m/a.txt > /copy && touch /t/gone\nRUN --mount=type=cache,target=/c echo x > /c/f && ls /c > /list\n`,
    files: tree,
  },
  {
    name: "a secret",
    dockerfile: `${from}RUN --mount=type=secret,id=s,target=/s wc -c < /s > /size\nRUN --mount=type=secret,id=none ls /run/secrets > /none 2>&1 || true\n`,
    files: { s: "secret" },
    args: ["--secret", "id=s,src=s"],
  },
  { name: "no network", dockerfile: `${from}RUN --network=none ls /sys/class/net > /net\n` },
  {
    name: "an image of many steps",
    dockerfile: from + Array.from({ length: 12 }, (_, i) => `RUN echo ${i} > /${i}\n`).join(""),
  },
  {
    name: "squeezed text",
    dockerfile: `\n\n  # leading\n${from.replace("FROM", "from")}\n\trun  echo   a   b > /o\n\n   cmd   [ "a" ,  "b" ]  \n`,
  },
  {
    name: "refused: a step that fails",
    dockerfile: `${from}RUN exit 7\n`,
    fails: /process "\/bin\/sh -c exit 7" did not complete successfully: exit code: 7/,
  },
  { name: "refused: a missing file", dockerfile: `${from}COPY nope /\n`, fails: /"\/nope": not found/ },
  {
    name: "refused: an unknown instruction",
    dockerfile: `${from}RUNN x\n`,
    fails: /dockerfile parse error on line 2: unknown instruction: RUNN \(did you mean RUN\?\)/,
  },
  {
    name: "refused: no such stage",
    dockerfile: from,
    args: ["--target", "nope"],
    fails: /target stage "nope" could not be found/,
  },
  { name: "refused: an empty file", dockerfile: "# nothing\n", fails: /file with no instructions/ },
  {
    name: "refused: a copy from nowhere",
    dockerfile: `${from}COPY --from=3 /a /b\n`,
    fails: /invalid stage index 3|invalid from flag value/,
  },
];
