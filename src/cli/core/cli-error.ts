/**
 * An error whose text is printed as it is (nothing where it is empty), and whose exit code the process gives.
 * Other errors print as Docker's CLI prints them and give 1.
 */
export class CliError extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1, options?: ErrorOptions) {
    super(message, options);
    this.name = "CliError";
    this.exitCode = exitCode;
  }
}
