import type { DoctorFinding, DoctorReport } from "../../../spec/api/index.ts";
import { CliError } from "../../core/cli-error.ts";
import { command, noArgs } from "../../core/command.ts";
import { unreachable } from "../../core/context.ts";
import * as flag from "../../core/flag.ts";
import { forTerminal } from "../../format/for-terminal.ts";

const OFFLINE = `doctor asks the daemon, which also starts where records do not read: it sets them aside and never deletes them. If
it does not start, its last lines in the journal ("journalctl -u berth -n 20") or of "berth daemon" say why.`;

export const doctor = command({
  usage: "[OPTIONS]",
  examples: "Exit code 0: nothing found, or all of it repaired; 1: something is left.",
  arity: noArgs,
  flags: {
    deep: flag.bool("Also unpack every layer again and compare its files"),
    format: flag.string("Format output: 'json' for the whole report"),
    repair: flag.bool("Repair what can be repaired without loss"),
  },
  async run(context, { flags }) {
    if (flags.format !== "" && flags.format !== "json") throw new CliError(`unknown format: ${flags.format}: use json`);
    const query = { deep: flags.deep };
    const report = await context.client
      .json<DoctorReport>(flags.repair ? "POST" : "GET", "/berth/doctor", { query })
      .catch((error: unknown) => {
        const noDaemon = unreachable(error, context);
        throw noDaemon === undefined ? error : new CliError(`${noDaemon.message}\n${OFFLINE}`);
      });
    if (flags.format === "json") context.out.write(`${JSON.stringify(report, null, 2)}\n`);
    else context.out.write(reportText(report, flags.repair));
    return report.Findings.every(({ Repaired }) => Repaired) ? 0 : 1;
  },
});

function reportText({ Findings: findings, Checked: checked }: DoctorReport, repair: boolean): string {
  const counts = Object.entries(checked).map(([kind, count]) => `${count} ${kind}`);
  const looked = `Checked ${counts.join(", ")}.\n`;
  if (findings.length === 0) return `${looked}Nothing found.\n`;
  const left = findings.filter(({ Repaired }) => !Repaired);
  const mendable = left.filter(({ Repair, Failure }) => Repair !== "" && Failure === undefined).length;
  const hint = !repair && mendable > 0 ? `; "doctor --repair" mends ${mendable} of them` : "";
  return `${looked}${findings.map(findingText).join("")}\n${findings.length} found, ${left.length} left${hint}.\n`;
}

function findingText(finding: DoctorFinding): string {
  const visible = forTerminal(1, { lines: false });
  const { Kind, Severity, Subject, Problem, Meaning, Repair, Repaired, Failure } = finding;
  const lines = [
    `\n${Severity} ${Kind} ${visible(Subject)}`,
    `  found:  ${visible(Problem)}`,
    `  means:  ${visible(Meaning)}`,
  ];
  if (Repaired) lines.push(`  done:   ${visible(Repair)}`);
  else if (Failure !== undefined) lines.push(`  failed: ${visible(Repair)}: ${visible(Failure)}`);
  else if (Repair !== "") lines.push(`  repair: ${visible(Repair)}`);
  return `${lines.join("\n")}\n`;
}
