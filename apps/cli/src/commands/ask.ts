import { type Client, CommandError } from '../client/client.js';
import { basesToAsk } from '../client/knowledge-bases.js';
import { say } from '../messages.js';
import { interactive, paint, print, printJson } from '../output/terminal.js';

interface Citation {
  index: number;
  documentTitle: string;
  page: number | null;
  quote: string;
  supported: boolean;
}

interface Answer {
  id: string;
  conversationId: string;
  text: string;
  abstained: boolean;
  label: string;
  model: string;
  citations: Citation[];
  /** Where it abstained. */
  closest: Citation[];
}

interface AskEvent {
  askStream: {
    __typename: string;
    token?: string;
    answer?: Answer;
    code?: string;
    message?: string;
  };
}

const ASK = `subscription ($input: AskInput!) { askStream(input: $input) {
  __typename
  ... on AnswerToken { token: text }
  ... on AnswerDone { answer { id conversationId text abstained label model
    citations { index documentTitle page quote supported }
    closest { index documentTitle page quote supported } } }
  ... on Problem { code message } } }`;

/** `midplane ask`: streams the answer, then its citations */
export async function ask(
  client: Client,
  question: string,
  options: { kb?: string; conversation?: string; json?: boolean },
): Promise<number> {
  const bases = options.conversation && !options.kb ? [] : await basesToAsk(client, options.kb);
  const input = {
    question,
    knowledgeBaseIds: bases.map((base) => base.id),
    conversationId: options.conversation,
  };
  let answer: Answer | undefined;
  for await (const { askStream: event } of client.subscribe<AskEvent>(ASK, { input })) {
    if (event.code) throw new CommandError(`${event.message} (${event.code})`);
    if (event.token !== undefined && !options.json) process.stdout.write(event.token);
    if (event.answer) answer = event.answer;
  }
  if (!answer) return 1;
  if (options.json) printJson(answer);
  else printAnswer(answer);
  return 0;
}

function printAnswer(answer: Answer): void {
  print();
  printCitations(say('sources'), answer.citations);
  printCitations(say('closest'), answer.closest);
  print(
    `\n${paint.dim(`${answer.label} · ${answer.model}${interactive ? ` · --conversation ${answer.conversationId}` : ''}`)}`,
  );
}

function printCitations(title: string, citations: Citation[]): void {
  if (citations.length > 0) print(`\n${paint.bold(title)}`);
  for (const citation of citations) {
    const page = citation.page === null ? '' : `, ${say('page', { page: citation.page })}`;
    const doubt = citation.supported ? '' : ` ${paint.yellow(say('unsupported'))}`;
    print(`[${citation.index}] ${paint.bold(citation.documentTitle)}${page}${doubt}`);
    print(`    ${paint.dim(citation.quote.replace(/\s+/g, ' '))}`);
  }
}
