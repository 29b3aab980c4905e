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
    zh: '{field}：{detailZh}',
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
  OPERATOR_ONLY: {
    kind: 'Forbidden',
    en: 'Only the operator of this installation may do that: sign the request with its master key, as `npx midplane tenants` does on the server.',
    zh: '仅限本系统的运维人员操作：请求须以主密钥签名，可在服务器上运行 `npx midplane tenants`。',
  },
  TENANT_NAME_TAKEN: {
    kind: 'Conflict',
    en: 'A tenant named "{name}" exists already. Choose another name.',
    zh: '已存在名为“{name}”的租户，请换一个名称。',
  },
  // ── background jobs ──
  JOB_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no failed job {id}. It may have been retried already.',
    zh: '没有失败的任务 {id}，它可能已被重试。',
  },
  JOB_QUEUED_ALREADY: {
    kind: 'Conflict',
    en: 'The work of job {id} is already queued by another job. Wait for that one to end.',
    zh: '任务 {id} 的工作已由另一任务排队执行，请等待其结束。',
  },
  JOB_INTERRUPTED: {
    kind: 'Unavailable',
    en: 'The process that did the work ended unexpectedly each time. Retry it; if it fails again, ask an administrator to look at the log and the memory of that process.',
    zh: '执行该工作的进程每次都意外中止。请重试；若仍失败，请管理员检查该进程的日志与内存。',
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
  STREAMS_LIMITED: {
    kind: 'LimitExceeded',
    en: 'This key has {limit} subscriptions open, and may not have more. End some first.',
    zh: '此密钥已打开 {limit} 个订阅，达到上限。请先关闭一些。',
  },
  QUERY_TOO_LONG: {
    kind: 'LimitExceeded',
    en: 'The GraphQL document is longer than {limit} tokens. Ask for less at once, and send long values as variables.',
    zh: 'GraphQL 文档超过 {limit} 个词元。请减少单次请求的内容，并将较长的值作为变量发送。',
  },
  QUERY_TOO_LARGE: {
    kind: 'LimitExceeded',
    en: 'The GraphQL document is longer than {limit} characters. Send long values as variables.',
    zh: 'GraphQL 文档超过 {limit} 个字符。请将较长的值作为变量发送。',
  },
  QUERY_TOO_DEEP: {
    kind: 'LimitExceeded',
    en: 'The GraphQL operation nests {depth} levels deep; {limit} are allowed.',
    zh: 'GraphQL 操作嵌套了 {depth} 层，最多允许 {limit} 层。',
  },
  QUERY_TOO_MANY_ALIASES: {
    kind: 'LimitExceeded',
    en: 'The GraphQL document has {aliases} aliases; {limit} are allowed. Send several requests.',
    zh: 'GraphQL 文档有 {aliases} 个别名，最多允许 {limit} 个。请分多次请求。',
  },
  QUERY_TOO_COSTLY: {
    kind: 'LimitExceeded',
    en: 'The GraphQL operation costs {cost}; {limit} is allowed. Ask for shorter lists ("first", "topK") or fewer fields.',
    zh: 'GraphQL 操作的开销为 {cost}，上限为 {limit}。请缩短列表（“first”、“topK”）或减少字段。',
  },
  FILE_TOO_LARGE: {
    kind: 'LimitExceeded',
    en: 'The file is larger than {megabytes} MiB, the largest that can be uploaded here. Split it and upload its parts.',
    zh: '文件超过 {megabytes} MiB，即此处允许上传的最大值。请拆分后上传。',
  },
  UPLOAD_INTERRUPTED: {
    kind: 'InvalidInput',
    en: '{field}: the upload broke off before its end. Upload the file again.',
    zh: '{field}：上传在完成前中断。请重新上传该文件。',
  },
  // ── models ──
  MODEL_NOT_FOUND: {
    kind: 'InvalidInput',
    en: 'There is no model "{model}" here. Available: {available}. A chat model is added with its provider, or by LLM_BASE_URL; a local one by its folder in MODELS_DIR, or from a hub with MODELS_DOWNLOAD=true or HF_ENDPOINT.',
    zh: '此处没有模型“{model}”。可用的模型：{available}。对话模型请通过服务方或 LLM_BASE_URL 添加；本地模型请放入 MODELS_DIR，或设置 MODELS_DOWNLOAD=true 或 HF_ENDPOINT 以从模型库下载。',
  },
  MODEL_LACKS: {
    kind: 'InvalidInput',
    en: '{field}: the model "{model}" cannot do this ({feature}). Ask another model, or leave it out.',
    zh: '{field}：模型“{model}”不支持此功能（{feature}）。请换用其他模型，或去掉该项。',
  },
  MODEL_RATE_LIMITED: {
    kind: 'LimitExceeded',
    en: 'The {what} a minute of this {scope} are used up. Try again in {seconds} s.',
    zh: '该{scope}每分钟的{what}已用完，请在 {seconds} 秒后重试。',
  },
  MODEL_BUDGET_SPENT: {
    kind: 'LimitExceeded',
    en: 'The budget of this {scope} does not cover the call. Shorten it, or ask an administrator to raise the budget.',
    zh: '该{scope}的预算不足以支付本次调用。请缩短内容，或请管理员提高预算。',
  },
  MODEL_NAME_TAKEN: {
    kind: 'Conflict',
    en: 'There is a model or a route "{name}" of this version already. Choose another name or version.',
    zh: '已存在同名同版本的模型或路由“{name}”，请换一个名称或版本。',
  },
  MODEL_IN_USE: {
    kind: 'Conflict',
    en: 'The route "{route}" has versions that use this model. Delete the route first.',
    zh: '路由“{route}”的某些版本仍在使用该模型，请先删除该路由。',
  },
  PROVIDER_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no provider {id} that can be changed here.',
    zh: '没有可在此处修改的模型服务方 {id}。',
  },
  PROVIDER_NAME_TAKEN: {
    kind: 'Conflict',
    en: 'A provider named "{name}" exists already. Choose another name.',
    zh: '已存在名为“{name}”的模型服务方，请换一个名称。',
  },
  PROVIDER_IN_USE: {
    kind: 'Conflict',
    en: 'The provider still has models. Delete them first.',
    zh: '该服务方下仍有模型，请先删除这些模型。',
  },
  ROUTE_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no route {id} that can be changed here.',
    zh: '没有可在此处修改的路由 {id}。',
  },
  ROUTE_VERSION_NOT_FOUND: {
    kind: 'NotFound',
    en: 'The route has no such version ({version}).',
    zh: '该路由没有此版本（{version}）。',
  },
  LIMIT_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no limit {id}.',
    zh: '没有限额 {id}。',
  },
  MODEL_UNAVAILABLE: {
    kind: 'Unavailable',
    en: 'The model "{model}" cannot be used now: {reason}.',
    zh: '模型“{model}”暂时无法使用：{reason}。',
  },
  MODEL_OVERLOADED: {
    kind: 'Unavailable',
    en: 'Too much waits for the model "{model}" already. Try again shortly, or send less at once.',
    zh: '等待模型“{model}”处理的内容过多，请稍后重试，或减少单次提交的数量。',
  },
  RERANKER_NOT_CONFIGURED: {
    kind: 'Unavailable',
    en: 'No reranker is configured here. Name a model, or set RERANK_MODEL, and RERANK_BASE_URL where an endpoint serves it.',
    zh: '此处未配置重排序模型。请指定模型，或设置 RERANK_MODEL；若由端点提供服务，还需设置 RERANK_BASE_URL。',
  },
  CLASSIFIER_NOT_CONFIGURED: {
    kind: 'Unavailable',
    en: 'No classifier is configured here. Name a model, or set CLASSIFY_MODEL, or CLASSIFY_BASE_URL where an endpoint serves it.',
    zh: '此处未配置文本分类模型。请指定模型，或设置 CLASSIFY_MODEL；若由端点提供服务，请设置 CLASSIFY_BASE_URL。',
  },
  TRANSCRIBER_NOT_CONFIGURED: {
    kind: 'Unavailable',
    en: 'No speech model is configured here. Put one into MODELS_DIR and name it in TRANSCRIBE_MODEL, or name an endpoint in TRANSCRIBE_BASE_URL too.',
    zh: '此处未配置语音识别模型。请将模型放入 MODELS_DIR 并在 TRANSCRIBE_MODEL 中指定；若由端点提供服务，还需设置 TRANSCRIBE_BASE_URL。',
  },
  AUDIO_UNREADABLE: {
    kind: 'InvalidInput',
    en: '{field}: {detail}. Send speech as WAV, MP3, M4A, WebM, Ogg or FLAC.',
    zh: '{field}：{detailZh}。请以 WAV、MP3、M4A、WebM、Ogg 或 FLAC 格式发送语音。',
  },
  AUDIO_TOO_LONG: {
    kind: 'LimitExceeded',
    en: 'The sound is longer than {minutes} minutes, the longest that is transcribed here at once. Send it in parts.',
    zh: '音频超过 {minutes} 分钟，即此处单次可转写的最大长度。请分段发送。',
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
  KNOWLEDGE_BASE_BUSY: {
    kind: 'Conflict',
    en: 'The knowledge base "{name}" is being re-embedded. Try again when that has ended.',
    zh: '知识库“{name}”正在重新嵌入，请在完成后重试。',
  },
  RATED_QUESTIONS_TOO_FEW: {
    kind: 'InvalidInput',
    en: '{usable} of {given} rated questions can be used; {least} are needed to fit and to measure, each with its right passage among the candidates. Rate more answers up, or give more questions, and check their document titles, pages and texts.',
    zh: '{given} 个已评价的问题中可用的有 {usable} 个；拟合与检验至少需要 {least} 个，且其正确段落须在候选之中。请为更多回答点赞，或提供更多问题，并检查其文档标题、页码与文字。',
  },
  EMBEDDING_DIMENSION_UNSUPPORTED: {
    kind: 'InvalidInput',
    en: 'The model "{model}" makes vectors of {dimension} dimensions, which cannot be indexed here. Choose a model with one of {supported}.',
    zh: '模型“{model}”生成 {dimension} 维向量，此处无法建立索引。请选择维数为 {supported} 之一的模型。',
  },
  INGEST_FAILED: {
    kind: 'Unavailable',
    en: 'Processing the document failed several times for a reason that is in the log. Retry it; if it fails again, give an administrator the id of the document.',
    zh: '文档处理多次失败，原因已记入日志。请重试；若仍失败，请将文档编号告知管理员。',
  },
  DOCUMENT_NOT_FOUND: {
    kind: 'NotFound',
    en: 'There is no document {id}, or you may not read it.',
    zh: '没有文档 {id}，或您无权读取。',
  },
  // ── reading a file ──
  FILE_EMPTY: {
    kind: 'InvalidInput',
    en: 'The file is empty. Upload it again from the original.',
    zh: '文件为空。请从原件重新上传。',
  },
  FILE_TYPE_UNKNOWN: {
    kind: 'InvalidInput',
    en: 'The content of the file is of no type that can be read. Upload PDF, DOCX, PPTX, XLSX, CSV, Markdown, HTML or plain text.',
    zh: '无法识别文件内容的类型。请上传 PDF、DOCX、PPTX、XLSX、CSV、Markdown、HTML 或纯文本文件。',
  },
  FILE_TYPE_UNSUPPORTED: {
    kind: 'InvalidInput',
    en: 'Files of type {type} cannot be read. Save the document as PDF, DOCX, PPTX or XLSX and upload that.',
    zh: '暂不支持 {type} 类型的文件。请另存为 PDF、DOCX、PPTX 或 XLSX 后上传。',
  },
  FILE_DAMAGED: {
    kind: 'InvalidInput',
    en: 'The {type} file is damaged and cannot be read ({detail}). Open it in the program it was made with, save it again and upload that.',
    zh: '{type} 文件已损坏，无法读取（{detail}）。请用原程序打开并重新保存后上传。',
  },
  FILE_PASSWORD: {
    kind: 'InvalidInput',
    en: 'The {type} file is protected by a password. Remove the password and upload it again.',
    zh: '{type} 文件受密码保护。请解除密码后重新上传。',
  },
  FILE_TOO_DEEP: {
    kind: 'InvalidInput',
    en: 'The {type} file is nested more than {limit} levels deep. Simplify it and upload it again.',
    zh: '{type} 文件的嵌套超过 {limit} 层。请简化后重新上传。',
  },
  ARCHIVE_BOMB: {
    kind: 'InvalidInput',
    en: 'The {type} file unpacks to far more than a document holds ({detail}) and was refused. Save it again without unused content and upload that.',
    zh: '{type} 文件解压后远超正常文档的大小（{detail}），已拒绝处理。请清理无用内容并重新保存后上传。',
  },
  NO_TEXT: {
    kind: 'InvalidInput',
    en: 'There is no text in the file, and no page that text could be read from. Upload a version with text.',
    zh: '文件中没有文字，也没有可识别文字的页面。请上传含有文字的版本。',
  },
  PARSE_TIMEOUT: {
    kind: 'Unavailable',
    en: 'Reading the file took more than {seconds} s and was stopped. Try again, or split the file.',
    zh: '读取文件超过 {seconds} 秒，已停止。请重试，或将文件拆分后上传。',
  },
  PARSE_MEMORY: {
    kind: 'Unavailable',
    en: 'Reading the file needed more than {megabytes} MB of memory and was stopped. Split the file, or save it again from the original.',
    zh: '读取文件需要超过 {megabytes} MB 内存，已停止。请拆分文件，或从原件重新保存后上传。',
  },
  PARSE_CRASHED: {
    kind: 'Unavailable',
    en: 'The process that read the file stopped unexpectedly. Try again; if it fails again, save the file again from the original and upload that.',
    zh: '读取文件的进程意外中止。请重试；若仍失败，请从原件重新保存后上传。',
  },
  PARSE_CANCELLED: {
    kind: 'Unavailable',
    en: 'Reading the file was cancelled. Start it again when it is wanted.',
    zh: '文件读取已取消。需要时请重新开始。',
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
