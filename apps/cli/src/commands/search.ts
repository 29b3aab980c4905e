import { type Client, expect, type ProblemResult } from '../client/client.js';
import { basesToAsk } from '../client/knowledge-bases.js';
import { say } from '../messages.js';
import { paint, print, printJson } from '../output/terminal.js';

interface Hit {
  chunkId: string;
  text: string;
  score: number;
  page: number | null;
  headings: string[];
  highlights: [number, number][];
  document: { id: string; title: string };
  trace: Record<string, number | null>;
}

interface SearchResult {
  __typename: 'SearchResult';
  hits: Hit[];
  filters: { kind: string; value: string; documentId: string | null; dropped: boolean }[];
  tookMs: number;
  embeddingModel: string;
  reranker: string | null;
}

const SEARCH = `query ($input: SearchInput!) { search(input: $input) {
  __typename
  ... on SearchResult { tookMs embeddingModel reranker filters { kind value documentId dropped } hits {
    chunkId text score page headings highlights document { id title }
    trace { lexicalRank lexicalScore lexicalPart vectorRank vectorScore vectorPart fusedScore rerankScore } } }
  ... on Problem { code message } } }`;

/** `midplane search`: hits with score and how it came about */
export async function search(
  client: Client,
  query: string,
  options: { kb?: string; top?: number; json?: boolean; namedFilters?: boolean },
): Promise<number> {
  const bases = await basesToAsk(client, options.kb);
  const { search: outcome } = await client.request<{ search: SearchResult | ProblemResult }>(SEARCH, {
    input: {
      query,
      knowledgeBaseIds: bases.map((base) => base.id),
      topK: options.top ?? 10,
      namedFilters: options.namedFilters ?? true,
    },
  });
  const result = expect(outcome, 'SearchResult');
  if (options.json) {
    printJson(result);
    return 0;
  }
  printFilters(result);
  if (result.hits.length === 0) print(say('noHits'));
  else result.hits.forEach((hit, index) => printHit(hit, index + 1));
  return 0;
}

/** What the question named: what the search was limited to, and what it found nothing with. */
function printFilters({ filters }: SearchResult): void {
  for (const dropped of [false, true]) {
    const values = new Set(filters.filter((each) => each.dropped === dropped).map(({ value }) => value));
    if (values.size > 0)
      print(`${say(dropped ? 'filtersDropped' : 'limitedTo', { filters: [...values].join(', ') })}\n`);
  }
}

function printHit(hit: Hit, rank: number): void {
  const page = hit.page === null ? '' : `, ${say('page', { page: hit.page })}`;
  print(`${paint.bold(`${rank}. ${hit.document.title}`)}${page}  ${paint.cyan(hit.score.toFixed(3))}`);
  if (hit.headings.length > 0) print(`   ${paint.dim(hit.headings.join(' › '))}`);
  print(`   ${highlighted(hit).replace(/\s+/g, ' ')}`);
  const trace = Object.entries(hit.trace)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name} ${Number.isInteger(value) ? value : value!.toFixed(3)}`);
  print(`   ${paint.dim(trace.join(' · '))}\n`);
}

function highlighted(hit: Hit): string {
  let text = '';
  let at = 0;
  for (const [start, end] of hit.highlights) {
    text += hit.text.slice(at, start) + paint.bold(hit.text.slice(start, end));
    at = end;
  }
  return text + hit.text.slice(at);
}
