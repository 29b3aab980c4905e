import { shippedLexicon, TranslatedCoverage } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { CandidateRepository } from '../../candidates/candidate.repository.js';
import { Bm25Scorer } from '../../candidates/bm25-scorer.js';
import type { WordWeight } from '../../candidates/lexical-weights.js';
import type { SearchScope } from '../../candidates/queries.js';
import { differenceOfScripts } from '../../fusion/across.js';
import type { QuestionEmbedded } from '../reranker.port.js';
import type { Meeting } from './matches.js';
import { TokenScorer } from './token-scorer.js';

/** How a chunk's tokens meet those of a question. Offsets are into the text that was embedded (`passageText`). */
export interface Alignment extends Meeting {
  /** As far as its script is not the question's, 0–1. */
  across: number;
  /** The chunk's BM25, 0 where it holds none of the question's words. */
  lexical: number;
  /** Share (0–1) of the question that a chunk in the other script holds by translation; 0 of one in the same. */
  translated: number;
}

/** A question's words. */
interface AskedWords {
  /** Each once, as the index holds them. */
  words: readonly string[];
  /** Of those that the index has. */
  weights: readonly WordWeight[];
}

/** Compares questions with chunks by the token states that ingest has kept. */
@Injectable()
export class TokenAligner {
  constructor(
    private readonly candidates: CandidateRepository,
    readonly scorer: TokenScorer,
  ) {}

  /**
   * @returns the alignments by the chunks' ids, of those that may still be seen
   */
  async align(
    scope: SearchScope,
    question: QuestionEmbedded,
    { words: asked, weights }: AskedWords,
    chunkIds: string[],
  ): Promise<Map<string, Alignment>> {
    const scorer = new Bm25Scorer(weights);
    const coverage = new TranslatedCoverage(await shippedLexicon(), asked);
    const chunks: { chunkId: string; across: number; lexical: number; translatedAt?: number }[] = [];
    let others = 0;
    const meetings = await this.scorer.meet(question, (add) =>
      this.candidates.states(scope, question.space, chunkIds, ({ chunkId, states, han, words }) => {
        add(states);
        const across = differenceOfScripts(question.han, han);
        const lexical = scorer.score(words);
        if (across < 0.5) chunks.push({ chunkId, across, lexical });
        else {
          coverage.add(words.toString().split(' '));
          chunks.push({ chunkId, across, lexical, translatedAt: others++ });
        }
      }),
    );
    const shares = coverage.shares();
    return new Map(
      chunks.map(({ chunkId, across, lexical, translatedAt }, i) => {
        const translated = translatedAt === undefined ? 0 : shares[translatedAt]!;
        return [chunkId, { ...meetings[i]!, across, lexical, translated }];
      }),
    );
  }
}
