/**
 * Every expected failure, once: its stable code, whose type it is in the public contract, and what it says to
 * a person in English and Chinese. `{name}` in a text is filled from the problem's parameters.
 */

export type ProblemKind =
  'InvalidInput' | 'NotFound' | 'Forbidden' | 'Conflict' | 'LimitExceeded' | 'Unavailable' | 'Refused';

export type Locale = 'en' | 'zh';

interface ProblemText {
  kind: ProblemKind;
  en: string;
  zh: string;
}

const define = <T extends Record<string, ProblemText>>(texts: T): T => texts;

export const PROBLEMS = define({
  // ── input ──
  INVALID_INPUT: {
    kind: 'InvalidInput',
    en: '{field}: {detail}',
    zh: '{field}：{detail}',
  },
  // ── who may do what ──
  UNAUTHENTICATED: {
    kind: 'Forbidden',
    en: 'No valid API key or token was sent. Send "Authorization: Bearer <API key>".',
    zh: '请求未带有效的 API 密钥或令牌。请发送 “Authorization: Bearer <API 密钥>”。',
  },
  FORBIDDEN: {
    kind: 'Forbidden',
    en: 'Your key may not {action} {subject}. Ask an administrator for a role that may.',
    zh: '您的密钥无权对 {subject} 执行 {action}。请向管理员申请具有该权限的角色。',
  },
  API_KEY_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no API key {id}.',
    zh: '没有 API 密钥 {id}。',
  },
  // ── limits and dependencies ──
  RATE_LIMITED: {
    kind: 'LimitExceeded',
    en: 'Too many requests with this key. Try again in {seconds} s.',
    zh: '此密钥的请求过于频繁，请在 {seconds} 秒后重试。',
  },
  DEADLINE_EXCEEDED: {
    kind: 'Unavailable',
    en: 'The request did not finish in time. Try again, or ask for less at once.',
    zh: '请求未能按时完成。请重试，或缩小请求范围。',
  },
  SERVICE_UNAVAILABLE: {
    kind: 'Unavailable',
    en: 'The service {service} cannot be reached. Try again shortly.',
    zh: '服务 {service} 暂时无法访问，请稍后重试。',
  },
  // ── models ──
  MODEL_NOT_FOUND: {
    kind: 'InvalidInput',
    en: 'There is no model "{model}" here. Available: {available}.',
    zh: '此处没有模型“{model}”。可用的模型：{available}。',
  },
  MODEL_UNAVAILABLE: {
    kind: 'Unavailable',
    en: 'The model "{model}" cannot be used now: {reason}.',
    zh: '模型“{model}”暂时无法使用：{reason}。',
  },
  EMBEDDER_MISMATCH: {
    kind: 'Unavailable',
    en: 'The knowledge base "{name}" was made with the embedder {bound}, which is not the one that runs here ({present}). Configure that embedder again, or re-embed the knowledge base.',
    zh: '知识库“{name}”由嵌入模型 {bound} 建立，而此处运行的是 {present}。请重新配置原模型，或对知识库重新嵌入。',
  },
  // ── conversations ──
  CONVERSATION_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no conversation {id} of yours.',
    zh: '您没有会话 {id}。',
  },
  // ── knowledge ──
  KNOWLEDGE_BASE_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no knowledge base {id}, or you may not read it.',
    zh: '没有知识库 {id}，或您无权读取。',
  },
  KNOWLEDGE_BASE_NAME_TAKEN: {
    kind: 'Conflict',
    en: 'A knowledge base named "{name}" exists already. Choose another name.',
    zh: '已存在名为“{name}”的知识库，请换一个名称。',
  },
  DOCUMENT_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no document {id}, or you may not read it.',
    zh: '没有文档 {id}，或您无权读取。',
  },
});

export type ProblemCode = keyof typeof PROBLEMS;
export type ProblemParams = Record<string, string | number>;

/** What crosses a boundary instead of an answer when something expected went wrong. */
export interface Problem {
  code: ProblemCode;
  params: ProblemParams;
}

/** @returns the problem's text for a person, in the given language; an unknown parameter stays as it is written. */
export function problemMessage(problem: Problem, locale: Locale): string {
  return PROBLEMS[problem.code][locale].replace(/\{(\w+)\}/g, (whole, name: string) =>
    String(problem.params[name] ?? whole),
  );
}

export function isProblemCode(code: unknown): code is ProblemCode {
  return typeof code === 'string' && code in PROBLEMS;
}
