export const GRAPHQL_RESPONSE = 'application/graphql-response+json';
export const JSON_RESPONSE = 'application/json';
export type ResponseType = typeof GRAPHQL_RESPONSE | typeof JSON_RESPONSE;

interface Range {
  type: string;
  charset?: string;
  quality: number;
}

/**
 * The media type to answer in, by the GraphQL over HTTP specification: what the client prefers of the two;
 * `application/json` where it leaves the choice.
 * @returns undefined where it accepts neither
 */
export function responseType(accept: string | undefined): ResponseType | undefined {
  const ranges = parseAccept(accept ?? '*/*').filter(
    ({ charset, quality }) => quality > 0 && (charset === undefined || /^utf-?8$/.test(charset)),
  );
  let best: { type: ResponseType; quality: number } | undefined;
  for (const { type, quality } of ranges) {
    const ours =
      type === GRAPHQL_RESPONSE
        ? GRAPHQL_RESPONSE
        : type === JSON_RESPONSE || type === 'application/*' || type === '*/*'
          ? JSON_RESPONSE
          : undefined;
    if (ours && (!best || quality > best.quality)) best = { type: ours, quality };
  }
  return best?.type;
}

/** @returns whether a browser asks for a page: it names HTML, and before anything that we answer in */
export function prefersHtml(accept: string | undefined): boolean {
  const html = parseAccept(accept ?? '').find(({ type }) => type === 'text/html');
  if (!html) return false;
  const named = parseAccept(accept ?? '').filter(
    ({ type }) => type === GRAPHQL_RESPONSE || type === JSON_RESPONSE,
  );
  return named.every(({ quality }) => quality < html.quality);
}

export const acceptsEventStream = (accept: string | undefined): boolean =>
  parseAccept(accept ?? '').some(({ type }) => type === 'text/event-stream');

function parseAccept(header: string): Range[] {
  return header
    .toLowerCase()
    .split(',')
    .map((range) => {
      const [type = '', ...parameters] = range.split(';').map((part) => part.trim());
      const parameter = (name: string) =>
        parameters.find((each) => each.startsWith(`${name}=`))?.slice(name.length + 1);
      const quality = Number(parameter('q') ?? 1);
      return { type, charset: parameter('charset'), quality: Number.isNaN(quality) ? 0 : quality };
    });
}
