import {
  type FieldNode,
  type GraphQLResolveInfo,
  Kind,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';
import type { SearchHit as HitView } from '@midplane/contracts';
import type { ServiceClient } from '@midplane/kernel';
import { toDocument } from '../knowledge/document.view.js';
import type { SearchHit } from './search.types.js';

/**
 * Gives hits their documents, by one call for all of them, where the operation asks for documents at all. A hit whose
 * document was deleted since, or may not be read any more, is left out.
 * @param info of the field that holds the hits
 */
export async function withDocuments(
  hits: HitView[],
  info: GraphQLResolveInfo,
  ingest: ServiceClient<'ingest'>,
): Promise<SearchHit[]> {
  if (hits.length === 0 || !selects(info, 'document')) return hits as unknown as SearchHit[];
  const ids = [...new Set(hits.map((hit) => hit.documentId))];
  const found = new Map((await ingest.documentsByIds({ ids })).map((view) => [view.id, toDocument(view)]));
  return hits.flatMap((hit) => {
    const document = found.get(hit.documentId);
    return document ? [{ ...hit, document }] : [];
  });
}

/** @returns whether a field is selected directly below, through fragments too */
function selects({ fieldNodes, fragments }: GraphQLResolveInfo, name: string): boolean {
  const inSet = (set: SelectionSetNode | undefined): boolean => set?.selections.some(inSelection) ?? false;
  const inSelection = (selection: SelectionNode): boolean => {
    if (selection.kind === Kind.FIELD) return selection.name.value === name;
    if (selection.kind === Kind.INLINE_FRAGMENT) return inSet(selection.selectionSet);
    return inSet(fragments[selection.name.value]?.selectionSet);
  };
  return fieldNodes.some((node: FieldNode) => inSet(node.selectionSet));
}
