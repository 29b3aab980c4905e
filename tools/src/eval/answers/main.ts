import { parseArgs } from 'node:util';
import type { AnswerView, SearchHit } from '@midplane/contracts';
import type { Kernel } from '@midplane/kernel';
import {
  type AnswerSignals,
  EXTRACTIVE_PARAMETERS,
  ExtractiveAnswerer,
  numberPassages,
} from '@midplane/sessions';
import { asPrincipal, createPrincipal } from '@midplane/testing';
import { areaUnderCurve, type Example, fitLogistic } from './logistic.js';
import { loadPassages, startPlatform } from './platform.js';
import { dataFolder, type EvalQuestion, type QuestionSet, readQuestionSet, sample } from './question-set.js';

/**
 * `npm run eval:answers [-- --questions N] [-- --fit]`: the built-in answerer through `ask` on the development sets.
 * --questions: how many of each set, evenly chosen (default 200; 0: all). --fit: prints the parameters of the
 * abstention rule that these questions would choose.
 */
const { values: options } = parseArgs({
  options: { questions: { type: 'string', default: '200' }, fit: { type: 'boolean', default: false } },
});
const limit = Number(options.questions) || Infinity;

/** One run: questions of a set, asked of the passages of a set. */
interface Run {
  name: string;
  passages: keyof typeof FILES;
  questions: keyof typeof FILES;
  /** Whether the passages hold the answers: otherwise the questions are about something else altogether. */
  answerable: boolean;
}

const FILES = { en: 'xquad_half.en', zh: 'xquad_half.zh', cmrc: 'cmrc2018_trial' } as const;
const RUNS: Run[] = [
  { name: 'XQuAD en', passages: 'en', questions: 'en', answerable: true },
  { name: 'XQuAD zh', passages: 'zh', questions: 'zh', answerable: true },
  { name: 'cmrc2018', passages: 'cmrc', questions: 'cmrc', answerable: true },
  { name: 'zh asks en', passages: 'en', questions: 'zh', answerable: true },
  { name: 'en asks zh', passages: 'zh', questions: 'en', answerable: true },
  { name: 'cmrc asked of XQuAD zh', passages: 'zh', questions: 'cmrc', answerable: false },
  { name: 'XQuAD zh asked of cmrc', passages: 'cmrc', questions: 'zh', answerable: false },
  { name: 'cmrc asked of XQuAD en', passages: 'en', questions: 'cmrc', answerable: false },
  { name: 'XQuAD en asked of cmrc', passages: 'cmrc', questions: 'en', answerable: false },
];

interface Asked {
  probability: number;
  signals: AnswerSignals | undefined;
}

interface Outcome {
  run: Run;
  first: number;
  firstTwo: number;
  any: number;
  sentences: number;
  abstained: number;
  milliseconds: number;
  held: Asked[];
  /** With the passage that holds the answer taken out, or of questions about something else. */
  missing: Asked[];
  count: number;
}

async function main(): Promise<void> {
  const folder = dataFolder();
  if (!folder)
    throw new Error(
      'The development sets are not here: expected ../shared/data/retrieval beside the repository.',
    );
  const sets = Object.fromEntries(
    Object.entries(FILES).map(([key, file]) => [key, readQuestionSet(folder, file)]),
  ) as Record<keyof typeof FILES, QuestionSet>;
  const platform = await startPlatform();
  try {
    const principal = await createPrincipal(platform.kernel.database);
    await asPrincipal(principal, async () => {
      const bases = new Map<string, Awaited<ReturnType<typeof loadPassages>>>();
      for (const key of Object.keys(FILES) as (keyof typeof FILES)[]) {
        process.stderr.write(`loading ${FILES[key]} …\n`);
        bases.set(key, await loadPassages(platform.kernel, key, sets[key].passages));
      }
      const outcomes: Outcome[] = [];
      for (const run of RUNS) {
        process.stderr.write(`${run.name} …\n`);
        outcomes.push(await measure(platform.kernel, run, sets, bases.get(run.passages)!));
      }
      report(outcomes);
      if (options.fit) printFit(outcomes);
    });
  } finally {
    await platform.close();
  }
}

async function measure(
  kernel: Kernel,
  run: Run,
  sets: Record<keyof typeof FILES, QuestionSet>,
  base: Awaited<ReturnType<typeof loadPassages>>,
): Promise<Outcome> {
  const { registry } = kernel;
  const answerer = new ExtractiveAnswerer(registry.client('inference'));
  const questions = sets[run.questions].questions.map((question, i) => ({ ...question, i }));
  // There are questions without text, which nobody could ask.
  const asked = sample(
    questions.filter(({ text }) => text.trim() !== ''),
    limit,
  );
  const outcome: Outcome = {
    run,
    first: 0,
    firstTwo: 0,
    any: 0,
    sentences: 0,
    abstained: 0,
    milliseconds: 0,
    held: [],
    missing: [],
    count: asked.length,
  };
  for (const question of asked) {
    const { hits } = await registry
      .client('retrieval')
      .search({ query: question.text, knowledgeBaseIds: [base.knowledgeBaseId], topK: 12, neighbours: 1 });
    const gold = base.chunkIds[question.passage];
    const without = hits.filter((hit) => !run.answerable || hit.chunkId !== gold).slice(0, 8);
    outcome.missing.push(await answerFrom(answerer, question.text, without));
    if (!run.answerable) continue;

    outcome.held.push(await answerFrom(answerer, question.text, hits.slice(0, 8)));
    const started = performance.now();
    const answer = await ask(kernel, question.text, base.knowledgeBaseId);
    outcome.milliseconds += performance.now() - started;
    if (answer.abstained) {
      outcome.abstained++;
      continue;
    }
    // Across languages the answer is that of the passage's language, to the same question.
    const golden = sets[run.passages].questions[question.i] as EvalQuestion;
    const holds = answer.citations.map(
      ({ chunkId, quote }) => chunkId === gold && golden.answers.some((text) => quote.includes(text)),
    );
    outcome.first += Number(holds[0] ?? false);
    outcome.firstTwo += Number(holds.slice(0, 2).includes(true));
    outcome.any += Number(holds.includes(true));
    outcome.sentences += answer.citations.length;
  }
  return outcome;
}

async function ask(kernel: Kernel, question: string, knowledgeBaseId: string): Promise<AnswerView> {
  const stream = await kernel.registry
    .client('sessions')
    .ask({ question, knowledgeBaseIds: [knowledgeBaseId] });
  for await (const event of stream) if (event.type === 'done') return event.answer;
  throw new Error('The answer did not end.');
}

async function answerFrom(answerer: ExtractiveAnswerer, question: string, hits: SearchHit[]): Promise<Asked> {
  const passages = numberPassages(hits);
  const request = {
    question,
    standalone: question,
    language: 'en' as const,
    passages,
    turns: [],
    signal: new AbortController().signal,
  };
  const pieces = answerer.answer(request);
  let step = await pieces.next();
  while (!step.done) step = await pieces.next();
  const { probability, signals } = step.value.provenance as unknown as Asked;
  return { probability, signals };
}

function report(outcomes: readonly Outcome[]): void {
  const share = (n: number, of: number) => (n / of).toFixed(3);
  const { threshold } = EXTRACTIVE_PARAMETERS.answerable;
  console.log(`\nBuilt-in answerer through ask; threshold ${threshold}; abstained answers count as wrong.\n`);
  console.log(
    '| set | questions | first cited sentence holds the answer | first two | any | sentences an answer | refused | ms an answer (embeddings remembered) |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  for (const o of outcomes.filter(({ run }) => run.answerable)) {
    const answered = o.count - o.abstained;
    console.log(
      `| ${o.run.name} | ${o.count} | ${share(o.first, o.count)} | ${share(o.firstTwo, o.count)} | ${share(o.any, o.count)} | ${(o.sentences / answered).toFixed(2)} | ${share(o.abstained, o.count)} | ${(o.milliseconds / o.count).toFixed(0)} |`,
    );
  }
  console.log(
    '\n| gold passage taken out, or another subject | area under the curve | passed at the threshold |',
  );
  console.log('|---|---|---|');
  for (const o of outcomes) {
    const passed = o.missing.filter(({ probability }) => probability >= threshold).length;
    const area = o.run.answerable
      ? areaUnderCurve(
          o.held.map(({ probability }) => probability),
          o.missing.map(({ probability }) => probability),
        ).toFixed(3)
      : '–';
    console.log(`| ${o.run.name} | ${area} | ${share(passed, o.missing.length)} |`);
  }
}

const FEATURES = ['cosine', 'coverage', 'rise', 'spread'] as const;

function printFit(outcomes: readonly Outcome[]): void {
  for (const across of [false, true]) {
    const rows = outcomes.flatMap((o) => [
      ...o.held.map((each) => ({ each, positive: true, o })),
      ...o.missing.map((each) => ({ each, positive: false, o })),
    ]);
    const used = rows.filter(({ each }) => each.signals?.across === across && each.signals.many);
    const examples = used.map(({ each, positive }): Example => ({
      features: FEATURES.map((name) => each.signals![name]),
      positive,
    }));
    const model = fitLogistic(examples);
    const fitted = Object.fromEntries(
      FEATURES.map((name, j) => [name, Number(model.weights[j]!.toFixed(2))]),
    );
    console.log(
      `\n${across ? 'across' : 'same'}:`,
      JSON.stringify({ ...fitted, bias: Number(model.bias.toFixed(2)) }),
    );
    const scored = used.map(({ o, positive }, i) => ({
      o,
      positive,
      p:
        1 /
        (1 + Math.exp(-examples[i]!.features.reduce((sum, x, j) => sum + x * model.weights[j]!, model.bias))),
    }));
    for (const o of new Set(scored.map((each) => each.o))) {
      const held = scored.filter((each) => each.o === o && each.positive).map(({ p }) => p);
      const missing = scored.filter((each) => each.o === o && !each.positive).map(({ p }) => p);
      const at = [0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5].map(
        (t) =>
          `${t}: refused ${held.length ? (held.filter((p) => p < t).length / held.length).toFixed(2) : '–'} passed ${(missing.filter((p) => p >= t).length / missing.length).toFixed(2)}`,
      );
      console.log(
        `  ${o.run.name.padEnd(24)} ${held.length ? areaUnderCurve(held, missing).toFixed(3) : '  –  '} ${at.join(' | ')}`,
      );
    }
  }
}

await main();
