import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Locale } from '@midplane/contracts';
import { localeOf } from '../operation/locale.js';

const TEXTS = {
  en: {
    lead: 'Answers grounded in your documents.',
    graphql: 'GraphQL; in a browser, an editor for it',
    stream: 'GraphQL by server-sent events; WebSocket is on /graphql',
    health: 'state of the platform and what it stands on',
    key: "Send <code>Authorization: Bearer &lt;API key&gt;</code>. The first administrator's key is in <code>.midplane/admin.key</code>.",
  },
  zh: {
    lead: '基于您的文档给出有据可查的回答。',
    graphql: 'GraphQL 接口；在浏览器中打开为编辑器',
    stream: 'GraphQL 服务器推送事件；WebSocket 位于 /graphql',
    health: '平台及其依赖的状态',
    key: '请发送 <code>Authorization: Bearer &lt;API 密钥&gt;</code>。首位管理员的密钥在 <code>.midplane/admin.key</code> 中。',
  },
} satisfies Record<Locale, Record<string, string>>;

const STYLE = 'body{font:16px/1.6 system-ui,sans-serif;max-width:40rem;margin:4rem auto;padding:0 1rem}';

/** Says what is where, in the browser's language. */
export function sendLandingPage(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const locale = localeOf(request.headers['accept-language']);
  const texts = TEXTS[locale];
  return reply
    .header(
      'content-security-policy',
      "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    )
    .type('text/html; charset=utf-8').send(`<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><title>Midplane</title><style>${STYLE}</style></head>
<body>
<h1>Midplane</h1>
<p>${texts.lead}</p>
<ul>
<li><a href="/graphql">/graphql</a>: ${texts.graphql}</li>
<li>/graphql/stream: ${texts.stream}</li>
<li><a href="/health/ready">/health/ready</a>: ${texts.health}</li>
</ul>
<p>${texts.key}</p>
</body>
</html>
`);
}
