import { pino, type Logger as PinoLogger } from 'pino';
import { contextIfAny } from '../context/request-context.js';

export type Logger = PinoLogger;

/** Fields that never reach a log line, wherever in an object they stand up to two levels deep. */
const SECRETS = ['authorization', 'apiKey', 'password', 'secret', 'token', 'key', 'cookie', 'masterKey'];

/**
 * Structured logs (one JSON object a line on standard error), with the running call's trace and tenant.
 * @param level least level that is written
 */
export function createLogger(level: string, service: string): Logger {
  return pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[secret]' },
      mixin: () => {
        const context = contextIfAny();
        return context ? { traceId: context.traceId, tenantId: context.principal.tenantId } : {};
      },
    },
    pino.destination({ fd: 2, sync: false }),
  );
}
