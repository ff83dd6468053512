import type { Location } from "../dockerfile/index.ts";

/** Replaces the text from one place to another; lines and columns count from 1, the end is the first that stays. */
export interface TextEdit {
  readonly line: number;
  readonly column: number;
  readonly endLine: number;
  readonly endColumn: number;
  readonly text: string;
}

/** Something about a Dockerfile that could be better. */
export interface Finding {
  /** BuildKit's name of the rule, or one of Berth's; `# check=skip=NAME` turns it off. */
  readonly rule: string;
  readonly file: string;
  readonly line: number;
  readonly location: Location;
  /** What is there, in BuildKit's words where the rule is BuildKit's. */
  readonly message: string;
  /** Why that matters. */
  readonly reason: string;
  /** What to write instead. */
  readonly suggestion?: string;
  readonly url?: string;
  /** Changes that keep the image's meaning; `applyFixes` applies them. */
  readonly fix?: readonly TextEdit[];
}

/** A finding before its file and rule are known. */
export interface Remark {
  readonly location: Location;
  readonly message: string;
  readonly suggestion?: string | undefined;
  readonly fix?: readonly TextEdit[] | undefined;
}

/** A rule: when it is off unless asked for it is experimental, as in BuildKit. */
export interface Rule<Context> {
  readonly name: string;
  readonly reason: string;
  readonly url?: string;
  readonly experimental?: boolean;
  readonly find: (context: Context) => readonly Remark[];
}
