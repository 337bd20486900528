const SENTENCES: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EISDIR: 'it is a folder, not a file',
  EACCES: 'there is no permission to read it',
  EPERM: 'there is no permission to read it',
};

/** Why a file cannot be read, for a person. */
export function whyUnreadable(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const sentence = 'code' in error ? SENTENCES[String(error.code)] : undefined;
  return sentence ?? error.message;
}
