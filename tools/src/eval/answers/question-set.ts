import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A question with the passage that answers it and the words of the answer. */
export interface EvalQuestion {
  text: string;
  /** Index of its passage. */
  passage: number;
  answers: string[];
}

export interface QuestionSet {
  passages: string[];
  /** Of each passage the number of the article that it is from. */
  articles: number[];
  questions: EvalQuestion[];
}

interface Squad {
  data: { paragraphs: { context: string; qas: { question: string; answers: { text: string }[] }[] }[] }[];
}

/** Where the development sets are, beside the repository; undefined where that folder is missing. */
export function dataFolder(): string | undefined {
  const folder = join(import.meta.dirname, '../../../../../shared/data/retrieval');
  return existsSync(folder) ? folder : undefined;
}

/** Reads a set in SQuAD's format, its questions in their order. */
export function readQuestionSet(folder: string, name: string): QuestionSet {
  const { data } = JSON.parse(readFileSync(join(folder, `${name}.json`), 'utf8')) as Squad;
  const passages: string[] = [];
  const articles: number[] = [];
  const questions: EvalQuestion[] = [];
  const paragraphs = data.flatMap((article, number) =>
    article.paragraphs.map((paragraph) => ({ ...paragraph, article: number })),
  );
  for (const { context, qas, article } of paragraphs) {
    for (const { question, answers } of qas) {
      questions.push({
        text: question,
        passage: passages.length,
        answers: [...new Set(answers.map((answer) => answer.text))],
      });
    }
    passages.push(context);
    articles.push(article);
  }
  return { passages, articles, questions };
}

/** @returns at most `limit` of the list, evenly from all of it */
export function sample<T>(list: readonly T[], limit: number): T[] {
  if (list.length <= limit) return [...list];
  return Array.from({ length: limit }, (_, i) => list[Math.floor((i * list.length) / limit)]!);
}
