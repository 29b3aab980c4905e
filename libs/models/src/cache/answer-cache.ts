import { createHash } from 'node:crypto';
import { type ChatRequest, type ChatResult, decodeVector } from '@midplane/contracts';
import {
  asError,
  authorize,
  canonicalJson,
  currentContext,
  Database,
  LOGGER,
  type Logger,
  newId,
  readerIds,
  ServiceRegistry,
} from '@midplane/kernel';
import { Inject, Injectable } from '@nestjs/common';
import { MODELS_CONFIG, type ModelsConfig } from '../models.config.js';
import type { PlannedCall } from '../route/planned-call.js';
import {
  addCached,
  type CachedAnswer,
  eraseCached,
  findExact,
  findNear,
  removeCached,
  trimCache,
} from './cache.repository.js';
import { sameQuestion } from './same-question.js';

/** Questions that a new one is compared with at most. */
const MOST_COMPARED = 200;
/** As many documents as one call of ingest takes; an answer made from more is not kept. */
const MOST_DOCUMENTS = 200;
/** Answers that are kept between two trims, at most. */
const TRIM_EVERY = 50;

/** An answer of the cache. */
export interface CacheHit {
  kind: 'exact' | 'semantic';
  result: ChatResult;
}

/** What an answer is found by. */
export interface CachePlace {
  mode: 'exact' | 'semantic';
  seconds: number;
  minCosine: number;
  key: Buffer;
  /** All of the key but the question itself. */
  scope: Buffer;
  /** What is compared by meaning; null where nothing can be. */
  question: string | null;
  /** Of the question, once it is known. */
  embedding?: number[];
  documentIds: string[];
  /** When the call began: a document that changed after this has not the words that the model read. */
  since: Date;
}

/**
 * Answers that were given before, where a route says so. An answer is found only by its own tenant, under the same
 * models, messages and parameters; one that was made from documents, or is found by meaning, only by who may read
 * the same, and while each of its documents can be read and is as it was.
 */
@Injectable()
export class AnswerCache {
  private added = 0;

  constructor(
    private readonly database: Database,
    private readonly services: ServiceRegistry,
    @Inject(MODELS_CONFIG) private readonly config: ModelsConfig,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** @returns where a call's answer is kept; undefined where it isn't to be */
  place(plan: PlannedCall, request: ChatRequest): CachePlace | undefined {
    const { mode, seconds, minCosine } = plan.plan.cache;
    if (mode === 'off' || request.cache === 'off' || this.config.MODEL_CACHE_ENTRIES === 0) return undefined;
    if (request.documentIds.length > MOST_DOCUMENTS) return undefined;
    const question = mode === 'semantic' ? comparable(request) : null;
    const { principal } = currentContext();
    const asked = {
      route: plan.route?.id ?? null,
      models: plan.order.map(({ id, version, upstreamName }) => [id, version, upstreamName]).sort(),
      canary: plan.canary,
      parameters: parametersOf(request),
      documentIds: request.documentIds.toSorted(),
      readers: request.documentIds.length > 0 || question !== null ? readerIds(principal).sort() : null,
    };
    const tenant = principal.tenantId;
    const { messages } = request;
    return {
      mode,
      seconds,
      minCosine,
      key: hash({ tenant, asked, messages }),
      scope: hash({ tenant, asked, messages: question === null ? messages : messages.slice(0, -1) }),
      question,
      documentIds: request.documentIds,
      since: new Date(),
    };
  }

  /** @returns an answer that fits; undefined where there is none, or the cache can't be asked */
  async find(place: CachePlace): Promise<CacheHit | undefined> {
    try {
      const exact = await this.database.tenant((manager) => findExact(manager, place.key));
      if (exact) return (await this.isCurrent(exact)) ? { kind: 'exact', result: exact.result } : undefined;
      const near = await this.nearest(place);
      return near && (await this.isCurrent(near)) ? { kind: 'semantic', result: near.result } : undefined;
    } catch (error) {
      currentContext().signal.throwIfAborted();
      this.logger.warn({ err: asError(error) }, 'the cache of answers was passed over');
      return undefined;
    }
  }

  /** Keeps an answer that ended whole. Never throws. */
  async keep(place: CachePlace, result: ChatResult): Promise<void> {
    if (result.finish !== 'stop' && result.finish !== 'toolCalls') return;
    const { tenantId } = currentContext().principal;
    const { key, scope, question, seconds, documentIds, since } = place;
    const embedding = place.embedding ?? null;
    const id = newId();
    try {
      await this.database.tenant((manager) =>
        addCached(manager, {
          ...{ id, tenantId, key, scope, question, embedding, result, documentIds, seconds },
          createdAt: since,
        }),
      );
      // A document may have been deleted meanwhile: its erasure then came before there was anything to erase.
      await this.isCurrent({
        ...{ id, question, embedding, result },
        document_ids: documentIds,
        created_at: since,
      });
      const most = this.config.MODEL_CACHE_ENTRIES;
      if (++this.added % Math.min(TRIM_EVERY, most) === 0) {
        await this.database.tenant((manager) => trimCache(manager, most));
      }
    } catch (error) {
      this.logger.warn({ err: asError(error) }, 'an answer was not cached');
    }
  }

  /** @throws UserError FORBIDDEN for who may not delete documents */
  async erase(documentIds: string[]): Promise<{ erased: number; left: number }> {
    authorize('delete', 'Document');
    return this.database.tenant((manager) => eraseCached(manager, documentIds));
  }

  private async nearest(place: CachePlace): Promise<CachedAnswer | undefined> {
    const { question, scope, minCosine } = place;
    if (question === null) return undefined;
    const { vectors } = await this.services
      .client('inference')
      .embed({ role: 'query', urgency: 'interactive', centred: false, texts: [question] });
    place.embedding = [...decodeVector(vectors[0]!)];
    const candidates = await this.database.tenant((manager) => findNear(manager, scope, MOST_COMPARED));
    let best: { cosine: number; answer: CachedAnswer } | undefined;
    for (const answer of candidates) {
      const cosine = dot(place.embedding, answer.embedding!);
      if (cosine < minCosine || (best && cosine <= best.cosine)) continue;
      if (sameQuestion(question, answer.question!)) best = { cosine, answer };
    }
    return best?.answer;
  }

  /** Whether the caller may read every document that the answer is from, and none has changed; removes it else. */
  private async isCurrent(answer: CachedAnswer): Promise<boolean> {
    const ids = answer.document_ids;
    if (ids.length === 0) return true;
    const documents = await this.services.client('ingest').documentsByIds({ ids });
    const current = documents.filter(
      ({ status, updatedAt }) => status === 'READY' && updatedAt <= answer.created_at,
    );
    if (current.length === ids.length) return true;
    await this.database.tenant((manager) => removeCached(manager, answer.id));
    return false;
  }
}

/** Everything of a request that can make another answer, but its messages. */
function parametersOf(request: ChatRequest): unknown {
  const { temperature, topP, maxTokens, stop, seed, frequencyPenalty, presencePenalty } = request;
  const { tools, toolChoice, parallelToolCalls, responseFormat } = request;
  return {
    ...{ temperature, topP, maxTokens, stop, seed, frequencyPenalty, presencePenalty },
    ...{ tools, toolChoice, parallelToolCalls, responseFormat },
  };
}

/** @returns the text that a request asks last, where its meaning can be compared: no tools, no pictures */
function comparable({ messages, tools }: ChatRequest): string | null {
  const last = messages.at(-1)!;
  return !tools?.length && last.role === 'user' && typeof last.content === 'string' ? last.content : null;
}

const hash = (value: unknown): Buffer => createHash('sha256').update(canonicalJson(value)).digest();

/** Of vectors of length 1: their cosine. */
const dot = (a: number[], b: number[]): number => a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
