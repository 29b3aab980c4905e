import { parseArgs } from 'node:util';
import { runInContext, shippedLexicon } from '@midplane/kernel';
import { EXTRACTIVE_PARAMETERS } from '@midplane/sessions';
import { administratorOf, boot } from '../boot.js';
import { loadPassages, type PassageBase } from '../passages.js';
import { askedOf } from './asked.js';
import { cutShort } from './cut-short.js';
import { fit } from './fit.js';
import { areaUnderCurve } from './logistic.js';
import { handbookRuns } from './handbooks.js';
import { measure, type Outcome } from './measure.js';
import { dataFolder } from './question-set.js';
import { AMONG_RUNS, FILES, readSets, RUNS, type SetName } from './runs.js';

/**
 * `npm run eval:answers [-- --questions N] [-- --fit [--odds] [--write]]`: the built-in answerer through `ask` on the development sets.
 * --questions: how many of each set, evenly chosen (default 200; 0: all). --fit: fits the answerer's weights to these
 * questions instead, with --odds only those that tell whether there is an answer, and with --write puts them into the
 * repository.
 */
const { values: options } = parseArgs({
  options: {
    questions: { type: 'string', default: '200' },
    fit: { type: 'boolean', default: false },
    odds: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const limit = Number(options.questions) || Infinity;

/** Least area under the curve of the probability, where there are goals. */
const AREA_GOAL = 0.94;

async function main(): Promise<void> {
  const folder = dataFolder();
  if (!folder)
    throw new Error(
      'The development sets are not here: expected ../shared/data/retrieval beside the repository.',
    );
  const sets = readSets(folder);
  const booted = await boot();
  const outcomes: Outcome[] = [];
  try {
    const { kernel } = booted;
    await runInContext(await administratorOf(kernel, 'evaluation'), async () => {
      const bases = new Map<SetName, PassageBase>();
      for (const set of Object.keys(FILES) as SetName[]) {
        bases.set(set, await loadPassages(kernel, FILES[set], sets[set].passages));
      }
      const handbooks = await handbookRuns(kernel);
      await kernel.database.dataSource.query('analyze');
      const runs = [...RUNS, ...(options.fit ? AMONG_RUNS : [])].map((run) => {
        // The same questions are asked of one language too: of both a third of them is enough.
        const most = run.among ? limit / 3 : limit;
        return { run, asked: askedOf(run, sets, bases, most) };
      });
      for (const { run, asked } of [...runs, ...handbooks]) {
        process.stderr.write(`${run.name} …\n`);
        const outcome = await measure(kernel, run, asked, options.fit ? 'judge' : 'ask');
        outcomes.push(outcome);
        if (options.fit && !run.counts) outcomes.push(cutShort(outcome, await shippedLexicon()));
      }
    });
  } finally {
    await booted.stop();
  }
  if (options.fit) fit(outcomes, { oddsAlone: options.odds, write: options.write });
  else report(outcomes);
}

function report(outcomes: readonly Outcome[]): void {
  const share = (n: number, of: number) => Number((n / of).toFixed(3));
  const { threshold } = EXTRACTIVE_PARAMETERS;
  const missed: string[] = [];
  const results = outcomes.map((outcome) => {
    const { run, count, held, missing } = outcome;
    const passed = missing.filter(({ probability }) => probability >= threshold).length;
    const withoutAnswer = { passed: share(passed, missing.length) };
    if (!run.answerable) return { set: run.name, questions: count, ...withoutAnswer };
    const area = areaUnderCurve(
      held.map(({ probability }) => probability),
      missing.map(({ probability }) => probability),
    );
    const result = {
      set: run.name,
      questions: count,
      first: share(outcome.first, count),
      'first two': share(outcome.firstTwo, count),
      any: share(outcome.any, count),
      'sentences an answer': share(outcome.sentences, count - outcome.abstained),
      refused: share(outcome.abstained, count),
      area: Number(area.toFixed(3)),
      ...withoutAnswer,
      'ms an answer': Math.round(outcome.milliseconds / count),
    };
    const [first, firstTwo] = run.goal ?? [0, 0];
    if (result.first < first) missed.push(`${run.name}: first ${result.first}, goal ${first}`);
    if (result['first two'] < firstTwo)
      missed.push(`${run.name}: first two ${result['first two']}, goal ${firstTwo}`);
    if (run.goal && result.area < AREA_GOAL)
      missed.push(`${run.name}: area ${result.area}, goal ${AREA_GOAL}`);
    return result;
  });
  console.log(
    `\nBuilt-in answerer through ask; threshold ${threshold}; refused answers count as wrong. The first cited sentence, the first ` +
      'two, or any hold the answer; area under the curve of the probability with the gold passage taken out, and the ' +
      'share that passes the threshold then, or with questions about another subject.\n',
  );
  console.table(results);
  for (const line of missed) console.log(`Missed: ${line}`);
  console.log(`RESULT eval-answers ${JSON.stringify({ threshold, results, missed })}`);
}

await main();
