const two = (value: number) => String(value).padStart(2, "0");

/** Seconds since 1970 in local time as Go's Time.String: "2006-01-02 15:04:05 -0700 MST". */
export function goTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time} ${zoneOffset(date, "")} ${zoneName(date)}`;
}

/** Nanoseconds since 1970 in local time as RFC 3339 with nine digits, as the CLI prints events. */
export function rfc3339NanoLocal(nanoseconds: bigint): string {
  const date = new Date(Number(nanoseconds / 1_000_000n));
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  const fraction = String(nanoseconds % 1_000_000_000n).padStart(9, "0");
  return `${day}T${time}.${fraction}${date.getTimezoneOffset() === 0 ? "Z" : zoneOffset(date, ":")}`;
}

/** Seconds since 1970 in local time as RFC 3339. */
export function rfc3339Local(seconds: number): string {
  return rfc3339NanoLocal(BigInt(seconds) * 1_000_000_000n).replace(".000000000", "");
}

function zoneOffset(date: Date, separator: string): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}${separator}${two(size % 60)}`;
}

/** The zone's short name; its offset where it has none, as Go prints such zones. */
function zoneName(date: Date): string {
  if (date.getTimezoneOffset() === 0 && !process.env.TZ) return "UTC";
  const parts = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(date);
  const name = parts.find((part) => part.type === "timeZoneName")?.value ?? "UTC";
  return name.startsWith("GMT") && name !== "GMT" ? zoneOffset(date, "").replace(/00$/, "") : name;
}
