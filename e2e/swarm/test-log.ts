/** Where tests and their swarms say what they do. */
export function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
