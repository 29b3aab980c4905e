import { Lexer, type Token, type Tokens } from 'marked';

import { tableText, type TextBlock } from '../block.js';
import { cleanText, cleanTitle, type Reading } from '../reading.js';
import { decodeFile } from '../text/encoding.js';
import { CJK } from '../script.js';
import { readText } from '../text/read-text.js';
import { htmlBlocks } from './read-html.js';

/** Larger files are read as plain text: Markdown has to be in memory as a whole. */
const MAX_LENGTH = 32 << 20;
/** Quotations within quotations take the lexer time with the square of their depth. */
const TOO_DEEP = /^(?:[ \t]*>){200}/m;

/** Reads Markdown (GitHub's flavour); what is nested too deep for that, as plain text. */
export async function readMarkdown(path: string, encoding: string, reading: Reading): Promise<void> {
  let source = '';
  for await (const piece of decodeFile(path, encoding)) {
    source += piece;
    if (source.length > MAX_LENGTH) return readText(path, encoding, reading);
  }
  if (TOO_DEEP.test(source)) return readText(path, encoding, reading);
  const [matter, text] = frontMatter(cleanText(source));
  let blocks: TextBlock[];
  try {
    blocks = toBlocks(new Lexer({ gfm: true }).lex(text));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return readText(path, encoding, reading);
  }
  for (const block of blocks) await reading.write(block);
  reading.title =
    cleanTitle(matter) ??
    cleanTitle(blocks.find((block) => block.kind === 'heading' && block.level === 1)?.text);
}

/** @returns the title in the front matter, and the text without it. */
function frontMatter(source: string): [title: string | null, text: string] {
  const matter = /^---\n([\s\S]{0,20000}?)\n(?:---|\.\.\.)(?:\n|$)/.exec(source);
  if (!matter) return [null, source];
  const title = /^title:\s*(["']?)(.+)\1\s*$/m.exec(matter[1] ?? '')?.[2] ?? null;
  return [title, source.slice(matter[0].length)];
}

function toBlocks(tokens: readonly Token[]): TextBlock[] {
  return tokens.flatMap((token): TextBlock[] => {
    switch (token.type) {
      case 'heading': {
        const heading = token as Tokens.Heading;
        return block({ kind: 'heading', text: inline(heading.tokens), level: heading.depth });
      }
      case 'code':
        return block({ kind: 'code', text: (token as Tokens.Code).text });
      case 'list':
        return block({ kind: 'list', text: listText(token as Tokens.List, 0) });
      case 'blockquote':
        return toBlocks((token as Tokens.Blockquote).tokens);
      case 'table': {
        const { header, rows } = token as Tokens.Table;
        const table = {
          header: header.map((cell) => inline(cell.tokens)),
          rows: rows.map((row) => row.map((cell) => inline(cell.tokens))),
        };
        return block({ kind: 'table', text: tableText(table), table });
      }
      case 'html':
        return htmlBlocks((token as Tokens.HTML).text);
      case 'paragraph':
      case 'text':
        return block({
          kind: 'paragraph',
          text: inline((token as Tokens.Paragraph).tokens ?? []) || (token as Tokens.Text).text,
        });
      default:
        return [];
    }
  });
}

function block(made: TextBlock): TextBlock[] {
  return made.text.trim() === '' ? [] : [made];
}

function listText(list: Tokens.List, depth: number): string {
  return list.items
    .map((item, at) => {
      const marker = list.ordered ? `${Number(list.start || 1) + at}. ` : '- ';
      let own = '';
      let nested = '';
      for (const token of item.tokens) {
        if (token.type === 'list') nested += `\n${listText(token as Tokens.List, depth + 1)}`;
        else
          own += ` ${toBlocks([token])
            .map((each) => each.text)
            .join(' ')}`;
      }
      const box = item.task ? (item.checked ? '[x] ' : '[ ] ') : '';
      return `${'  '.repeat(Math.min(depth, 8))}${marker}${box}${own.trim()}${nested}`;
    })
    .join('\n');
}

/** @returns the words of inline Markdown; a link's address is kept behind its text where that says something else. */
function inline(tokens: readonly Token[]): string {
  return tokens
    .map((token): string => {
      switch (token.type) {
        case 'br':
          return '\n';
        case 'image':
          return (token as Tokens.Image).text;
        case 'html':
          return htmlBlocks((token as Tokens.Tag).text)
            .map((each) => each.text)
            .join(' ');
        case 'escape':
        case 'codespan':
          return (token as Tokens.Codespan).text;
        default:
          return 'tokens' in token && token.tokens
            ? inline(token.tokens)
            : 'text' in token
              ? unwrap(unescapeEntities(String(token.text)))
              : '';
      }
    })
    .join('')
    .trim();
}

function unescapeEntities(text: string): string {
  return text.replace(
    /&(amp|lt|gt|quot|#39|nbsp);/g,
    (_, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' })[name] ?? '',
  );
}

/** Lines that were wrapped by hand: Chinese ones join without a space. */
function unwrap(text: string): string {
  return text.replace(
    /(.)\n(?=(.))/gu,
    (_, before: string, after: string) => before + (CJK.test(before) && CJK.test(after) ? '' : ' '),
  );
}
