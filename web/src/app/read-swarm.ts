import type {ManifestHash} from '#shared/base/ids.ts';
import {swarmSummarySchema, type ModelSummary} from '#shared/protocol/swarm-summary.ts';

/** The swarm of one model, as the signal server that serves this page sees it; `null`: nobody is there. */
export async function readSwarm(
  siteUrl: string,
  manifestHash: ManifestHash,
  {signal}: {readonly signal: AbortSignal},
): Promise<ModelSummary | null> {
  const response = await fetch(new URL('api/swarm', siteUrl), {signal});
  if (!response.ok) throw new Error(`The server answers ${response.status}`);
  const {models} = swarmSummarySchema.parse(await response.json());
  return models.find((model) => model.manifestHash === manifestHash) ?? null;
}
