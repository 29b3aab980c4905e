/** Every sentence that the command line says by itself, in English and Chinese. `{name}` is filled in. */
const TEXTS = {
  noKey: {
    en: 'No API key. Start the platform here with `npm start` (its key is then in {file}), or set MIDPLANE_KEY.',
    zh: '没有 API 密钥。请在此处运行 `npm start`（密钥会保存在 {file}），或设置 MIDPLANE_KEY。',
  },
  noMasterKey: {
    en: 'No master key. Run this on the server, in the folder where the platform was started (the key is in {file}), or set MIDPLANE_MASTER_KEY.',
    zh: '没有主密钥。请在服务器上启动平台的文件夹中运行（密钥保存在 {file}），或设置 MIDPLANE_MASTER_KEY。',
  },
  notReachable: {
    en: 'Midplane does not answer at {url} ({reason}). Is it running? Start it with `npm start`, or set MIDPLANE_URL.',
    zh: 'Midplane 在 {url} 没有响应（{reason}）。它在运行吗？请运行 `npm start` 启动，或设置 MIDPLANE_URL。',
  },
  badAnswer: {
    en: '{url} answered with HTTP {status}, which is not Midplane: {body}',
    zh: '{url} 返回了 HTTP {status}，这不像是 Midplane：{body}',
  },
  noFiles: { en: 'There is no file to upload under {paths}.', zh: '{paths} 下没有可上传的文件。' },
  noSuchPath: { en: 'There is no file or folder {path}.', zh: '没有文件或文件夹 {path}。' },
  manyBases: {
    en: 'There are several knowledge bases; choose one with --kb: {names}',
    zh: '存在多个知识库，请用 --kb 指定：{names}',
  },
  noBase: {
    en: 'There is no knowledge base "{name}". There are: {names}',
    zh: '没有知识库“{name}”。现有：{names}',
  },
  noBases: {
    en: 'There is no knowledge base yet. Make one by uploading: midplane upload <folder> --kb NAME',
    zh: '还没有知识库。可通过上传创建：midplane upload <文件夹> --kb 名称',
  },
  madeBase: { en: 'Made the knowledge base "{name}".', zh: '已创建知识库“{name}”。' },
  uploading: {
    en: '{done} of {total} files, {bytes} of {allBytes}',
    zh: '文件 {done}/{total}，{bytes}/{allBytes}',
  },
  ready: { en: 'ready', zh: '就绪' },
  present: { en: 'there already', zh: '已存在' },
  failed: { en: 'failed', zh: '失败' },
  file: { en: 'File', zh: '文件' },
  outcome: { en: 'Outcome', zh: '结果' },
  detail: { en: 'Pages, passages / what to do', zh: '页数、段落数 / 处理办法' },
  pagesAndChunks: { en: '{pages} pages, {chunks} passages', zh: '{pages} 页，{chunks} 段' },
  chunksOnly: { en: '{chunks} passages', zh: '{chunks} 段' },
  summary: {
    en: '{ready} ready, {present} there already, {failed} failed',
    zh: '{ready} 个就绪，{present} 个已存在，{failed} 个失败',
  },
  watching: {
    en: 'Watching {paths} for new files. Ctrl+C ends.',
    zh: '正在监视 {paths} 中的新文件。按 Ctrl+C 结束。',
  },
  sources: { en: 'Sources', zh: '来源' },
  closest: { en: 'Closest passages, which do not answer it', zh: '最接近的原文（不构成回答）' },
  page: { en: 'page {page}', zh: '第 {page} 页' },
  unsupported: { en: '(the check against the source did not hold)', zh: '（与来源核对未通过）' },
  limitedTo: {
    en: 'Limited to what the question names: {filters} (--no-named-filters searches everything)',
    zh: '已限定于问题中提到的：{filters}（--no-named-filters 则检索全部）',
  },
  filtersDropped: {
    en: 'Nothing was found with {filters}; searched without it',
    zh: '按 {filters} 未找到内容，已不作此限定',
  },
  noHits: { en: 'Nothing found.', zh: '没有找到。' },
  nothingFailed: { en: 'No document has failed.', zh: '没有失败的文档。' },
  noDocument: { en: 'There is no document {name}.', zh: '没有文档 {name}。' },
  manyDocuments: {
    en: 'Several documents are named {name}; use the id: {ids}',
    zh: '有多个文档名为 {name}，请使用 id：{ids}',
  },
  restarted: { en: '{title}: starts again at {stage}', zh: '{title}：从 {stage} 重新开始' },
  deleted: {
    en: '{title}: erased, {chunks} passages; the probe found nothing left. Audit event {event}.',
    zh: '{title}：已删除 {chunks} 段；探查确认无残留。审计事件 {event}。',
  },
  notVerified: {
    en: '{title}: erased, but the probe still found something of it. Audit event {event}: tell your operator.',
    zh: '{title}：已删除，但探查仍发现残留。审计事件 {event}：请联系运维人员。',
  },
  keyOnce: {
    en: 'This key is shown only now; keep it where nobody else reads it:',
    zh: '此密钥只显示这一次，请妥善保存：',
  },
  resetOrTune: {
    en: '--reset gives back the defaults; leave --questions and --apply out.',
    zh: '--reset 用于恢复默认值，请勿同时使用 --questions 或 --apply。',
  },
  rankingReset: {
    en: '{name}: ranked by the defaults again.',
    zh: '{name}：已恢复默认排序参数。',
  },
  badQuestions: {
    en: '{file}, {place}: {reason}. A line holds "question" and "documentTitle", "documentId" or "text" of the right passage, and may hold its "page".',
    zh: '{file}，{place}：{reason}。每行需有 "question"，以及正确段落的 "documentTitle"、"documentId" 或 "text"，可另有 "page"。',
  },
  line: { en: 'line {line}', zh: '第 {line} 行' },
  notJson: { en: 'not a JSON object', zh: '不是 JSON 对象' },
  notCsv: { en: 'not CSV with a header ({reason})', zh: '不是带表头的 CSV（{reason}）' },
  noQuestion: { en: 'no question', zh: '缺少问题' },
  noRightPassage: { en: 'nothing that names the right passage', zh: '未指明正确段落' },
  badPage: { en: '"{page}" is no page', zh: '“{page}”不是页码' },
  tuned: {
    en: '{usable} of {questions} questions have their right passage among the candidates; {fittedOn} fitted, {heldOut} were held out and measured:',
    zh: '{questions} 个问题中有 {usable} 个的正确段落在候选之中；{fittedOn} 个用于拟合，其余 {heldOut} 个用于检验：',
  },
  measure: { en: 'Held-out questions', zh: '检验用问题' },
  before: { en: 'Before', zh: '之前' },
  after: { en: 'After', zh: '之后' },
  lexicalWeight: { en: 'Weight of words (of vectors)', zh: '词语权重（向量权重）' },
  coverage: { en: 'Coverage beside closeness', zh: '覆盖率相对贴近度的权重' },
  beyondChance: {
    en: '{better} questions are ranked higher, {worse} lower: more than chance (p {p}).',
    zh: '{better} 个问题排名上升，{worse} 个下降：差异显著（p {p}）。',
  },
  withinChance: {
    en: '{better} questions are ranked higher, {worse} lower: it may be chance (p {p}).',
    zh: '{better} 个问题排名上升，{worse} 个下降：可能只是偶然（p {p}）。',
  },
  nothingToTune: {
    en: 'No other parameters do better on the questions that fit them. Nothing was changed.',
    zh: '没有更好的参数。未作任何更改。',
  },
  tunedApplied: {
    en: 'Applied: searches of "{name}" are ranked so from now on. --reset undoes it.',
    zh: '已应用：今后对“{name}”的检索按此排序。可用 --reset 撤销。',
  },
  tunedNotBetter: {
    en: 'Not better on the questions held out: nothing was changed.',
    zh: '在检验用问题上没有改善，未作任何更改。',
  },
  tunedOnlyShown: {
    en: 'Nothing was changed. --apply keeps the new parameters.',
    zh: '未作任何更改。使用 --apply 可采用新参数。',
  },
  madeTenant: { en: 'Made the tenant "{name}" ({id}).', zh: '已创建租户“{name}”（{id}）。' },
  revoked: { en: 'Revoked {id}.', zh: '已吊销 {id}。' },
  documents: { en: 'Documents', zh: '文档' },
  disk: { en: 'Originals', zh: '原件占用' },
  queues: { en: 'Queues', zh: '队列' },
  queue: {
    en: '{service}: {running} at work, {waiting} waiting',
    zh: '{service}：{running} 个进行中，{waiting} 个等待',
  },
  queuesEmpty: { en: 'nothing waits', zh: '没有等待的任务' },
  failedJobs: { en: 'Jobs given up', zh: '已放弃的任务' },
  services: { en: 'Services', zh: '服务' },
  models: { en: 'Embedders', zh: '嵌入模型' },
  noDatabaseUrl: {
    en: 'Set DATABASE_URL to the database, with the role that owns the tables. The embedded database needs no builds: it is too small for them.',
    zh: '请将 DATABASE_URL 设为数据库地址，并使用拥有这些表的角色。内嵌数据库规模小，无需构建索引。',
  },
  noDatabase: { en: "The database can't be reached: {reason}", zh: '无法连接数据库：{reason}' },
  badMemory: {
    en: '--memory "{memory}" is no size. Write for example 8GB.',
    zh: '--memory “{memory}”不是容量。例如：8GB。',
  },
  badWorkers: { en: '--workers: expected a whole number from 0 on.', zh: '--workers 应为不小于 0 的整数。' },
  noSuchIndex: {
    en: 'There is no search index "{name}". There are: {names}',
    zh: '没有检索索引“{name}”。现有：{names}',
  },
  indexFailed: {
    en: '{name} could not be built, and what was begun is removed: {reason}',
    zh: '{name} 构建失败，未完成的部分已清除：{reason}',
  },
  indexBuilt: { en: '{name}: built in {seconds} s', zh: '{name}：已构建，用时 {seconds} 秒' },
  indexName: { en: 'Index', zh: '索引' },
  indexRows: { en: 'Rows', zh: '行数' },
  indexSize: { en: 'Size', zh: '大小' },
  indexState: { en: 'State', zh: '状态' },
  indexReady: { en: 'ready', zh: '就绪' },
  indexMissing: { en: 'missing', zh: '缺失' },
  indexBroken: { en: 'broken: a build broke off', zh: '已损坏：构建中断' },
  indexOtherSettings: { en: 'built with other settings', zh: '以其他参数构建' },
  indexAdvice: {
    en: 'midplane index --build builds what is not ready, while searches go on.',
    zh: '运行 midplane index --build 可构建未就绪的索引，期间检索不受影响。',
  },
  badTime: {
    en: '"{time}" is not a time. Write for example 2027-01-31.',
    zh: '“{time}”不是时间。例如：2027-01-31。',
  },
} as const;

export type MessageName = keyof typeof TEXTS;

/** Language of the terminal, from LC_ALL, LC_MESSAGES or LANG. */
export const locale: 'en' | 'zh' = /^zh/i.test(
  process.env.LC_ALL || process.env.LC_MESSAGES || process.env.LANG || '',
)
  ? 'zh'
  : 'en';

/** @returns a sentence in the terminal's language */
export function say(name: MessageName, values: Record<string, string | number> = {}): string {
  return TEXTS[name][locale].replace(/\{(\w+)\}/g, (whole, key: string) => String(values[key] ?? whole));
}
