/**
 * A float as Go's `%.<precision>g` prints it: that many significant digits, no trailing zeros, the exponent form from
 * 10^precision on and below 10^-4.
 */
export function formatG(value: number, precision: number): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const digits = Math.max(precision, 1);
  const [mantissa = "", exponentText = "0"] = value.toExponential(digits - 1).split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= digits) return stripZeros(mantissa) + goExponent(exponent);
  return stripZeros(value.toFixed(Math.min(100, Math.max(0, digits - 1 - exponent))));
}

/** A float as Go's fmt.Print gives it: the shortest exact digits, the exponent form from 1e6 on and below 1e-4. */
export function formatShortest(value: number): string {
  if (!Number.isFinite(value)) return formatG(value, 6);
  if (Object.is(value, -0)) return "-0";
  const [mantissa = "", exponentText = "0"] = value.toExponential().split("e");
  const exponent = Number(exponentText);
  if (value !== 0 && (exponent < -4 || exponent >= 6)) return mantissa + goExponent(exponent);
  return String(value);
}

function stripZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** Go's exponent: a sign and at least two digits. */
export function goExponent(exponent: number): string {
  return `e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
}
