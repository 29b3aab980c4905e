import { expect, it } from 'vitest';
import { cleanFileName } from './file-name.js';

it.each([
  ['report.pdf', 'report.pdf'],
  ['员工手册.docx', '员工手册.docx'],
  ['../../etc/passwd', 'passwd'],
  ['C:\\Users\\me\\a b.txt', 'a b.txt'],
  ['a\u0000b\u001b[31m\r\nc.txt', 'a b [31m c.txt'],
  ['invoice\u202efdp.exe', 'invoice fdp.exe'],
  ['..', 'upload'],
  ['', 'upload'],
  ['folder/', 'upload'],
  ['\ud800.txt', '.txt'],
])('takes %j for %j', (given, clean) => {
  expect(cleanFileName(given)).toBe(clean);
});

it('shortens a long name and keeps its extension', () => {
  const clean = cleanFileName(`${'字'.repeat(400)}.xlsx`);
  expect([...clean]).toHaveLength(255);
  expect(clean).toMatch(/字\.xlsx$/);
});
