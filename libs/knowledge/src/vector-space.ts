/** An embedder as a knowledge base is bound to it. */
export interface EmbedderBinding {
  name: string;
  /** Changes whenever the same text would get another vector. */
  revision: string;
  dimension: number;
}

/**
 * The name under which an embedder's vectors are kept (`chunk_vector.embedding_model`). Name and revision together,
 * so that the vectors of two revisions of one model can stand side by side while a knowledge base is re-embedded.
 */
export function vectorSpace(embedder: Pick<EmbedderBinding, 'name' | 'revision'>): string {
  return `${embedder.name}@${embedder.revision}`;
}

/** Dimensions of vectors that there is a table and an index for. */
export const VECTOR_DIMENSIONS: readonly number[] = [384, 512, 768, 1024, 1536, 2048, 3072];

/** @returns whether both make the same vectors */
export function isSameEmbedder(a: EmbedderBinding, b: EmbedderBinding): boolean {
  return a.name === b.name && a.revision === b.revision && a.dimension === b.dimension;
}
