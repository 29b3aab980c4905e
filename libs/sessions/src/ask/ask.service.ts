import { createHash } from 'node:crypto';
import {
  type AnswerEvent,
  type AnswerView,
  type AskInput,
  type CitationView,
  EXTRACTIVE_MODEL,
  type Locale,
  type NamedFilter,
  type SearchResult,
} from '@midplane/contracts';
import {
  authorize,
  cancellable,
  currentContext,
  Database,
  invalidInput,
  type Lexicon,
  newId,
  plainQuestion,
  ServiceRegistry,
  shippedLexicon,
  UserError,
} from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { type AnsweredQuestion, AnswerRepository } from '../answer/answer.repository.js';
import type { AnswerOutcome, AskedPart, CheckedClaim } from '../answer/answerer.port.js';
import { Answerers } from '../answer/answerers.js';
import { EXTRACTIVE_VERSION } from '../answer/extractive/extractive.answerer.js';
import type { Manifest } from '../answer/manifest.entity.js';
import { numberPassages, type Passage } from '../answer/passage.js';
import { phrase, type PhraseKey } from '../answer/phrases.js';
import { ConversationRepository } from '../conversation/conversation.repository.js';
import { ConversationService, type ConversationSoFar } from '../conversation/conversation.service.js';
import type { MessageEntity, StoredAnswer } from '../conversation/message.entity.js';
import { answerView } from '../conversation/views.js';
import { closestOf, probabilityOf } from '../answer/closest.js';
import { judge } from '../answer/extractive/judge.js';
import { AnswerSettingsService } from '../settings/answer-settings.service.js';
import { AnswerErasureService } from '../erasure/answer-erasure.service.js';
import type { StandaloneQuestion } from '../follow-up/completer.port.js';
import { mergeHits } from '../question/merge-hits.js';
import { partsOf } from '../question/parts.js';
import { detectLanguage } from '../text/language.js';
import { readQuestion, titleOf } from './question.js';

/** Chunks before and after each hit that an answerer sees. */
const NEIGHBOURS = 1;
/** As many knowledge bases as one search takes. */
const MOST_KNOWLEDGE_BASES = 50;

/** As many documents as one call takes. */
const MOST_DOCUMENTS = 200;

/** A question on its way to an answer. */
interface Ask {
  input: z.output<typeof AskInput>;
  asked: string;
  standalone: StandaloneQuestion;
  language: Locale;
  knowledgeBaseIds: string[];
  /** What was searched: the standalone question, or its parts. */
  searched: SearchedPart[];
  passages: Passage[];
  parts: AskedPart[];
}

/** A question as it was searched, with what was found for it alone. */
interface SearchedPart {
  text: string;
  found: SearchResult;
}

/** Answers questions from the knowledge bases, and keeps question, answer and what made it. */
@Injectable()
export class AskService {
  constructor(
    private readonly database: Database,
    private readonly services: ServiceRegistry,
    private readonly conversations: ConversationService,
    private readonly conversationRepository: ConversationRepository,
    private readonly answers: AnswerRepository,
    private readonly erasure: AnswerErasureService,
    private readonly answerers: Answerers,
    private readonly settings: AnswerSettingsService,
  ) {}

  /**
   * Gives the sources, then the answer's text piece by piece, then the whole answer, which is stored by then.
   * Where it fails or its reader goes away before that, nothing is stored.
   * @throws UserError INVALID_INPUT, FORBIDDEN, CONVERSATION_NOT_FOUND, MODEL_NOT_FOUND, and what retrieval and
   *   the model throw
   */
  ask(input: z.output<typeof AskInput>): AsyncGenerator<AnswerEvent, void> {
    return cancellable((signal) => this.run(input, signal));
  }

  private async *run(
    input: z.output<typeof AskInput>,
    signal: AbortSignal,
  ): AsyncGenerator<AnswerEvent, void> {
    authorize('ask', 'KnowledgeBase');
    authorize('create', 'Conversation');
    const asked = readQuestion(input.question);
    const language = detectLanguage(asked);
    const { answerer, completer } = await this.answerers.choose(input.model);
    const before = input.conversationId ? await this.conversations.soFar(input.conversationId) : undefined;
    const knowledgeBaseIds = await this.knowledgeBases(input.knowledgeBaseIds, before);
    const turns = before?.turns ?? [];
    const standalone = await completer.complete(plainQuestion(asked), turns, language, signal);

    const [searched, { threshold }] = await Promise.all([
      this.search(partsOf(standalone.text, language), knowledgeBaseIds, input),
      this.settings.get(),
    ]);
    const hits = mergeHits(
      searched.map(({ found }) => found.hits),
      input.topK,
    );
    const passages = numberPassages(hits);
    const lexicon = await shippedLexicon();
    const parts = searched.map((part) => askedPart(part, passages, lexicon));
    // How tokens meet is for answerers; nobody else can read it.
    const sources = hits.map(({ alignment: _, ...hit }) => hit);
    yield { type: 'sources', hits: sources, filters: filtersOf(searched) };

    const missing: PhraseKey | undefined =
      knowledgeBaseIds.length === 0 ? 'noKnowledgeBase' : passages.length === 0 ? 'nothingFound' : undefined;
    await using pieces = missing
      ? abstain(phrase(missing, language))
      : answerer.answer({
          question: asked,
          standalone: standalone.text,
          parts,
          language,
          passages,
          turns,
          threshold,
          signal,
        });
    let text = '';
    let step = await pieces.next();
    for (; !step.done; step = await pieces.next()) {
      text += step.value;
      yield { type: 'token', text: step.value };
    }
    signal.throwIfAborted();
    const ask: Ask = { input, asked, standalone, language, knowledgeBaseIds, searched, passages, parts };
    yield {
      type: 'done',
      answer: await this.keep(ask, missing ? EXTRACTIVE_MODEL : answerer.name, text, step.value),
    };
  }

  /** Those asked for; else those of the conversation as far as they are still there; else all of the tenant. */
  private async knowledgeBases(asked: string[], before: ConversationSoFar | undefined): Promise<string[]> {
    if (asked.length > 0) return [...new Set(asked)];
    const present = await this.services.client('ingest').knowledgeBases({ first: 100 });
    const ids = present.nodes.map((base) => base.id);
    const earlier = before?.knowledgeBaseIds.filter((id) => ids.includes(id) || present.hasNextPage) ?? [];
    if (earlier.length > 0) return earlier;
    if (present.totalCount > MOST_KNOWLEDGE_BASES) {
      throw invalidInput('knowledgeBaseIds', {
        en: `there are more than ${MOST_KNOWLEDGE_BASES} knowledge bases; name those to ask`,
        zh: `知识库超过 ${MOST_KNOWLEDGE_BASES} 个，请指定要提问的知识库`,
      });
    }
    return ids;
  }

  /** Searches the parts of a question at the same time; nothing where there is nowhere to search. */
  private async search(
    parts: string[],
    knowledgeBaseIds: string[],
    { topK, namedFilters }: Ask['input'],
  ): Promise<SearchedPart[]> {
    if (knowledgeBaseIds.length === 0) return [];
    const retrieval = this.services.client('retrieval');
    return Promise.all(
      parts.map(async (text) => ({
        text,
        found: await retrieval.search({
          query: text,
          knowledgeBaseIds,
          topK,
          namedFilters,
          neighbours: NEIGHBOURS,
          alignments: true,
        }),
      })),
    );
  }

  /** Stores question and answer in one transaction. @returns the answer as its user sees it */
  private async keep(ask: Ask, model: string, text: string, outcome: AnswerOutcome): Promise<AnswerView> {
    const { tenantId, userId } = currentContext().principal;
    const { input, asked, language, passages, parts } = ask;
    const now = new Date();
    const conversationId = input.conversationId ?? newId();
    const base = { tenantId, conversationId, rating: null, ratingComment: null, createdAt: now };
    const question: MessageEntity = { ...base, id: newId(), role: 'USER', text: asked, answer: null };
    const manifestId = newId();
    const stored: StoredAnswer = {
      abstained: outcome.abstained,
      probability: passages.length > 0 ? probabilityOf(parts) : null,
      citations: citationsOf(outcome.checks),
      closest: outcome.abstained ? citationsOf(closestOf(parts)) : [],
      model,
      modelVersion: outcome.modelVersion,
      usage: outcome.usage,
      manifestId,
      language,
      erased: false,
    };
    const answer: MessageEntity = { ...base, id: newId(), role: 'ASSISTANT', text, answer: stored };
    const manifest = manifestOf(ask, model, outcome);
    const documentIds = [
      ...new Set([
        ...manifest.passages.map((passage) => passage.documentId),
        ...manifest.textDocumentIds,
        ...manifest.questionDocumentIds,
      ]),
    ];
    const entity = { id: manifestId, tenantId, messageId: answer.id, manifest };
    const answered: AnsweredQuestion = { question, answer, manifest: entity, documentIds };
    await this.database.tenant(async (manager) => {
      if (!input.conversationId) {
        const title = titleOf(asked);
        const conversation = { id: conversationId, tenantId, userId, title, createdAt: now, updatedAt: now };
        await this.conversationRepository.add(manager, conversation);
      } else if (!(await this.conversationRepository.touch(manager, conversationId, userId, now))) {
        throw new UserError('CONVERSATION_NOT_FOUND', { id: conversationId });
      }
      await this.answers.add(manager, answered);
    });
    await this.eraseIfDeletedMeanwhile(answered);
    const kept = await this.database.tenant((manager) => this.answers.message(manager, answer.id));
    return answerView(kept, kept.answer!);
  }

  /**
   * A document can be deleted while an answer is made from it: its erasure then came before there was anything to
   * erase. Whatever is deleted after this look finds the stored answer. Where nobody can tell, nothing is kept.
   */
  private async eraseIfDeletedMeanwhile(answered: AnsweredQuestion): Promise<void> {
    const ids = answered.documentIds;
    const alive = new Set<string>();
    try {
      for (let at = 0; at < ids.length; at += MOST_DOCUMENTS) {
        const part = ids.slice(at, at + MOST_DOCUMENTS);
        for (const document of await this.services.client('ingest').documentsByIds({ ids: part })) {
          if (document.status !== 'DELETING') alive.add(document.id);
        }
      }
    } catch (error) {
      await this.database.tenant((manager) => this.answers.forget(manager, answered));
      throw error;
    }
    const gone = ids.filter((id) => !alive.has(id));
    if (gone.length > 0) await this.erasure.erase(gone);
  }
}

/** Says that there is nothing to answer from, and what to do. */
async function* abstain(text: string): AsyncGenerator<string, AnswerOutcome> {
  yield text;
  return {
    modelVersion: EXTRACTIVE_VERSION,
    abstained: true,
    checks: [],
    usage: { promptTokens: 0, completionTokens: 0, costMicros: 0, cached: false },
    documentIds: [],
    provenance: {},
  };
}

/** One citation for each sentence of the answer and passage; the same quote of the same passage once. */
function citationsOf(checks: readonly CheckedClaim[]): CitationView[] {
  const citations: CitationView[] = [];
  for (const { passage, quote, supported } of checks) {
    const { chunkId, documentId, documentTitle } = passage.hit;
    const same = citations.find((each) => each.index === passage.number && each.quote === quote);
    if (same) same.supported &&= supported;
    else
      citations.push({
        index: passage.number,
        chunkId,
        documentId,
        documentTitle,
        ...placeOf(passage, quote),
        quote,
        supported,
      });
  }
  return citations;
}

/** @returns a part of a question with those of the answer's passages that were found for it, as they meet it */
function askedPart({ text, found }: SearchedPart, passages: readonly Passage[], lexicon: Lexicon): AskedPart {
  const hits = new Map(found.hits.map((hit) => [hit.chunkId, hit]));
  const own = passages.flatMap((passage) => {
    const hit = hits.get(passage.hit.chunkId);
    return hit ? { ...passage, hit } : [];
  });
  return { question: text, passages: own, judgement: judge(text, found.question, own, lexicon) };
}

/** The page and the boxes of the lines that hold a quote; of the whole passage where those are not known. */
function placeOf({ text, placeOf, hit }: Passage, quote: string): Pick<CitationView, 'page' | 'boxes'> {
  const at = text.indexOf(quote);
  if (at < 0) return { page: hit.page, boxes: hit.boxes };
  const [start, end] = [placeOf(at), placeOf(at + quote.length)];
  const lines = hit.lines.filter((line) => line.start < end && line.end > start);
  const page = lines[0]?.page;
  if (page === undefined) return { page: hit.page, boxes: hit.boxes };
  return { page, boxes: lines.filter((line) => line.page === page).map(({ box }) => box) };
}

function manifestOf(ask: Ask, model: string, outcome: AnswerOutcome): Manifest {
  const { searched, standalone } = ask;
  const [first] = searched;
  return {
    version: 1,
    question: {
      asked: ask.asked,
      searched: standalone.text,
      by: standalone.by,
      ...(searched.length > 1 ? { parts: searched.map(({ text }) => text) } : {}),
    },
    language: ask.language,
    knowledgeBaseIds: ask.knowledgeBaseIds,
    retrieval: first
      ? {
          topK: ask.input.topK,
          neighbours: NEIGHBOURS,
          embeddingModel: first.found.embeddingModel,
          reranker: first.found.reranker,
          filters: filtersOf(searched),
          // An answer is as well founded as its weakest part.
          coverage: Math.min(...searched.map(({ found }) => found.coverage)),
          bestCosine: lowest(searched.map(({ found }) => found.bestCosine)),
        }
      : null,
    passages: ask.passages.map(({ number, hit }) => ({
      number,
      chunkId: hit.chunkId,
      documentId: hit.documentId,
      page: hit.page,
      score: hit.score,
      sha256: createHash('sha256').update(hit.text).digest('hex'),
    })),
    answerer: { model, version: outcome.modelVersion, ...outcome.provenance },
    checks: outcome.checks.map(({ passage, supported, reason }) => ({
      number: passage.number,
      supported,
      ...(reason ? { reason } : {}),
    })),
    textDocumentIds: outcome.documentIds,
    questionDocumentIds: standalone.documentIds,
  };
}

/** @returns the lowest of the numbers that are there */
function lowest(values: (number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length > 0 ? Math.min(...present) : null;
}

/** What the parts of a question named, each filter once. */
function filtersOf(searched: SearchedPart[]): NamedFilter[] {
  const filters = searched.flatMap(({ found }) => found.filters);
  return [...new Map(filters.map((filter) => [JSON.stringify(filter), filter])).values()];
}
