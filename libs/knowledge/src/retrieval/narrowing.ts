import type { NamedFilter } from '@midplane/contracts';
import { NAMED_DOCUMENTS } from './candidates/bases-query.js';
import type { NamedMatch, SearchedBase } from './candidates/candidate.repository.js';
import type { SearchScope, Within } from './candidates/queries.js';
import { bestOf, type Named } from './question/index.js';

/** A search as it may be tried: where, and which of what the question names limits it. */
export interface Narrowing {
  scope: SearchScope;
  /** With the chunks that are left. */
  bases: SearchedBase[];
  filters: NamedFilter[];
}

/** As many documents as one name may stand for. */
const MOST_DOCUMENTS = 20;
/** A page or a heading without a document is looked for among so many chunks at most: each has to be looked at. */
const MOST_CHUNKS_BY_PLACE = 5_000;

/**
 * The ways to search for a question that names something, the narrowest first, the last without any of its filters:
 * what is found by the first that finds anything is taken.
 */
export function narrowings(scope: SearchScope, bases: SearchedBase[], named: Named | undefined): Narrowing[] {
  const open: Narrowing = { scope, bases, filters: [] };
  if (!named) return [open];
  const { documents, filters } = documentsOf(named, bases);
  const chunks = bases.reduce((sum, base) => sum + base.chunks, 0);
  const places = documents.length > 0 || chunks <= MOST_CHUNKS_BY_PLACE ? placesOf(named) : undefined;
  const all = [...filters, ...(places?.filters ?? [])];
  if (documents.length === 0 && !places) return [{ ...open, filters }];

  const ids = documents.map(({ id }) => id);
  const limited = documents.length > 0 ? { documentIds: ids } : {};
  const left = documents.length > 0 ? withDocuments(bases, ids) : bases;
  const dropped = (filter: NamedFilter): NamedFilter => ({ ...filter, dropped: true });
  const tries: Narrowing[] = [];
  if (places)
    tries.push({ scope: { ...scope, within: { ...limited, ...places.within } }, bases: left, filters: all });
  if (documents.length > 0)
    tries.push({
      scope: { ...scope, within: limited },
      bases: left,
      filters: [...filters, ...(places?.filters ?? []).map(dropped)],
    });
  return [...tries, { ...open, filters: all.map(dropped) }];
}

/** The documents that the names mean, and what of it is a filter. */
function documentsOf(
  named: Named,
  bases: SearchedBase[],
): { documents: NamedMatch[]; filters: NamedFilter[] } {
  const matches = bases.flatMap((base) => base.named);
  const meant = new Map<string, { match: NamedMatch; value: string }>();
  for (const [i, name] of named.documents.entries()) {
    const matching = matches.filter(({ names }) => names.includes(i));
    const best = bestOf(name, matching);
    if (best.length > (name.vague ? 1 : MOST_DOCUMENTS)) continue;
    for (const match of best) if (!meant.has(match.id)) meant.set(match.id, { match, value: name.value });
  }
  const byName = [...meant.values()];
  const { date } = named;
  if (!date) return { documents: byName.map(({ match }) => match), filters: byName.map(documentFilter) };
  if (named.documents.length === 0) {
    const some = matches.length > 0 && bases.every((base) => base.named.length < NAMED_DOCUMENTS);
    return some
      ? { documents: matches, filters: [filterOf('DATE', date.value)] }
      : { documents: [], filters: [] };
  }
  if (byName.length === 0) return { documents: [], filters: [] };
  const dated = byName.filter(({ match }) => match.dated);
  const kept = dated.length > 0 ? dated : byName;
  const dateFilter = { ...filterOf('DATE', date.value), dropped: dated.length === 0 };
  return { documents: kept.map(({ match }) => match), filters: [...kept.map(documentFilter), dateFilter] };
}

function placesOf({ pages, headings }: Named): { within: Within; filters: NamedFilter[] } | undefined {
  if (!pages && headings.length === 0) return undefined;
  return {
    within: {
      ...(pages ? { pages: [pages.from, pages.to] } : {}),
      ...(headings.length > 0 ? { headings: headings.map(({ patterns }) => patterns) } : {}),
    },
    filters: [
      ...(pages ? [filterOf('PAGE', pages.value)] : []),
      ...headings.map(({ value }) => filterOf('HEADING', value)),
    ],
  };
}

function withDocuments(bases: SearchedBase[], ids: string[]): SearchedBase[] {
  return bases.map((base) => ({
    ...base,
    chunks: base.named.filter(({ id }) => ids.includes(id)).reduce((sum, { chunks }) => sum + chunks, 0),
  }));
}

const filterOf = (kind: NamedFilter['kind'], value: string): NamedFilter => ({
  kind,
  value,
  documentId: null,
  dropped: false,
});

const documentFilter = ({ match, value }: { match: NamedMatch; value: string }): NamedFilter => ({
  ...filterOf('DOCUMENT', value),
  documentId: match.id,
});
