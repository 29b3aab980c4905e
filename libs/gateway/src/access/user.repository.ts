import { Injectable } from '@nestjs/common';
import { Database } from '@midplane/kernel';

/** Reads users of the running call's tenant. */
@Injectable()
export class UserRepository {
  constructor(private readonly database: Database) {}

  /** @returns the user's name, or undefined where the tenant has no such user */
  async nameOf(userId: string): Promise<string | undefined> {
    const rows = await this.database.tenant((manager) =>
      manager.query<{ name: string }[]>('select name from app_user where id = $1', [userId]),
    );
    return rows[0]?.name;
  }
}
