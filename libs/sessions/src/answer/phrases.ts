import type { Locale } from '@midplane/contracts';

/** What Midplane itself says in answers, in the language of the question. */
const PHRASES = {
  label: { en: 'AI-generated', zh: 'AI 生成' },
  notInSources: {
    en: 'The documents do not hold an answer to this question.',
    zh: '现有文档中没有这个问题的答案。',
  },
  partNotInSources: {
    en: 'The documents do not hold an answer to this part:',
    zh: '现有文档中没有这一部分的答案：',
  },
  noKnowledgeBase: {
    en: 'There is no knowledge base to answer from yet. Create one, upload documents to it, and ask again once they are ready.',
    zh: '目前还没有可供回答的知识库。请先创建知识库并上传文档，待文档处理完成后再提问。',
  },
  nothingFound: {
    en: 'Nothing was found for this question. Check that documents are uploaded and ready, and that you may read them, or ask in other words.',
    zh: '没有找到与这个问题相关的内容。请确认文档已上传并处理完成、您有权阅读，或换一种问法。',
  },
  sourceDeleted: {
    en: 'This answer was erased because a document that it was made from has been deleted.',
    zh: '该回答所依据的文档已被删除，回答内容已一并清除。',
  },
} as const;

export type PhraseKey = keyof typeof PHRASES;

/** @returns the phrase in the given language */
export function phrase(key: PhraseKey, language: Locale): string {
  return PHRASES[key][language];
}
