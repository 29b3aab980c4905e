import { describe, expect, it } from 'vitest';
import { type Named, namedIn } from './named.js';
import { bestOf, documentsIn } from './documents.js';

/** What was read, as a person would write it. */
function read(question: string): Record<string, unknown> {
  const named: Named | undefined = namedIn(question);
  if (!named) return {};
  const { documents, date, pages, headings } = named;
  return {
    ...(documents.length > 0 ? { documents: documents.map(({ value }) => value) } : {}),
    ...(date ? { date: date.value } : {}),
    ...(pages ? { pages: [pages.from, pages.to] } : {}),
    ...(headings.length > 0 ? { headings: headings.map(({ value }) => value) } : {}),
  };
}

describe('namedIn', () => {
  it.each<[string, Record<string, unknown>]>([
    ['《员工手册》第3页写了什么？', { documents: ['员工手册'], pages: [3, 3] }],
    ['What does page 3 of the employee handbook say?', { documents: ['employee handbook'], pages: [3, 3] }],
    [
      'what is the hotel limit on pages 12-14 of the travel policy?',
      { documents: ['travel policy'], pages: [12, 14] },
    ],
    [
      'What is the hotel limit in the 2024 travel policy?',
      { documents: ['2024 travel policy'], date: '2024' },
    ],
    [
      'What is the hotel limit in the travel policy of March 2024?',
      { documents: ['travel policy'], date: '2024-03' },
    ],
    ['第三章讲了什么？', { headings: ['第三章'] }],
    ['員工手冊的第十二條是什麼？', { documents: ['員工手冊'], headings: ['第十二條'] }],
    ['What does section 4.2 require?', { headings: ['section 4.2'] }],
    ["What is the limit under 'Expenses'?", { headings: ['Expenses'] }],
    ['What is said in the "Sick leave" section?', { headings: ['Sick leave'] }],
    ['“报销”一节里的住宿标准是多少？', { headings: ['报销'] }],
    ['根据差旅报销制度规定，住宿标准是多少？', { documents: ['差旅报销制度'] }],
    ['在2023年度报告中，营业收入是多少？', { documents: ['2023年度报告'], date: '2023' }],
    ['《年度报告》（2023年）的营业收入是多少？', { documents: ['年度报告'], date: '2023' }],
    ['2023年的文件里有哪些提到预算？', { date: '2023' }],
    ['Which documents from 2023 mention a budget?', { date: '2023' }],
    ['第２０到２２页讲什么', { pages: [20, 22] }],
    [
      'What does the Information Security Policy say about USB sticks?',
      { documents: ['Information Security Policy'] },
    ],
    ['According to "Project Falcon plan", when is the launch?', { documents: ['Project Falcon plan'] }],
    [
      'What does the code of conduct say in Chapter two?',
      { headings: ['Chapter two'], documents: ['code of conduct'] },
    ],
  ])('%s', (question, expected) => {
    expect(read(question)).toEqual(expected);
  });

  it.each([
    'How many days of annual leave do I get?',
    'What was the revenue in 2023?',
    '公司2023年的营业收入是多少？',
    'What is a page?',
    '第一次世界大战是什么时候开始的？',
    '什么是年假？',
    'Is the meeting in section leader offices?',
    'What is the notice period?',
    '报销的标准是多少？',
    'What does "annual leave" mean?',
    '第三方供应商如何付款？',
    '滇越鐵路為昆明第一條鐵路，主要通往哪裡？',
    'How many points were scored in the last three minutes of the game?',
    'How did the Normans plan their part of the war in 1066?',
  ])('%s names nothing', (question) => {
    expect(namedIn(question)).toBeUndefined();
  });

  it('knows a name that says only what kind of document it is', () => {
    expect(documentsIn('What is said in the handbook?')[0]).toMatchObject({ vague: true });
    expect(documentsIn('What is said in the employee handbook?')[0]).toMatchObject({ vague: false });
  });

  it('takes the title that is the name, then those that hold it in one piece', () => {
    const titles = (...list: string[]) => list.map((title) => ({ title }));
    const [name] = documentsIn('《员工手册》里怎么说？');
    expect(bestOf(name!, titles('員工手冊.pdf', '员工培训手册', '新员工手册'))).toEqual(
      titles('員工手冊.pdf'),
    );
    expect(bestOf(name!, titles('员工培训手册', '新员工手册（2024）'))).toEqual(titles('新员工手册（2024）'));
    expect(bestOf(name!, titles('员工培训手册'))).toEqual(titles('员工培训手册'));
  });
});
