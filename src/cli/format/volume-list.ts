import { humanSize } from "../../lib/text/index.ts";
import type { Volume } from "../../spec/api/index.ts";
import { labelMethod, labelsText } from "./label-method.ts";
import type { ListType } from "./list-type.ts";

const notKnown = () => "N/A";

/** Columns of `volume ls`, and of the volumes in `system df`. */
export const VOLUME_LIST: ListType<Volume> = {
  name: "*formatter.volumeContext",
  columns: {
    Name: { header: "VOLUME NAME", value: (row) => row.Name },
    Driver: { header: "DRIVER", value: (row) => row.Driver },
    Scope: { header: "SCOPE", value: (row) => row.Scope },
    Mountpoint: { header: "MOUNTPOINT", value: (row) => row.Mountpoint },
    Labels: { header: "LABELS", value: (row) => labelsText(row.Labels) },
    Links: { header: "LINKS", value: (row) => (row.UsageData ? String(row.UsageData.RefCount) : "N/A") },
    Size: { header: "SIZE", value: (row) => (row.UsageData ? humanSize(row.UsageData.Size) : "N/A") },
    // Cluster volumes only.
    Availability: { header: "AVAILABILITY", value: notKnown },
    Group: { header: "GROUP", value: notKnown },
    Status: { header: "STATUS", value: notKnown },
  },
  methods: { Label: labelMethod((row) => row.Labels) },
  raw: "name: {{.Name}}\ndriver: {{.Driver}}\n",
};
