import {createContext} from '@lit/context';
import type {ChatService} from '../chat/chat-service.ts';
import type {LendService} from '../chat/lend-service.ts';

export const chatContext = createContext<ChatService | undefined>(Symbol('chat'));
export const lendContext = createContext<LendService | undefined>(Symbol('lend'));
