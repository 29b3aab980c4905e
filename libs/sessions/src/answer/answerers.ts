import { decodeVector, EXTRACTIVE_MODEL } from '@midplane/contracts';
import { type ServiceRegistry, UserError } from '@midplane/kernel';
import type { Embed } from '../citation/check.js';
import type { QuestionCompleter } from '../follow-up/completer.port.js';
import { ModelCompleter } from '../follow-up/model.completer.js';
import { RuleCompleter } from '../follow-up/rule.completer.js';
import type { Answerer } from './answerer.port.js';
import { ChatAnswerer } from './chat/chat.answerer.js';
import { ChatModel } from './chat/chat-model.js';
import { ExtractiveAnswerer } from './extractive/extractive.answerer.js';
import { ANSWERER_MODEL } from './extractive/model.js';

/** Who answers, and who completes its follow-ups. */
export interface AnswererChoice {
  answerer: Answerer;
  completer: QuestionCompleter;
}

/** The answerers that are there: a chat model where the tenant has a default route, or where one is asked for. */
export class Answerers {
  private readonly rules = new RuleCompleter();
  private readonly extractive: AnswererChoice;

  constructor(private readonly services: ServiceRegistry) {
    const answerer = new ExtractiveAnswerer();
    this.extractive = { answerer, completer: this.rules };
  }

  /**
   * @param name of a model or a route; undefined: the tenant's default
   * @throws UserError MODEL_NOT_FOUND, naming those that are there
   */
  async choose(name: string | undefined): Promise<AnswererChoice> {
    if (name === EXTRACTIVE_MODEL) return this.extractive;
    const models = this.services.client('models');
    const resolved = await models.resolve({ model: name }).catch((error: unknown) => {
      throw withExtractive(error);
    });
    if (!resolved) return this.extractive;
    const model = new ChatModel(models, name, resolved);
    return {
      answerer: new ChatAnswerer(model, this.embed),
      completer: new ModelCompleter(model, this.rules),
    };
  }

  private readonly embed: Embed = async (texts) => {
    const { vectors } = await this.services.client('inference').embed({
      model: ANSWERER_MODEL.embedder,
      role: 'passage',
      urgency: 'interactive',
      texts,
    });
    return vectors.map(decodeVector);
  };
}

/** The models service does not know of the answerer that is built in here. */
function withExtractive(error: unknown): unknown {
  if (!(error instanceof UserError) || error.code !== 'MODEL_NOT_FOUND') return error;
  const { model, available } = error.problem.params;
  const names = available === '–' ? EXTRACTIVE_MODEL : `${available}, ${EXTRACTIVE_MODEL}`;
  return new UserError('MODEL_NOT_FOUND', { model: model!, available: names }, { cause: error });
}
