import type { AnswerSettings } from '@midplane/contracts';
import { AuditLog, authorize, currentContext, Database } from '@midplane/kernel';
import { Injectable } from '@nestjs/common';
import { EXTRACTIVE_PARAMETERS } from '../answer/extractive/parameters.js';

/** What a tenant decides about its answers. */
@Injectable()
export class AnswerSettingsService {
  constructor(
    private readonly database: Database,
    private readonly audit: AuditLog,
  ) {}

  /** @throws UserError FORBIDDEN */
  async get(): Promise<AnswerSettings> {
    authorize('ask', 'KnowledgeBase');
    const rows = await this.database.tenant((manager) =>
      manager.query<{ threshold: number }[]>('select threshold::float8 from answer_setting'),
    );
    return settingsOf(rows[0]?.threshold);
  }

  /** @param threshold 0–1; null: the default. @throws UserError FORBIDDEN */
  async set(threshold: number | null): Promise<AnswerSettings> {
    authorize('update', 'KnowledgeBase');
    const { tenantId } = currentContext().principal;
    await this.database.tenant(async (manager) => {
      if (threshold === null) await manager.query('delete from answer_setting');
      else
        await manager.query(
          `insert into answer_setting (tenant_id, threshold) values ($1, $2)
           on conflict (tenant_id) do update set threshold = excluded.threshold`,
          [tenantId, threshold],
        );
      await this.audit.append(manager, {
        action: 'answer-settings.update',
        subject: tenantId,
        detail: { threshold },
      });
    });
    return this.get();
  }
}

const settingsOf = (threshold: number | undefined): AnswerSettings => ({
  threshold: threshold === undefined ? EXTRACTIVE_PARAMETERS.threshold : Number(threshold.toFixed(6)),
  isDefault: threshold === undefined,
});
