import { AbilityBuilder, createMongoAbility, type MongoAbility } from '@casl/ability';
import { currentContext, type Principal, type Role, ROLES } from '../context/request-context.js';
import { UserError } from '../errors/errors.js';

export type Action = 'read' | 'create' | 'update' | 'delete' | 'manage' | 'search' | 'ask';
export type Subject =
  | 'KnowledgeBase'
  | 'Document'
  | 'Conversation'
  | 'ApiKey'
  | 'AuditEvent'
  | 'Usage'
  | 'Job'
  | 'Model'
  | 'Tool'
  | 'Agent'
  | 'all';

type Abilities = MongoAbility<[Action, Subject]>;
type Grant = (can: AbilityBuilder<Abilities>['can']) => void;

/** What each role may do. A principal with several roles may do what any of them may. */
const GRANTS: Record<Role, Grant> = {
  administrator: (can) => {
    can('manage', 'all');
  },
  'knowledge-admin': (can) => {
    can('manage', 'KnowledgeBase');
    can('manage', 'Document');
    can('manage', 'Conversation');
    can('manage', 'Job');
    can(['read', 'ask'], 'Model');
  },
  'tool-developer': (can) => {
    can('manage', 'Tool');
    can('manage', 'Conversation');
    can(['read', 'search', 'ask'], 'KnowledgeBase');
    can(['read', 'ask'], 'Model');
    can('read', ['Document', 'Agent']);
  },
  application: (can) => {
    can('manage', 'Conversation');
    can(['read', 'search', 'ask'], 'KnowledgeBase');
    can(['read', 'ask'], 'Model');
    can('read', ['Document', 'Tool', 'Agent']);
  },
  auditor: (can) => {
    can('read', ['AuditEvent', 'Usage', 'Model']);
  },
};

/** By the roles in their order: at most 32 sets. Building one takes longer than all the questions of a call. */
const built = new Map<string, Abilities>();

/** @returns the abilities of a principal's roles; not to be changed, since all with these roles share them */
export function abilitiesOf(principal: Principal): Abilities {
  const roles = ROLES.filter((role) => principal.roles.includes(role));
  const key = roles.join(' ');
  let abilities = built.get(key);
  if (!abilities) {
    const { can, build } = new AbilityBuilder<Abilities>(createMongoAbility);
    for (const role of roles) GRANTS[role](can);
    abilities = build();
    built.set(key, abilities);
  }
  return abilities;
}

/** @returns whether the running call's principal may do this */
export function may(action: Action, subject: Subject): boolean {
  return abilitiesOf(currentContext().principal).can(action, subject);
}

/** @throws UserError FORBIDDEN where the running call's principal may not do this */
export function authorize(action: Action, subject: Subject): void {
  if (!may(action, subject)) throw new UserError('FORBIDDEN', { action, subject });
}
