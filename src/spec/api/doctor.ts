/** What `doctor` found: GET and POST /berth/doctor, Berth's own. */
export interface DoctorFinding {
  /** "image", "blob", "layer", "container", "volume", "network", "process", "mount", "cgroup" or "record". */
  Kind: string;
  /** "error": something does not work, or will not. "leftover": it takes space, and nobody needs it. */
  Severity: "error" | "leftover";
  /** What it is about: an id, a name or a path. */
  Subject: string;
  /** What is wrong with it. */
  Problem: string;
  /** What that means for the user. */
  Meaning: string;
  /** What --repair does; "" where nothing can be repaired without loss, and `Meaning` says what to do. */
  Repair: string;
  Repaired: boolean;
  /** Why the repair failed. */
  Failure?: string;
}

export interface DoctorReport {
  Findings: DoctorFinding[];
  /** How many objects of each kind were looked at. */
  Checked: Record<string, number>;
}
