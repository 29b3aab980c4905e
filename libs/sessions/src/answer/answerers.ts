import { decodeVector } from '@midplane/contracts';
import { type ServiceRegistry, UserError } from '@midplane/kernel';
import type { Embed } from '../citation/check.js';
import type { QuestionCompleter } from '../follow-up/completer.port.js';
import { ModelCompleter } from '../follow-up/model.completer.js';
import { RuleCompleter } from '../follow-up/rule.completer.js';
import type { Answerer } from './answerer.port.js';
import { ChatAnswerer } from './chat/chat.answerer.js';
import type { ChatModelOptions } from './chat/chat.config.js';
import { ChatModelClient } from './chat/chat-model.client.js';
import { ExtractiveAnswerer } from './extractive/extractive.answerer.js';
import { ANSWERER_MODEL } from './extractive/model.js';

/** Who answers, and who completes its follow-ups. */
export interface AnswererChoice {
  answerer: Answerer;
  completer: QuestionCompleter;
}

/** The answerers that are there; the chat model is the default where one is configured. */
export class Answerers {
  private readonly choices: AnswererChoice[];

  constructor(services: ServiceRegistry, chat: ChatModelOptions | undefined) {
    const inference = services.client('inference');
    const rules = new RuleCompleter();
    this.choices = [{ answerer: new ExtractiveAnswerer(), completer: rules }];
    if (!chat) return;
    const client = new ChatModelClient(chat);
    const embed: Embed = async (texts) => {
      const { vectors } = await inference.embed({
        model: ANSWERER_MODEL.embedder,
        role: 'passage',
        urgency: 'interactive',
        centred: false,
        texts,
      });
      return vectors.map(decodeVector);
    };
    this.choices.unshift({
      answerer: new ChatAnswerer(client, chat, embed),
      completer: new ModelCompleter(client, rules),
    });
  }

  /**
   * @param name of a model; undefined: the default
   * @throws UserError MODEL_NOT_FOUND, naming those that are there
   */
  choose(name: string | undefined): AnswererChoice {
    const chosen = this.choices.find(({ answerer }) => name === undefined || answerer.name === name);
    if (!chosen) {
      const available = this.choices.map(({ answerer }) => answerer.name).join(', ');
      throw new UserError('MODEL_NOT_FOUND', { model: name ?? '', available });
    }
    return chosen;
  }
}
