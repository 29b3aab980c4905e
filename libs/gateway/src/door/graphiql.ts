import type { FastifyInstance, FastifyReply } from 'fastify';
import { createHash } from 'node:crypto';

/** GraphiQL's files, from an npm package: the platform works with no network. */
const FILES = {
  'graphiql.js': { part: 'js', type: 'text/javascript' },
  'graphiql.css': { part: 'css', type: 'text/css' },
  'editor.worker.js': { part: 'editorWorkerService', type: 'text/javascript' },
  'json.worker.js': { part: 'jsonWorker', type: 'text/javascript' },
  'graphql.worker.js': { part: 'graphqlWorker', type: 'text/javascript' },
} as const;

const EXAMPLE = `# Midplane. Put your API key behind "Bearer" under "Headers" below.
# 请在下方“Headers”中的 “Bearer” 之后填入 API 密钥。
{
  viewer {
    name
    roles
  }
  knowledgeBases {
    nodes {
      id
      name
      documentCount
    }
  }
}
`;

const BOOT = `
self.MonacoEnvironment = {
  globalAPI: false,
  getWorker: (_, label) => new Worker('/graphql/assets/' +
    ({ json: 'json.worker.js', graphql: 'graphql.worker.js' }[label] || 'editor.worker.js')),
};
YogaGraphiQL.renderYogaGraphiQL(document.querySelector('#root'), ${JSON.stringify({
  title: 'Midplane',
  // No `endpoint`: the page's own path is the default, and a given one takes the place of the one of subscriptions.
  subscriptionsProtocol: 'GRAPHQL_SSE',
  subscriptionsEndpoint: '/graphql/stream',
  defaultQuery: EXAMPLE,
  headers: '{\n  "Authorization": "Bearer "\n}',
  shouldPersistHeaders: false,
})});
`;

const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Midplane GraphQL</title>
<link rel="stylesheet" href="/graphql/assets/graphiql.css">
</head>
<body id="body" class="no-focus-outline">
<noscript>GraphiQL needs JavaScript. / GraphiQL 需要启用 JavaScript。</noscript>
<div id="root"></div>
<script src="/graphql/assets/graphiql.js"></script>
<script src="/graphql/assets/boot.js"></script>
</body>
</html>
`;

/** The editor styles itself inline and draws with data URLs; scripts come from here alone. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; connect-src 'self'; worker-src 'self'; frame-ancestors 'none'";

/** @returns GraphiQL's page */
export function sendGraphiql(reply: FastifyReply): FastifyReply {
  return reply.header('content-security-policy', POLICY).type('text/html; charset=utf-8').send(PAGE);
}

/** Serves what the page is made of, on `/graphql/assets/`. Nobody needs a key for it: it is the same everywhere. */
export function mountGraphiqlAssets(scope: FastifyInstance): void {
  let loaded: Promise<Record<string, { text: string; type: string; tag: string }>> | undefined;
  scope.get<{ Params: { name: string } }>('/graphql/assets/:name', async (request, reply) => {
    const file = (await (loaded ??= loadAssets()))[request.params.name];
    if (!file) return reply.code(404).type('text/plain').send('not found');
    void reply.headers({ 'cache-control': 'no-cache', etag: file.tag });
    if (request.headers['if-none-match'] === file.tag) return reply.code(304).send();
    return reply.type(`${file.type}; charset=utf-8`).send(file.text);
  });
}

/** Loaded at the first request: most installations never open the page, and it is large. */
async function loadAssets() {
  const parts = await import('@graphql-yoga/render-graphiql/graphiql');
  const files = Object.entries(FILES).map(([name, { part, type }]) => [name, parts[part], type] as const);
  return Object.fromEntries(
    [...files, ['boot.js', BOOT, 'text/javascript'] as const].map(([name, text, type]) => [
      name,
      { text, type, tag: `"${createHash('sha256').update(text).digest('base64url')}"` },
    ]),
  );
}
