import { Field, Float, ID, InputType, Int, ObjectType, registerEnumType } from '@nestjs/graphql';
import { Fusion, NamedFilterKind, SearchMode } from '@midplane/contracts';
import { Document } from '../knowledge/document.types.js';
import { Forbidden, InvalidInput, NotFound, outcomeOf, Unavailable } from '../problem/problem.types.js';
import { JsonScalar } from '../scalars/json.scalar.js';

export const SearchModeEnum = SearchMode.enum;
registerEnumType(SearchModeEnum, { name: 'SearchMode' });

export const FusionEnum = Fusion.enum;
registerEnumType(FusionEnum, {
  name: 'Fusion',
  description:
    'SCORE: scaled scores, the lexical part weighted by how much of the question it covers. RRF: summed reciprocal ranks.',
});

export const NamedFilterKindEnum = NamedFilterKind.enum;
registerEnumType(NamedFilterKindEnum, { name: 'NamedFilterKind' });

@InputType('SearchInput')
export class SearchInput {
  @Field(() => String)
  query!: string;

  @Field(() => [ID])
  knowledgeBaseIds!: string[];

  @Field(() => Int, { nullable: true, defaultValue: 10, description: '1 to 100.' })
  topK?: number | null;

  @Field(() => SearchModeEnum, { nullable: true, defaultValue: SearchModeEnum.HYBRID })
  mode?: SearchMode | null;

  @Field(() => FusionEnum, { nullable: true, defaultValue: FusionEnum.SCORE })
  fusion?: Fusion | null;

  @Field(() => Boolean, {
    nullable: true,
    description: "Default: on where a reranker is there (the embedder's own token states are one).",
  })
  rerank?: boolean | null;

  @Field(() => Float, { nullable: true, description: 'Applied once, to the final score.' })
  minScore?: number | null;

  @Field(() => JsonScalar, {
    nullable: true,
    description: 'Equality and ranges over document metadata.',
  })
  filter?: unknown;

  @Field(() => Boolean, {
    nullable: true,
    defaultValue: true,
    description:
      'Whether a document, a page, a date or a heading that the query names limits the search; what it did is in `filters`.',
  })
  namedFilters?: boolean | null;
}

@ObjectType('HitTrace', {
  description:
    'lexicalPart + vectorPart = fusedScore. Ranks are 1-based; null where the channel did not find it.',
})
export class HitTrace {
  @Field(() => Int, { nullable: true })
  lexicalRank!: number | null;

  @Field(() => Float, { nullable: true })
  lexicalScore!: number | null;

  @Field(() => Float)
  lexicalPart!: number;

  @Field(() => Int, { nullable: true })
  vectorRank!: number | null;

  @Field(() => Float, { nullable: true })
  vectorScore!: number | null;

  @Field(() => Float)
  vectorPart!: number;

  @Field(() => Float)
  fusedScore!: number;

  @Field(() => Float, { nullable: true })
  rerankScore!: number | null;
}

@ObjectType('SearchHit')
export class SearchHit {
  @Field(() => ID)
  chunkId!: string;

  @Field(() => Document)
  document!: Document;

  @Field(() => String)
  text!: string;

  @Field(() => Float, { description: 'Final score; how it came about is in `trace`.' })
  score!: number;

  @Field(() => Int, { nullable: true, description: '1-based page of the source, where it has pages.' })
  page!: number | null;

  @Field(() => [[Float]], {
    description: 'Boxes on that page, in points from its top left: [x, y, width, height].',
  })
  boxes!: number[][];

  @Field(() => [String])
  headings!: string[];

  @Field(() => [[Int]], {
    description: 'What in the text carried the match: [start, end) in UTF-16 code units.',
  })
  highlights!: number[][];

  @Field(() => [[Float]], {
    description: 'Boxes on that page of the lines that hold highlights, where the source has a fixed layout.',
  })
  highlightBoxes!: number[][];

  @Field(() => HitTrace)
  trace!: HitTrace;
}

@ObjectType('NamedFilter', { description: 'What the question named, taken as a filter.' })
export class NamedFilter {
  @Field(() => NamedFilterKindEnum)
  kind!: NamedFilterKind;

  @Field(() => String, { description: 'As the question writes it; a date as 2024 or 2024-03.' })
  value!: string;

  @Field(() => ID, { nullable: true, description: 'The document that is meant.' })
  documentId!: string | null;

  @Field(() => Boolean, { description: 'Nothing was found with it, so that it was left out.' })
  dropped!: boolean;
}

@ObjectType('SearchResult')
export class SearchResult {
  @Field(() => [SearchHit])
  hits!: SearchHit[];

  @Field(() => [NamedFilter])
  filters!: NamedFilter[];

  @Field(() => Float)
  tookMs!: number;

  @Field(() => String)
  embeddingModel!: string;

  @Field(() => String, { nullable: true })
  reranker!: string | null;
}

export const SearchOutcome = outcomeOf(
  { name: 'SearchOutcome' },
  [SearchResult, 'SearchResult'],
  InvalidInput,
  NotFound,
  Forbidden,
  Unavailable,
);
