/** What only workers have, and the types of pages leave out. */
interface FileSystemFileHandle {
  /** @throws {DOMException} while another one of the file is open, in any tab. */
  createSyncAccessHandle(): Promise<FileSystemSyncAccessHandle>;
}

interface FileSystemSyncAccessHandle {
  truncate(byteLength: number): void;
  /** @throws {DOMException} `QuotaExceededError`. */
  write(bytes: Uint8Array, options: {readonly at: number}): number;
  flush(): void;
  close(): void;
}
