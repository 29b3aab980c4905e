import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Role } from '../context/request-context.js';

/** A key of a user. The key itself is not kept: `hash` is its SHA-256, `hint` its last four characters. */
@Entity('api_key')
export class ApiKeyEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'tenant_id' })
  tenantId!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('text')
  name!: string;

  @Column('bytea', { select: false })
  hash!: Buffer;

  @Column('text')
  hint!: string;

  @Column('text', { array: true })
  roles!: Role[];

  /** Requests a minute that the key may make; null: the installation's default. */
  @Column('int', { name: 'requests_per_minute', nullable: true })
  requestsPerMinute!: number | null;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at', nullable: true })
  expiresAt!: Date | null;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
