import type { ServiceName } from '@midplane/contracts';
import { z } from 'zod';
import { jobsConfig } from '../jobs/jobs.config.js';
import { configGroup, env, type ConfigOf } from './config.js';

const base64Key = z
  .string()
  .refine((text) => Buffer.from(text, 'base64').length >= 32, 'expected at least 32 bytes in base64');

const serviceUrl = (name: ServiceName) => ({
  schema: env.url('http', 'https').optional(),
  description: `Where the ${name} service runs.`,
  defaultText: 'in-process',
});

/** What every process reads. */
export const kernelConfig = configGroup('Platform', {
  HOST: {
    schema: z.string().default('127.0.0.1'),
    description: 'Address that the process listens on.',
    defaultText: '127.0.0.1',
  },
  PORT: { schema: env.port(3000), description: 'Port that the process listens on.', defaultText: '3000' },
  MIDPLANE_HOME: {
    schema: z.string().default('.midplane'),
    description: 'Folder of the embedded database, the files and the keys.',
    defaultText: '.midplane',
  },
  DATABASE_URL: {
    schema: env.url('postgres', 'postgresql').optional(),
    description: 'Postgres 18 with vector and pg_textsearch; without it the embedded one runs.',
    defaultText: 'embedded Postgres',
    secret: true,
  },
  DATABASE_POOL_SIZE: {
    schema: env.integer(10, 1, 200),
    description: 'Connections that each process keeps to Postgres.',
    defaultText: '10',
  },
  REDIS_URL: {
    schema: env.url('redis', 'rediss').optional(),
    description: 'Redis for jobs, events and shared limits; without it they stay in the process.',
    defaultText: 'in-process',
    secret: true,
  },
  S3_ENDPOINT: {
    schema: env.url('http', 'https').optional(),
    description: 'S3-compatible storage for documents.',
    defaultText: 'files under MIDPLANE_HOME',
  },
  S3_BUCKET: {
    schema: z.string().default('midplane'),
    description: 'Bucket of the documents.',
    defaultText: 'midplane',
  },
  S3_REGION: {
    schema: z.string().default('us-east-1'),
    description: 'Region of that storage; those that are not Amazon take any.',
    defaultText: 'us-east-1',
  },
  S3_ACCESS_KEY_ID: {
    schema: z.string().optional(),
    description: 'Access key of that storage.',
    secret: true,
  },
  S3_SECRET_ACCESS_KEY: {
    schema: z.string().optional(),
    description: 'Secret key of that storage.',
    secret: true,
  },
  MIDPLANE_MASTER_KEY: {
    schema: base64Key.optional(),
    description:
      'At least 32 bytes in base64: encrypts stored secrets and signs calls between services. The same in every process of the distributed form.',
    defaultText: 'generated, kept in MIDPLANE_HOME',
    secret: true,
  },
  MIDPLANE_ADMIN_KEY: {
    schema: z
      .string()
      .regex(/^mp_[A-Za-z0-9_-]{32,}$/, 'expected mp_ and at least 32 letters, digits, _ or -')
      .optional(),
    description: 'Presets the key of the first administrator.',
    defaultText: 'generated, kept in MIDPLANE_HOME/admin.key',
    secret: true,
  },
  OIDC_ISSUER: {
    schema: env.url('http', 'https').optional(),
    description: 'Identity provider whose tokens are accepted.',
  },
  OIDC_AUDIENCE: { schema: z.string().optional(), description: 'Audience that those tokens must name.' },
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
    description: 'Least level of log lines.',
    defaultText: 'info',
  },
  OTEL_EXPORTER_OTLP_ENDPOINT: {
    schema: env.url('http', 'https').optional(),
    description: 'Where OpenTelemetry spans are sent.',
    defaultText: 'none are sent',
  },
  INFERENCE_URL: serviceUrl('inference'),
  INGEST_URL: serviceUrl('ingest'),
  MODELS_URL: serviceUrl('models'),
  RETRIEVAL_URL: serviceUrl('retrieval'),
  SESSIONS_URL: serviceUrl('sessions'),
  ...jobsConfig.variables,
});

export type KernelConfig = ConfigOf<typeof kernelConfig>;
