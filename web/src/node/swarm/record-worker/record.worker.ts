import {checkListed} from '#shared/directory/records/check-listed.ts';
import type {RecordReply, RecordRequest} from './record-checks.ts';

addEventListener('message', ({data}: MessageEvent<RecordRequest>) => void answer(data));

async function answer({callId, page}: RecordRequest): Promise<void> {
  const reply: RecordReply = {callId, records: await checkListed(page)};
  postMessage(reply);
}
