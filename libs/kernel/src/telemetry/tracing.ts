import {
  type Attributes,
  context,
  isSpanContextValid,
  isValidTraceId,
  ROOT_CONTEXT,
  type Span,
  SpanStatusCode,
  trace,
  TraceFlags,
} from '@opentelemetry/api';
import { contextIfAny } from '../context/request-context.js';
import { asError, UserError } from '../errors/errors.js';

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/;

/** Header that carries the calling span between services. */
export const TRACEPARENT_HEADER = 'traceparent';

/** Whether spans are sent. */
let sending = false;

/**
 * Does `work` as a span of the running call's trace. Costs nothing where no spans are sent.
 * A stream that `work` gives is a part of it: the span ends where the stream does, by its end, its failure or its
 * reader, and what the stream does in between are its children.
 * @param name low in number: the operation, never its input
 * @param attributes ids, counts and names; never text of people or secrets
 * @throws what `work` throws; an expected failure is noted as its code, a fault as an error
 */
export async function span<T>(name: string, attributes: Attributes, work: () => T | Promise<T>): Promise<T> {
  if (!sending) return work();
  return trace.getTracer('midplane').startActiveSpan(name, { attributes }, async (current) => {
    try {
      const result = await work();
      if (current.isRecording() && isStream(result)) return streamWithin(current, result) as T;
      current.end();
      return result;
    } catch (error) {
      endFailed(current, error);
      throw error;
    }
  });
}

/** Streams of calls are iterators. A file's stream is none: it goes on to whoever reads it. */
type Stream = AsyncIterator<unknown, unknown> & AsyncIterable<unknown>;

function isStream(result: unknown): result is Stream {
  return typeof result === 'object' && result !== null && Symbol.asyncIterator in result && 'next' in result;
}

/** @returns the stream, whose steps run under the span, and whose end ends it */
function streamWithin(current: Span, stream: Stream): Stream & AsyncDisposable {
  const active = context.active();
  const step = async (go: () => Promise<IteratorResult<unknown, unknown>>) => {
    try {
      const result = await context.with(active, go);
      if (result.done) current.end();
      return result;
    } catch (error) {
      endFailed(current, error);
      throw error;
    }
  };
  const whole: Stream & AsyncDisposable = {
    next: () => step(() => stream.next()),
    return: (value?: unknown) =>
      step(async () => (await stream.return?.(value)) ?? { done: true, value: undefined }),
    throw: (error: unknown) =>
      step(() => {
        if (stream.throw) return stream.throw(error);
        throw error;
      }),
    [Symbol.asyncIterator]: () => whole,
    [Symbol.asyncDispose]: async () => {
      await whole.return!();
    },
  };
  return whole;
}

function endFailed(current: Span, error: unknown): void {
  if (error instanceof UserError) current.setAttribute('midplane.problem', error.code);
  else {
    current.recordException(asError(error));
    current.setStatus({ code: SpanStatusCode.ERROR });
  }
  current.end();
}

/** @returns the header of the running span, for a call to another service; undefined where no spans are sent */
export function traceparent(): string | undefined {
  const current = trace.getActiveSpan()?.spanContext();
  if (!current || !isSpanContextValid(current)) return undefined;
  return `00-${current.traceId}-${current.spanId}-${current.traceFlags.toString(16).padStart(2, '0')}`;
}

/**
 * Does `work` as a part of the caller's span.
 * @param traceId the one that the caller has signed; a header of another trace counts for nothing
 */
export function continueSpan<T>(header: string | string[] | undefined, traceId: string, work: () => T): T {
  const [, id, spanId, flags] = TRACEPARENT.exec(String(header ?? '')) ?? [];
  if (!spanId || id !== traceId) return work();
  const traceFlags = Number.parseInt(flags!, 16) & TraceFlags.SAMPLED;
  const parent = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  return context.with(parent, work);
}

export interface TracingSettings {
  /** Where spans are sent (OTLP over HTTP), without `/v1/traces`. */
  endpoint: string;
  /** Name of this process. */
  service: string;
}

/**
 * Begins to send spans. A call's trace id is that of its request context, which the answer's `x-trace-id` names too.
 * @returns sends what is left, and ends
 */
export async function startTracing({ endpoint, service }: TracingSettings): Promise<() => Promise<void>> {
  // Loaded only where spans are sent.
  const [sdk, otlp, hooks, resources] = await Promise.all([
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/context-async-hooks'),
    import('@opentelemetry/resources'),
  ]);
  const random = new sdk.RandomIdGenerator();
  const provider = new sdk.TracerProvider({
    resource: resources.resourceFromAttributes({ 'service.name': `midplane-${service}` }),
    idGenerator: {
      generateTraceId: () => {
        const traceId = contextIfAny()?.traceId;
        return traceId && isValidTraceId(traceId) ? traceId : random.generateTraceId();
      },
      generateSpanId: () => random.generateSpanId(),
    },
    spanProcessors: [
      new sdk.BatchSpanProcessor({
        exporter: new otlp.OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` }),
      }),
    ],
  });
  trace.setGlobalTracerProvider(provider);
  context.setGlobalContextManager(new hooks.AsyncLocalStorageContextManager().enable());
  sending = true;
  return async () => {
    sending = false;
    await provider.shutdown();
    trace.disable();
    context.disable();
  };
}
