import { Args, GraphQLISODateTime, ID, Int, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  LimitInput,
  ModelInput,
  type ModelKind,
  type ModelView,
  ProviderInput,
  RoutePlan,
  type RouteView,
  type UsageGroup,
} from '@midplane/contracts';
import { type ServiceClient, ServiceRegistry } from '@midplane/kernel';
import { z } from 'zod';
import { idOr, parseInput } from '../input/parse-input.js';
import {
  CreateModelInput,
  CreateModelProviderInput,
  Model,
  ModelKindEnum,
  ModelLimit,
  ModelLimitResult,
  ModelProvider,
  ModelProviderResult,
  ModelResult,
  ModelRoute,
  ModelRouteResult,
  ModelRouteVersion,
  ModelRouteVersionResult,
  type Removed,
  RemovalResult,
  SetModelLimitInput,
  UpdateModelProviderInput,
  UsageGroupEnum,
  UsageRow,
} from './models.types.js';
import { JsonScalar } from '../scalars/json.scalar.js';

/** What a route's version does, in the arguments of its operations. */
const Plan = z.object({ plan: RoutePlan });
const PLAN =
  'targets: [{ modelId, weight, canary, shadow }], fallbacks: [modelId], choice: weight, least-busy or cost, guard, cache, strict: of an answer from documents only sentences that these support.';

/** Models, routes, limits and usage: the models service, in GraphQL. It says who may do what. */
@Resolver()
export class ModelsResolver {
  private readonly service: ServiceClient<'models'>;

  constructor(services: ServiceRegistry) {
    this.service = services.client('models');
  }

  @Query(() => [Model])
  async models(
    @Args('kind', { type: () => ModelKindEnum, nullable: true }) kind: ModelKind | null,
  ): Promise<Model[]> {
    return (await this.service.models({ kind: kind ?? undefined })).map(toModel);
  }

  @Query(() => [ModelRoute])
  async modelRoutes(): Promise<ModelRoute[]> {
    const [routes, models] = await Promise.all([this.service.routes(), this.service.models({})]);
    return routes.map((route) => toRoute(route, models));
  }

  @Query(() => [ModelRouteVersion], { nullable: true })
  async modelRouteVersions(
    @Args('routeId', { type: () => ID }) routeId: string,
  ): Promise<ModelRouteVersion[]> {
    return this.service.routeVersions({ routeId: idOr('ROUTE_NOT_FOUND', routeId) });
  }

  @Query(() => [ModelProvider])
  async modelProviders(): Promise<ModelProvider[]> {
    return this.service.providers();
  }

  @Query(() => [ModelLimit])
  async modelLimits(): Promise<ModelLimit[]> {
    return this.service.limits();
  }

  @Query(() => [UsageRow], { complexity: 50 })
  async usage(
    @Args('from', { type: () => GraphQLISODateTime }) from: Date,
    @Args('to', { type: () => GraphQLISODateTime }) to: Date,
    @Args('groupBy', { type: () => UsageGroupEnum }) groupBy: UsageGroup,
  ): Promise<UsageRow[]> {
    return this.service.usage({ from, to, groupBy });
  }

  @Mutation(() => ModelProviderResult)
  async createModelProvider(@Args('input') input: CreateModelProviderInput): Promise<ModelProvider> {
    return this.service.createProvider(parseInput(ProviderInput, input));
  }

  @Mutation(() => ModelProviderResult)
  async updateModelProvider(
    @Args('input') { id, ...input }: UpdateModelProviderInput,
  ): Promise<ModelProvider> {
    const changes = parseInput(ProviderInput.omit({ kind: true }).partial(), input);
    return this.service.updateProvider({ id: idOr('PROVIDER_NOT_FOUND', id), ...changes });
  }

  @Mutation(() => RemovalResult)
  async deleteModelProvider(@Args('id', { type: () => ID }) id: string): Promise<Removed> {
    return this.service.deleteProvider({ id: idOr('PROVIDER_NOT_FOUND', id) });
  }

  @Mutation(() => ModelResult)
  async createModel(@Args('input') input: CreateModelInput): Promise<Model> {
    return toModel(await this.service.createModel(parseInput(ModelInput, input)));
  }

  @Mutation(() => RemovalResult)
  async deleteModel(@Args('id', { type: () => ID }) id: string): Promise<Removed> {
    return this.service.deleteModel({ id: idOr('MODEL_NOT_FOUND', id) });
  }

  @Mutation(() => ModelRouteResult, { description: `Makes a route. plan: ${PLAN}` })
  async createModelRoute(
    @Args('name', { type: () => String }) name: string,
    @Args('plan', { type: () => JsonScalar }) plan: unknown,
    @Args('note', { type: () => String, nullable: true }) note: string | null,
  ): Promise<ModelRoute> {
    const made = await this.service.createRoute({
      name: parseInput(ProviderInput.pick({ name: true }), { name }).name,
      plan: parseInput(Plan, { plan }).plan,
      note: note ?? '',
    });
    return this.withModels(made);
  }

  @Mutation(() => ModelRouteVersionResult, {
    description: `Adds a version, which serves once it is promoted. plan: ${PLAN}`,
  })
  async addModelRouteVersion(
    @Args('routeId', { type: () => ID }) routeId: string,
    @Args('plan', { type: () => JsonScalar }) plan: unknown,
    @Args('note', { type: () => String, nullable: true }) note: string | null,
  ): Promise<ModelRouteVersion> {
    return this.service.addRouteVersion({
      routeId: idOr('ROUTE_NOT_FOUND', routeId),
      plan: parseInput(Plan, { plan }).plan,
      note: note ?? '',
    });
  }

  @Mutation(() => ModelRouteResult, { description: 'Lets a version of a route serve.' })
  async promoteModelRoute(
    @Args('routeId', { type: () => ID }) routeId: string,
    @Args('version', { type: () => Int }) version: number,
  ): Promise<ModelRoute> {
    return this.withModels(
      await this.service.promoteRoute({ routeId: idOr('ROUTE_NOT_FOUND', routeId), version }),
    );
  }

  @Mutation(() => ModelRouteResult, { description: 'Lets the version before serve again.' })
  async rollBackModelRoute(@Args('routeId', { type: () => ID }) routeId: string): Promise<ModelRoute> {
    return this.withModels(await this.service.rollBackRoute({ routeId: idOr('ROUTE_NOT_FOUND', routeId) }));
  }

  @Mutation(() => RemovalResult, { description: 'Keeps a user on one version of a route; null lets go.' })
  async pinModelRoute(
    @Args('routeId', { type: () => ID }) routeId: string,
    @Args('userId', { type: () => ID }) userId: string,
    @Args('version', { type: () => Int, nullable: true }) version: number | null,
  ): Promise<Removed> {
    const user = parseInput(z.object({ userId: z.uuid() }), { userId }).userId;
    await this.service.pinRoute({ routeId: idOr('ROUTE_NOT_FOUND', routeId), userId: user, version });
    return { id: routeId };
  }

  @Mutation(() => RemovalResult)
  async deleteModelRoute(@Args('id', { type: () => ID }) id: string): Promise<Removed> {
    return this.service.deleteRoute({ id: idOr('ROUTE_NOT_FOUND', id) });
  }

  @Mutation(() => ModelLimitResult, {
    description: 'Sets the limit of a subject, in the place of the one that it has.',
  })
  async setModelLimit(@Args('input') input: SetModelLimitInput): Promise<ModelLimit> {
    return this.service.setLimit(parseInput(LimitInput, input));
  }

  @Mutation(() => RemovalResult)
  async deleteModelLimit(@Args('id', { type: () => ID }) id: string): Promise<Removed> {
    return this.service.deleteLimit({ id: idOr('LIMIT_NOT_FOUND', id) });
  }

  private async withModels(route: RouteView): Promise<ModelRoute> {
    return toRoute(route, await this.service.models({}));
  }
}

function toModel({ supports, ...model }: ModelView): Model {
  return { ...model, supportsTools: supports.tools };
}

function toRoute({ plan, ...route }: RouteView, models: ModelView[]): ModelRoute {
  const of = (id: string) => models.filter((model) => model.id === id).map(toModel);
  return {
    ...route,
    targets: plan.targets.flatMap(({ modelId, ...target }) =>
      of(modelId).map((model) => ({ ...target, model })),
    ),
    fallbacks: plan.fallbacks.flatMap(of),
  };
}
