import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a row of codes may have in bytes, about, so that it stays in its page. */
const ROW_BYTES = 6000;

const TENANT = `nullif(current_setting('app.tenant_id', true), '')::uuid`;

/**
 * The words of chunks as hashes, those of some chunks of a document in one row: a search of a part of everything counts
 * words in these, which are a third of the text and lie together.
 *
 * A trigger writes them, so that nothing that writes words can forget it. Nothing changes a row: it goes with the words
 * of its document.
 */
export class WordCodes20261123000000 implements MigrationInterface {
  name = 'WordCodes20261123000000';

  async up(q: QueryRunner): Promise<void> {
    await q.query(`create table word_code (
      id uuid primary key default uuidv7(),
      tenant_id uuid not null references tenant,
      knowledge_base_id uuid not null,
      document_id uuid not null references document on delete cascade,
      chunk_ids uuid[] not null,
      codes bytea not null
    ) with (toast_tuple_target = 8160)`);
    // Hashes get no denser: another attempt at compressing them would only cost time.
    await q.query('alter table word_code alter column codes set storage external');
    await q.query('create index word_code_document on word_code (document_id)');
    await q.query('create index word_code_knowledge_base on word_code (knowledge_base_id)');
    await q.query('alter table word_code enable row level security');
    await q.query('alter table word_code force row level security');
    await q.query(`create policy of_tenant on word_code to midplane_app
      using (tenant_id = (select ${TENANT})) with check (tenant_id = ${TENANT})`);
    await q.query('grant select, insert, update, delete on word_code to midplane_app');
    await q.query(codeOfWords);
    await q.query(`create function keep_word_codes() returns trigger language plpgsql as $$
      begin
        ${codesOf('added')};
        return null;
      end $$`);
    await q.query(`create trigger word_codes_added after insert on posting
      referencing new table as added for each statement execute function keep_word_codes()`);
    await q.query(codesOf('posting'));
  }

  async down(q: QueryRunner): Promise<void> {
    await q.query('drop trigger word_codes_added on posting');
    await q.query('drop function keep_word_codes');
    await q.query('drop function code_of_words');
    await q.query('drop table word_code');
  }
}

/**
 * The code of a text of words: three numbers of two bytes, how many words it has, how many different ones it has more
 * than once, and how many once; then those that it has more than once, four bytes each, and those that it has once, three
 * bytes each. A word is the last three bytes of its CRC-32; the fourth byte is how many times the text has it, 255 at most.
 */
const codeOfWords = `create function code_of_words(words text) returns bytea
  language sql immutable parallel safe as $$
    select int2send(least(sum(w.times), 32767)::int2)
      || int2send(count(*) filter (where w.times > 1)::int2)
      || int2send(count(*) filter (where w.times = 1)::int2)
      || coalesce(string_agg(
        substring(int4send(w.hash) from 2) || substring(int2send(least(w.times, 255)::int2) from 2), ''
      ) filter (where w.times > 1), '')
      || coalesce(string_agg(substring(int4send(w.hash) from 2), '') filter (where w.times = 1), '')
    from (
      select (crc32(convert_to(t.word, 'UTF8')) & 16777215)::int4 as hash, count(*) as times
      from string_to_table(words, ' ') t (word)
      group by 1
    ) w
  $$`;

/** Writes the codes of the words in a table of the form of `posting`. */
const codesOf = (table: string): string => `
  insert into word_code (tenant_id, knowledge_base_id, document_id, chunk_ids, codes)
  select p.tenant_id, p.knowledge_base_id, p.document_id,
    array_agg(p.chunk_id order by p.chunk_id), string_agg(p.code, '' order by p.chunk_id)
  from (
    select c.*, sum(16 + length(c.code)) over (partition by c.document_id order by c.chunk_id) / ${ROW_BYTES} as part
    from (
      select w.tenant_id, w.knowledge_base_id, w.document_id, w.chunk_id, code_of_words(w.words) as code
      from ${table} w
      offset 0
    ) c
  ) p
  group by p.tenant_id, p.knowledge_base_id, p.document_id, p.part`;
