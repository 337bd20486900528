import type {Services} from './lazy-services.ts';

/**
 * A tab that serves has neighbours, and can ask over them while no server answers: so it reads what an
 * answer needs as soon as it serves, and not with its first question.
 */
export function prepareOnceServing({
  chat,
  lendService,
}: Pick<Services, 'chat' | 'lendService'>): void {
  let wasServing = false;
  lendService.subscribe(({kind}) => {
    const isServing = kind === 'serving';
    // What fails is tried again by the question that needs it.
    if (isServing && !wasServing) void chat.prepare().catch(() => undefined);
    wasServing = isServing;
  });
}
