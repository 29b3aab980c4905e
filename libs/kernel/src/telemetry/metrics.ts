import { collectDefaultMetrics, Registry } from 'prom-client';

/** The metrics of this process: `new Counter({ registers: [registry], … })` adds one. */
export const registry = new Registry();
registry.setContentType(Registry.OPENMETRICS_CONTENT_TYPE as never);

// Event loop lag, memory, garbage collection, handles.
collectDefaultMetrics({ register: registry });
