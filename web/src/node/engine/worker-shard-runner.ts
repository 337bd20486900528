export const createWorkerShardRunner = (_: unknown): Promise<never> => Promise.reject(new Error('no engine yet'));
