import { readFileSync } from 'node:fs';
import type { Locale } from '@midplane/contracts';
import type { Kernel } from '@midplane/kernel';
import { createKnowledgeBase, ingestDocument } from '@midplane/testing';
import { z } from 'zod';
import type { Asked } from './asked.js';
import type { Run } from './runs.js';

/** A question as someone types it who has not read the document. */
const HandbookQuestion = z.strictObject({
  question: z.string(),
  language: z.enum(['en', 'zh']),
  /** What a sentence, list item or table row has that answers; none: the document does not say. */
  answers: z.array(z.string()),
});

/** A knowledge base of an invented organisation, with documents in both languages on different matters. */
interface HandbookBase {
  /** Folders of `tools/handbooks`; their names begin with the language of the document. */
  documents: string[];
  /** Nothing is fitted to it. */
  heldOut: boolean;
}

const BASES: HandbookBase[] = [
  { documents: ['en-employees', 'zh-service'], heldOut: false },
  { documents: ['en-travel', 'en-information-security', 'zh-handbook'], heldOut: false },
  { documents: ['en-shop', 'zh-office'], heldOut: true },
  { documents: ['en-security', 'zh-employees'], heldOut: true },
];

const FOLDER = new URL('../../../handbooks/', import.meta.url);
const SAMPLES = new URL('../../../../apps/platform/samples/', import.meta.url);

/** Those whose document is one of the samples that ship; that of the others stands beside their questions. */
const OF_SAMPLES: Record<string, string> = {
  'en-travel': 'travel-and-expenses.pdf',
  'en-information-security': 'information-security.md',
  'zh-handbook': '员工手册.docx',
};

function readHandbook(name: string) {
  const sample = OF_SAMPLES[name];
  const questions = readFileSync(new URL(`${name}/questions.json`, FOLDER), 'utf8');
  return {
    fileName: sample ?? `${name}.md`,
    content: readFileSync(sample ? new URL(sample, SAMPLES) : new URL(`${name}/handbook.md`, FOLDER)),
    questions: z.array(HandbookQuestion).parse(JSON.parse(questions)),
  };
}

/**
 * Uploads the handbooks, as a user would, and gives what is asked of them: in either language of those in either, what
 * they say and what they don't.
 */
export async function handbookRuns(kernel: Kernel): Promise<{ run: Run; asked: Asked[] }[]> {
  const bases = await Promise.all(
    BASES.map(async (base, i) => ({ ...base, asked: await load(kernel, base, i) })),
  );
  return [false, true].flatMap((heldOut) =>
    LANGUAGES.flatMap((language) =>
      LANGUAGES.flatMap((written) =>
        [true, false].map((answerable) => ({
          run: {
            name: `handbooks${heldOut ? ' held out' : ''}: ${language} asks ${written}${answerable ? '' : ', not there'}`,
            answerable,
            across: language !== written,
            heldOut,
            counts: HANDBOOK_COUNTS,
          },
          asked: bases
            .filter((base) => base.heldOut === heldOut)
            .flatMap(({ asked }) => asked)
            .filter(
              (each) =>
                each.language === language &&
                each.written === written &&
                each.gold.answers.length > 0 === answerable,
            ),
        })),
      ),
    ),
  );
}

const LANGUAGES = ['en', 'zh'] as const satisfies Locale[];

/** What a question of theirs counts in a fit, beside one of the sets, which are many more. */
const HANDBOOK_COUNTS = 5;

interface AskedOfHandbook extends Asked {
  language: Locale;
  written: Locale;
}

/** @throws Error where a document can't be read, or does not hold an answer once: no sentence could, or two would */
async function load(kernel: Kernel, { documents }: HandbookBase, number: number): Promise<AskedOfHandbook[]> {
  const { id } = await createKnowledgeBase(kernel);
  const asked: AskedOfHandbook[] = [];
  for (const name of documents) {
    const { fileName, content, questions } = readHandbook(name);
    const upload = { knowledgeBaseId: id, fileName, content };
    const { failure, ...document } = await ingestDocument(kernel, upload);
    if (failure) throw new Error(`${name}: ${failure.code}`);
    const chunks = await kernel.database.tenant((manager) =>
      manager.query<{ id: string; text: string }[]>('select id, text from chunk where document_id = $1', [
        document.id,
      ]),
    );
    for (const { question, language, answers } of questions) {
      // What Markdown adds is not in a parsed document.
      const plain = answers.map((answer) => answer.replace(/[*_`\\]/g, ''));
      for (const answer of plain) {
        const times = chunks.reduce((sum, { text }) => sum + text.split(answer).length - 1, 0);
        if (times !== 1) throw new Error(`${name}: “${answer}” (${question}) is there ${times} times.`);
      }
      const holding = chunks.filter(({ text }) => plain.some((answer) => text.includes(answer)));
      asked.push({
        text: question,
        knowledgeBaseIds: [id],
        gold: { chunkIds: holding.map((chunk) => chunk.id), answers: plain },
        article: number,
        language,
        written: name.slice(0, 2) as Locale,
      });
    }
  }
  return asked;
}
