import {readFile} from 'node:fs/promises';
import * as z from 'zod';
import type {StepResult} from './run-step.ts';

export type TestCount = {readonly passed: number; readonly failed: number};

const vitestSchema = z.object({numPassedTests: z.int(), numFailedTests: z.int()});
const playwrightSchema = z.object({
  stats: z.object({expected: z.int(), unexpected: z.int(), flaky: z.int(), skipped: z.int()}),
});

/** A runner that failed without a failed test (a file that does not load) counts as one failure. */
export async function countVitest(path: string, {exitCode}: StepResult): Promise<TestCount> {
  const report = vitestSchema.safeParse(await readJson(path));
  if (!report.success) return {passed: 0, failed: 1};
  const {numPassedTests: passed, numFailedTests: failed} = report.data;
  return {passed, failed: exitCode === 0 ? failed : Math.max(1, failed)};
}

/** Tests that did not run, or only passed on a second try, count as failed. */
export async function countPlaywright(path: string, {exitCode}: StepResult): Promise<TestCount> {
  const report = playwrightSchema.safeParse(await readJson(path));
  if (!report.success) return {passed: 0, failed: 1};
  const {expected: passed, unexpected, flaky, skipped} = report.data.stats;
  const failed = unexpected + flaky + skipped;
  return {passed, failed: exitCode === 0 ? failed : Math.max(1, failed)};
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return null;
  }
}
