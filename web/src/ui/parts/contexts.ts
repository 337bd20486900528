import {createContext} from '@lit/context';
import type {ChatService} from '../../ports/chat-service.ts';

export const chatContext = createContext<ChatService | undefined>(Symbol('chat'));
