import { Args, Info, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphQLResolveInfo } from 'graphql';
import { SearchInput as SearchSchema, type SearchResult as ResultView } from '@midplane/contracts';
import { authorize, type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { parseInput } from '../input/parse-input.js';
import { withDocuments } from './hits.js';
import { SearchHit, SearchInput, SearchOutcome, SearchResult } from './search.types.js';

@Resolver(() => SearchResult)
export class SearchResolver {
  private readonly ingest: ServiceClient<'ingest'>;
  private readonly retrieval: ServiceClient<'retrieval'>;

  constructor(services: ServiceRegistry) {
    this.ingest = services.client('ingest');
    this.retrieval = services.client('retrieval');
  }

  @Query(() => SearchOutcome, { complexity: 10 })
  async search(@Args('input') input: SearchInput): Promise<ResultView> {
    authorize('search', 'KnowledgeBase');
    return this.retrieval.search(parseInput(SearchSchema, input));
  }

  @ResolveField(() => [SearchHit])
  hits(@Parent() { hits }: ResultView, @Info() info: GraphQLResolveInfo): Promise<SearchHit[]> {
    return withDocuments(hits, info, this.ingest);
  }
}
