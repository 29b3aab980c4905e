import { openAsBlob } from 'node:fs';
import { basename } from 'node:path';

interface Answer {
  text: string;
  label: string;
  model: string;
  citations: { index: number; documentTitle: string; page: number | null; quote: string }[];
}

interface Document {
  title: string;
  status: string;
  failure: { message: string } | null;
}

/** The few operations of the public GraphQL API that the first minute needs, as any application sends them. */
export class PublicApi {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** @returns the id of the knowledge base of this name, or undefined */
  async baseNamed(name: string): Promise<string | undefined> {
    const { knowledgeBases } = await this.run<{ knowledgeBases: { nodes: { id: string; name: string }[] } }>(
      '{ knowledgeBases(first: 100) { nodes { id name } } }',
    );
    return knowledgeBases.nodes.find((base) => base.name === name)?.id;
  }

  /** @returns the id of the new knowledge base */
  async createBase(name: string, description: string): Promise<string> {
    const { created } = await this.run<{ created: { id: string } }>(
      `mutation ($input: CreateKnowledgeBaseInput!) { created: createKnowledgeBase(input: $input) {
         ... on KnowledgeBase { id } ... on Problem { code message } } }`,
      { input: { name, description } },
    );
    return created.id;
  }

  /** @returns the id of the uploaded document */
  async upload(knowledgeBaseId: string, path: string): Promise<string> {
    const form = new FormData();
    form.set(
      'operations',
      JSON.stringify({
        query: `mutation ($input: UploadDocumentInput!) { uploaded: uploadDocument(input: $input) {
          ... on Document { id } ... on Problem { code message } } }`,
        variables: { input: { knowledgeBaseId, file: null } },
      }),
    );
    form.set('map', '{"0":["variables.input.file"]}');
    form.set('0', await openAsBlob(path), basename(path));
    const { uploaded } = await this.send<{ uploaded: { id: string } }>(form, {});
    return uploaded.id;
  }

  async document(id: string): Promise<Document> {
    const { document } = await this.run<{ document: Document | null }>(
      'query ($id: ID!) { document(id: $id) { title status failure { message } } }',
      { id },
    );
    if (!document) throw new Error('The document was removed.');
    return document;
  }

  async ask(question: string, knowledgeBaseId: string): Promise<Answer> {
    const { answer } = await this.run<{ answer: Answer }>(
      `mutation ($input: AskInput!) { answer: ask(input: $input) {
         ... on Answer { text label model citations { index documentTitle page quote } }
         ... on Problem { code message } } }`,
      { input: { question, knowledgeBaseIds: [knowledgeBaseId] } },
    );
    return answer;
  }

  private run<T>(query: string, variables: object = {}): Promise<T> {
    return this.send<T>(JSON.stringify({ query, variables }), { 'content-type': 'application/json' });
  }

  /** @throws Error with the problem's message where the operation's result is one, or it failed */
  private async send<T>(body: string | FormData, headers: Record<string, string>): Promise<T> {
    const response = await fetch(`${this.url}/graphql`, {
      method: 'POST',
      body,
      headers: { authorization: `Bearer ${this.key}`, accept: 'application/json', ...headers },
    });
    const { data, errors } = (await response.json()) as {
      data?: Record<string, { code?: string; message?: string } | null>;
      errors?: { message: string }[];
    };
    const problem = Object.values(data ?? {}).find((result) => result?.code)?.message ?? errors?.[0]?.message;
    if (problem || !data) throw new Error(problem ?? `HTTP ${response.status}`);
    return data as T;
  }
}
