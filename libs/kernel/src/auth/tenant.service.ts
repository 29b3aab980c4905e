import type { AuditLog } from '../audit/audit-log.js';
import { type RequestContext, runInContext } from '../context/request-context.js';
import { invalidInput, UserError } from '../errors/errors.js';
import type { Database } from '../persistence/database.js';
import { newId } from '../persistence/ids.js';
import { generateKey } from './api-key.service.js';
import { addAdministrator, addTenant } from './tenant.repository.js';

/** A company, or a part of one, whose data nobody of another tenant sees. */
export interface Tenant {
  id: string;
  name: string;
  createdAt: Date;
}

/** Who acts, in the ledger of the tenant: no user of it. */
const OPERATOR = 'operator';
const NAME_MAX = 100;

/** Makes and lists tenants, for the installation's operator: the caller has seen to it that nobody else asks. */
export class TenantService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /**
   * Makes a tenant and its first administrator.
   * @param name what tokens of an identity provider name in their `tenant` claim; 1 to 100 characters on one line
   * @param call the trace and the language of the operator's request
   * @returns the tenant, and the administrator's key: the only time that it can be seen
   * @throws UserError INVALID_INPUT, TENANT_NAME_TAKEN
   */
  async create(
    name: string,
    call: Pick<RequestContext, 'traceId' | 'locale' | 'signal'>,
  ): Promise<{ tenant: Tenant; key: string }> {
    const trimmed = name.trim();
    if (trimmed.length < 1 || trimmed.length > NAME_MAX || /\p{C}/u.test(trimmed)) {
      throw invalidInput('name', {
        en: `expected 1 to ${NAME_MAX} characters on one line`,
        zh: `应为一行文本，1 到 ${NAME_MAX} 个字符`,
      });
    }
    const id = newId();
    const key = generateKey();
    const principal = { tenantId: id, userId: OPERATOR, groupIds: [], roles: [] };
    const createdAt = await runInContext({ ...call, principal }, () =>
      this.database.tenant(async (manager) => {
        const at = await addTenant(manager, id, trimmed);
        if (!at) throw new UserError('TENANT_NAME_TAKEN', { name: trimmed });
        const { userId } = await addAdministrator(manager, id, key);
        await this.audit.append(manager, {
          action: 'tenant.create',
          subject: id,
          detail: { name: trimmed, administrator: userId },
        });
        return at;
      }),
    );
    return { tenant: { id, name: trimmed, createdAt }, key };
  }

  /** @returns every tenant of the installation, oldest first; nothing of what is in them */
  list(): Promise<Tenant[]> {
    return this.database.as('midplane_authenticator', (manager) =>
      manager.query<Tenant[]>('select id, name, created_at as "createdAt" from tenant order by id'),
    );
  }
}
