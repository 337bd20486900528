/** Never resolves; rejects with the signal's reason. For races. */
export async function rejectedBy(signal: AbortSignal): Promise<never> {
  return await new Promise((_, reject) => {
    const fail = (): void => {
      reject(signal.reason as Error);
    };
    if (signal.aborted) fail();
    else signal.addEventListener('abort', fail, {once: true});
  });
}
