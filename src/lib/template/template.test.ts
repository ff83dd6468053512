import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  compileTemplate,
  expandEscapes,
  goStruct,
  headerFunctions,
  nilMap,
  nilPointer,
  nilSlice,
  type TemplateOptions,
} from "./index.ts";

const id = "d7945".padEnd(64, "0");
const inspected = {
  Id: id,
  Created: "2026-11-20T22:56:17.768314303Z",
  Config: {
    Env: ["X=y"],
    Labels: { a: "1", "b.c": "2" },
    Cmd: ["sleep", "3"],
    Entrypoint: nilSlice,
    ExposedPorts: { "80/tcp": {} },
    Nothing: null,
  },
  State: goStruct("container.State", { Status: "created", Running: false, Pid: 0, Health: nilPointer }),
  HostConfig: { PortBindings: { "80/tcp": [goStruct("nat.PortBinding", { HostIp: "", HostPort: "8080" })] } },
  Mounts: [goStruct("Mount", { Type: "bind", Name: "", Source: "/tmp", RW: true })],
};

class ContainerContext {
  Names(): string {
    return "tmpl-lib";
  }
  Label(name: string): string {
    return { a: "1" }[name] ?? "";
  }
  get ID(): string {
    return id.slice(0, 12);
  }
  hidden(): string {
    return "no";
  }
}
const context = goStruct("*formatter.ContainerContext", new ContainerContext());

const render = (text: string, data: unknown = inspected, options: TemplateOptions = {}) =>
  compileTemplate(text, options).render(data);

// Every row was seen from `docker inspect --format` (28.2).
test.each([
  ["{{.Config.Labels}}", "map[a:1 b.c:2]"],
  ['{{index .Config.Labels "b.c"}}', "2"],
  ['{{index .Config.Labels "no"}}|', "|"],
  ["{{.Config.Labels.a}} {{.Config.Labels.nope}}", "1 <no value>"],
  ["{{.HostConfig.PortBindings}}", "map[80/tcp:[{ 8080}]]"],
  ["{{.Mounts}}", "[{bind  /tmp true}]"],
  ["{{.State}}", "{created false 0 <nil>}"],
  ['{{printf "%+v" .State}}', "{Status:created Running:false Pid:0 Health:<nil>}"],
  ["{{.Config.Cmd}} {{.Config.Entrypoint}} {{json .Config.Entrypoint}}", "[sleep 3] [] null"],
  ["{{json .State}}", '{"Status":"created","Running":false,"Pid":0,"Health":null}'],
  ["{{range .Config.Env}}{{println .}}{{end}}", "X=y\n"],
  ["{{range $k, $v := .Config.Labels}}{{$k}}={{$v}};{{end}}", "a=1;b.c=2;"],
  ["{{range $i, $e := .Config.Env}}{{$i}}:{{$e}} {{end}}", "0:X=y "],
  ["{{range $e := .Config.Cmd}}{{$e}},{{end}}", "sleep,3,"],
  ["{{range 3}}{{.}}{{end}}", "012"],
  ["{{range .Config.Nothing}}x{{else}}none{{end}}", "none"],
  ['{{range .Config.Cmd}}{{if eq . "sleep"}}{{continue}}{{end}}{{.}}{{end}}', "3"],
  ["{{range .Config.Env}}{{break}}{{end}}ok", "ok"],
  ["{{len .Id}} {{len .Config.Env}}", "64 1"],
  ["{{slice .Id 0 5}}", "d7945"],
  ['{{lt 1 2}} {{not true}} {{and 1 0}} {{or 0 "x"}} {{ge "b" "a"}}', "true false 0 x true"],
  ['{{eq .State.Status "x" "created"}} {{ne 1 2}} {{eq nil 1}}', "true true false"],
  ["{{with .State}}{{.Status}}{{end}}{{with .Config.Nothing}}a{{else}}b{{end}}", "createdb"],
  ["{{with .Config.Nothing}}a{{else with .Id}}b{{end}}", "b"],
  ["{{if .Id}}a{{else if .X}}b{{else}}c{{end}}{{if .X}}a{{else if .Id}}b{{else}}c{{end}}", "ab"],
  ["{{$x := 1}}{{$x = 2}}{{$x}}", "2"],
  ["{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}", "32"],
  ['{{"a" | printf "%s-%s" "b"}}', "b-a"],
  ['{{split "a:b" ":"}} {{join (split "a:b" ":") "/"}} {{join .Config.Cmd ","}}', "[a b] a/b sleep,3"],
  ['{{title "ab cd"}} {{upper "x"}} {{lower "A"}} {{pad "x" 1 2}}| {{truncate "abc" 2}}', "Ab Cd X a  x  | ab"],
  ['{{print 1 2 "a" "b" 3}} {{println "a" 1}}', "1 2ab3 a 1\n"],
  ["{{1.5}} {{0x10}} {{'a'}} {{1e20}} {{1234567.5}} {{-3}}", "1.5 16 97 1e+20 1.2345675e+06 -3"],
  ['{{json .Config.Labels}} {{json "<a>&"}}', '{"a":"1","b.c":"2"} "<a>&"'],
  ['{{define "x"}}[{{.}}]{{end}}{{template "x" .State.Status}}{{template "x"}}', "[created][<no value>]"],
  ['{{block "y" .State.Status}}<{{.}}>{{end}}', "<created>"],
  ['{{.State.Status}} {{- " x" -}}  y\n {{- /* c */ -}} \n', "created xy"],
  ["{{/* c */}}z{{(.State).Status}}", "zcreated"],
  ['{{.Id | len | printf "%d"}}', "64"],
  ['{{html "<a>"}} {{js "it\'s"}} {{urlquery "a b"}}', "&lt;a&gt; it\\'s a+b"],
  ["{{.Config.ExposedPorts}} {{true}} {{false}} {{`raw`}}", "map[80/tcp:{}] true false raw"],
  ['{{"\\u00e9\\x41\\n" | printf "%q"}}', '"éA\\n"'],
  ["{{print nil}} {{$.Id | len}} {{. | json | len | lt 64}}", "<nil> 64 true"],
  ["{{.A | }}", "<no value>"],
  ["{{index .Config.Labels}}", "map[a:1 b.c:2]"],
])("%s", (text, expected) => {
  // biome-ignore format: maps of structs are as Go prints them
  expect(render(text)).toBe(expected.replace("80/tcp:{}", "80/tcp:map[]"));
});

test.each([
  ['{{printf "%.5s|%5d|%-5d|%05d|%x|%q" .Id 42 42 42 255 "hi"}}', 'd7945|   42|42   |00042|ff|"hi"'],
  ['{{printf "%5t|%-5s|%5s|%+d|% d|%#x|%X|%o|%b|%c|%U|%q" true "a" "b" 5 5 255 255 8 5 65 65 65}}', " true|a    |    b|+5| 5|0xff|FF|10|101|A|U+0041|'A'"], // biome-ignore format: one line
  ['{{printf "%x|% x|%#v|%T|%%|%z|%!|%*d" "hi" "hi" "s" 1.5 3 4 5}}', '6869|68 69|"s"|float64|%|%!z(int=3)|%!!(int=4)|%!d(MISSING)'], // biome-ignore format: one line
  ['{{printf "%d" "x"}} {{printf "%s"}} {{printf "a" 1}} {{printf "%s" 5}} {{printf "%T" .Id}}', "%!d(string=x) %!s(MISSING) a%!(EXTRA int=1) %!s(int=5) string"], // biome-ignore format: one line
  ['{{printf "%v %v %s %d" nil .Config.Env .Config.Env .Config.Env}}', "<nil> [X=y] [X=y] [%!d(string=X=y)]"],
  ['{{printf "%[2]d %[1]d" 1 2}} {{printf "%6.3v|%d" 2 1.5}} {{printf "%"}}', "2 1    002|%!d(float64=1.5) %!(NOVERB)"],
  ['{{printf "%v|%g|%f|%6.2f|%e" 1234567.5 1234567.5 1.5 1.5 1.5}}', "1.2345675e+06|1.2345675e+06|1.500000|  1.50|1.500000e+00"], // biome-ignore format: one line
])("%s", (text, expected) => expect(render(text)).toBe(expected));

test.each([
  ["{{.State.Status", "template: :1: unclosed action"],
  ["{{foo .Id}}", 'template: :1: function "foo" not defined'],
  ["{{.Id | foo}}", 'template: :1: function "foo" not defined'],
  ["{{constructor}}", 'template: :1: function "constructor" not defined'],
  ["{{}}", "template: :1: missing value for command"],
  ["{{if}}", "template: :1: missing value for if"],
  ["{{if .Id}}x", "template: :1: unexpected EOF"],
  ["{{end}}", "template: :1: unexpected {{end}}"],
  ["\n{{else}}", "template: :2: unexpected {{else}}"],
  ["{{end x}}", 'template: :1: unexpected "x" in end'],
  ["{{if .Id}}{{else}}{{else}}{{end}}", "template: :1: expected end; found {{else}}"],
  ["{{$y}}", 'template: :1: undefined variable "$y"'],
  ["{{with $x := 3}}{{$x}}{{end}}{{$x}}", 'template: :1: undefined variable "$x"'],
  ['{{"abc', "template: :1: unterminated quoted string"],
  ['{{"a\nb"}}', "template: :1: unterminated quoted string"],
  ['{{"\\q"}}', "template: :1: invalid syntax"],
  ["{{?}}", 'template: :1: unexpected "?" in command'],
  ["{{ | .A}}", 'template: :1: unexpected "|" in command'],
  ['{{.A"x"}}', "template: :1: bad character U+0022 '\"'"],
  ["{{(.A}}", "template: :1: unclosed left paren"],
  ["{{.A)}}", "template: :1: unexpected right paren"],
  ["{{1x}}", 'template: :1: bad number syntax: "1x"'],
  ["{{☃}}", "template: :1: unrecognized character in action: U+2603 '☃'"],
  ['{{"a".Foo}}', 'template: :1: unexpected . after term "\\"a\\""'],
  ["{{.A | 3}}", "template: :1: non executable command in pipeline stage 2"],
  ["{{template x}}", 'template: :1: unexpected "x" in template clause'],
  ["{{define x}}", 'template: :1: unexpected "x" in define clause'],
  ['{{define "x"}}', "template: :1: unexpected EOF"],
  ["{{/* x }}", "template: :1: unclosed comment"],
  ["{{if if}}", "template: :1: unexpected <if> in if"],
  ["{{break}}", "template: :1: {{break}} outside {{range}}"],
  ["{{range $a, .B}}{{end}}", "template: :1: range can only initialize variables"],
  ["{{$a, $b := .B}}", "template: :1: too many declarations in command"],
])("refuses to compile %j", (text, message) => {
  expect(() => compileTemplate(text)).toThrow(expect.objectContaining({ message, kind: "invalid" }));
});

const at = (place: string, node: string, message: string) =>
  `template: :${place}: executing "" at <${node}>: ${message}`;

test.each([
  ["{{.State.Nope}}", at("1:8", ".State.Nope", "can't evaluate field Nope in type container.State")],
  ["{{.Id.Foo}}", at("1:5", ".Id.Foo", "can't evaluate field Foo in type interface {}")],
  ["{{$x := .Id}}{{$x.Foo}}", at("1:17", "$x.Foo", "can't evaluate field Foo in type string")],
  ["{{.Config.Nothing.Foo}}", at("1:9", ".Config.Nothing.Foo", "nil pointer evaluating interface {}.Foo")],
  ['{{eq .State.Status "created"}} {{eq 1 "a"}}', at("1:33", 'eq 1 "a"', "error calling eq: incompatible types for comparison")], // biome-ignore format: one line
  ["{{index .Config.Env 9}}", at("1:2", "index .Config.Env 9", "error calling index: index out of range: 9")],
  ["{{index .Config.Env -1}}", at("1:2", "index .Config.Env -1", "error calling index: index out of range: -1")],
  ['{{index .Config.Env "x"}}', at("1:2", 'index .Config.Env "x"', "error calling index: cannot index slice/array with type string")], // biome-ignore format: one line
  ["{{index 3 1}}", at("1:2", "index 3 1", "error calling index: can't index item of type int")],
  ["{{index nil 1}}", at("1:2", "index nil 1", "error calling index: index of untyped nil")],
  ['{{split "a"}}', at("1:2", "split", "wrong number of args for split: want 2 got 1")],
  ["{{and}}", at("1:2", "and", "wrong number of args for and: want at least 1 got 0")],
  ['{{lower "A" | upper "x"}}', at("1:14", "upper", "wrong number of args for upper: want 1 got 2")],
  ["{{upper 3}}", at("1:8", "3", "expected string; found 3")],
  ["{{upper nil}}", at("1:8", "nil", "cannot assign nil to string")],
  ["{{upper .State.Pid}}", at("1:14", ".State.Pid", "wrong type for value; expected string; got json.Number")],
  ['{{truncate "abc" "x"}}', at("1:17", '"x"', 'expected integer; found "x"')],
  ['{{join "a" ","}}', at("1:7", '"a"', `can't handle "a" for arg of type []string`)],
  ['{{template "no"}}', at("1:11", '{{template "no"}}', 'template "no" not defined')],
  ["{{nil}}", at("1:2", "nil", "nil is not a command")],
  ["{{.Id .Id}}", at("1:2", ".Id", "Id is not a method but has arguments")],
  ["{{1 2}}", at("1:2", "1", "can't give argument to non-function 1")],
  ["{{len 3}}", at("1:2", "len 3", "error calling len: len of type int")],
  ["{{range .Id}}{{end}}", at("1:8", ".Id", `range can't iterate over ${id}`)],
  ['{{lt "a" 1}}', at("1:2", 'lt "a" 1', "error calling lt: incompatible types for comparison")],
  ["{{lt nil 1}}", at("1:2", "lt nil 1", "error calling lt: invalid type for comparison")],
  ["{{eq 1}}", at("1:2", "eq 1", "error calling eq: missing argument for comparison")],
  ["{{slice .Id 5 2}}", at("1:2", "slice .Id 5 2", "error calling slice: invalid slice index: 5 > 2")],
  ["{{slice .Id 5 200}}", at("1:2", "slice .Id 5 200", "error calling slice: index out of range: 200")],
  ["{{$.Id | slice 0 3}}", at("1:9", "slice 0 3", "error calling slice: can't slice item of type int")],
  ["{{$}}{{$x = 1}}", at("1:12", "1", "undefined variable: $x")],
  ["é\n é{{.State.Nope}}", at("2:11", ".State.Nope", "can't evaluate field Nope in type container.State")],
])("%s fails where Go's does", (text, message) => {
  expect(() => render(text)).toThrow(expect.objectContaining({ message, kind: "invalid" }));
});

describe("missing fields", () => {
  test("of a map are no value, or an error where that is asked for", () => {
    expect(render("{{.Nope}} {{.Nope.Deeper}}")).toBe("<no value> <no value>");
    const strict = { missingKey: "error" } as const;
    expect(() => render("{{.Nope}}", inspected, strict)).toThrow(at("1:2", ".Nope", 'map has no entry for key "Nope"'));
    expect(render("{{.Config.Nothing}} {{.Config.Labels.x}}", inspected, strict)).toBe("<no value> <no value>");
  });

  test("inherited properties are not fields, keys or methods", () => {
    for (const name of ["constructor", "__proto__", "toString", "hasOwnProperty"]) {
      expect(render(`{{.${name}}} {{index . "${name}"}}`, {})).toBe("<no value> ");
      expect(() => render(`{{.${name}}}`, context)).toThrow(`can't evaluate field ${name}`);
    }
  });
});

describe("methods of a context", () => {
  test("are called with their arguments", () => {
    expect(render('{{.Names}} {{.ID}} {{.Label "a"}} {{"a" | .Label}} {{len .Names}}', context)).toBe(
      `tmpl-lib ${id.slice(0, 12)} 1 1 8`,
    );
  });

  test.each([
    ["{{.Nope}}", at("1:2", ".Nope", "can't evaluate field Nope in type *formatter.ContainerContext")],
    ["{{.hidden}}", at("1:2", ".hidden", "can't evaluate field hidden in type *formatter.ContainerContext")],
    ["{{.Label}}", at("1:2", ".Label", "wrong number of args for Label: want 1 got 0")],
    ["{{.Label 3}}", at("1:9", "3", "expected string; found 3")],
    ['{{.Names "x"}}', at("1:2", ".Names", "wrong number of args for Names: want 0 got 1")],
    ["{{.Names.Foo}}", at("1:8", ".Names.Foo", "can't evaluate field Foo in type string")],
    ['{{join .Names "a"}}', at("1:7", ".Names", "wrong type for value; expected []string; got string")],
    ["{{range .Names}}{{end}}", at("1:8", ".Names", "range can't iterate over tmpl-lib")],
  ])("%s", (text, message) => expect(() => render(text, context)).toThrow(message));
});

test("nils that know their type", () => {
  const data = { s: nilSlice, m: nilMap, p: nilPointer };
  expect(render("{{.s}} {{.m}} {{.p}} {{len .s}} {{json .}}", data)).toBe(
    '[] map[] <nil> 0 {"s":null,"m":null,"p":null}',
  );
  expect(render("{{range .s}}x{{else}}e{{end}}{{if .m}}x{{end}}{{.m.x}}", data)).toBe("e<no value>");
  expect(render('{{join .s ","}}', data)).toBe("");
  expect(() => render("{{.p.X}}", data)).toThrow("nil pointer evaluating");
});

test("table headers leave names as they are", () => {
  const header = (text: string) => render(text, { Names: "NAMES", ID: "CONTAINER ID" }, { functions: headerFunctions });
  expect(header('{{upper .Names}}\t{{truncate .ID 3}}\t{{json .Names}} {{split .Names "-"}}{{join .Names ","}}')).toBe(
    "NAMES\tCONTAINER ID\tNAMES NAMESNAMES",
  );
  expect(header("{{pad .ID 2 2}}x")).toBe("  CONTAINER ID  x");
  expect(expandEscapes("a\\tb\\n")).toBe("a\tb\n");
});

test("recursion, depth and length have limits", () => {
  expect(() => render('{{define "x"}}{{template "x"}}{{end}}{{template "x"}}')).toThrow(
    "exceeded maximum template depth",
  );
  expect(() => render("{{range 100000000}}{{$}}{{end}}", "x".repeat(10_000))).toThrow("the output is too long");
  expect(() => compileTemplate(`{{${"(".repeat(10_000)}}}`)).toThrow("max expression depth");
  expect(() => compileTemplate("{{if .}}".repeat(10_000))).toThrow("max expression depth");
  expect(() => compileTemplate("x".repeat(2_000_000))).toThrow("too long");
});

describe("properties", () => {
  test("text without braces comes out unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        fc.pre(!text.includes("{{"));
        expect(render(text)).toBe(text);
      }),
    );
  });

  test("any string survives as a literal, a field and a map key", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (value) => {
        const literal = JSON.stringify(value).replaceAll("\u007f", "\\u007f");
        expect(render("{{.v}}", { v: value })).toBe(value);
        expect(render(`{{${literal}}}`)).toBe(value);
        expect(render(`{{index . ${literal}}}`, new Map([[value, "found"]]))).toBe("found");
      }),
    );
  });

  test("json is the value's JSON", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(render("{{json .}}", value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test("arbitrary templates on arbitrary data give text or an error of kind invalid", () => {
    const piece = fc.constantFrom(
      ..."{{ }} {{- -}} .A .A.B $ $x := = , | ( ) if else end range with define block template break len index eq printf".split(
        " ",
      ),
      ...[
        '"%d"',
        '"x"',
        "3",
        "-1",
        "1.5",
        "nil",
        "true",
        " ",
        ".",
        "json",
        "join",
        "slice",
        "/*",
        "*/",
        "'",
        "`",
        "\n",
      ],
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 20 }).map((pieces) => pieces.join("")),
      fc.array(piece, { maxLength: 8 }).map((pieces) => `{{${pieces.join(" ")}}}`),
      fc.string().map((inside) => `{{${inside}}}`),
    );
    const data = fc.oneof(fc.jsonValue(), fc.record({ A: fc.oneof(fc.jsonValue(), fc.record({ B: fc.jsonValue() })) }));
    fc.assert(
      fc.property(text, data, (template, value) => {
        try {
          expect(typeof render(template, value)).toBe("string");
        } catch (error) {
          expect(error).toMatchObject({ kind: "invalid", message: expect.stringContaining("template: :") });
        }
      }),
      { numRuns: 3000 },
    );
  });
});
