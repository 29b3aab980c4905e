import { Args, ID, Mutation, Query, Resolver } from '@nestjs/graphql';
import {
  type ApiKeyEntity,
  ApiKeyService,
  currentContext,
  invalidInput,
  type Role,
  ROLES,
} from '@midplane/kernel';
import { idOr } from '../input/parse-input.js';
import {
  ApiKey,
  CreateApiKeyInput,
  CreateApiKeyResult,
  type CreatedApiKey,
  RevokeApiKeyResult,
  Viewer,
} from './access.types.js';
import { UserRepository } from './user.repository.js';

@Resolver()
export class AccessResolver {
  constructor(
    private readonly apiKeyService: ApiKeyService,
    private readonly users: UserRepository,
  ) {}

  @Query(() => Viewer)
  async viewer(): Promise<Viewer> {
    const { userId, tenantId, roles } = currentContext().principal;
    return { id: userId, name: (await this.users.nameOf(userId)) ?? userId, tenantId, roles };
  }

  @Query(() => [ApiKey], { description: "The tenant's keys that are not revoked, oldest first." })
  async apiKeys(): Promise<ApiKey[]> {
    return (await this.apiKeyService.list()).map(toApiKey);
  }

  @Mutation(() => CreateApiKeyResult, { description: 'Makes a key that acts for the calling user.' })
  async createApiKey(@Args('input') input: CreateApiKeyInput): Promise<CreatedApiKey> {
    const { key, entry } = await this.apiKeyService.create({ ...input, roles: input.roles.map(toRole) });
    return { key, apiKey: toApiKey(entry) };
  }

  @Mutation(() => RevokeApiKeyResult)
  async revokeApiKey(@Args('id', { type: () => ID }) id: string): Promise<ApiKey> {
    return toApiKey(await this.apiKeyService.revoke(idOr('API_KEY_NOT_FOUND', id)));
  }
}

function toRole(role: string, index: number): Role {
  const known = ROLES.find((each) => each === role);
  if (!known) {
    const roles = ROLES.join(', ');
    throw invalidInput(`roles.${index}`, { en: `expected one of ${roles}`, zh: `应为以下之一：${roles}` });
  }
  return known;
}

function toApiKey(entry: ApiKeyEntity): ApiKey {
  const { id, name, hint, roles, requestsPerMinute, createdAt, expiresAt, revokedAt } = entry;
  return { id, name, hint, roles, requestsPerMinute, createdAt, expiresAt, revokedAt };
}
