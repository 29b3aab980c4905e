import { encodeVector } from '@midplane/contracts';
import { afterAll, expect, it } from 'vitest';
import { createInference } from '../inference.js';
import { LanguageCentres } from './language-centres.js';

const inference = createInference();
afterAll(() => inference.close());

const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

it('takes the centre of its language from a vector and gives it length 1', () => {
  const centres = new LanguageCentres({
    han: encodeVector(new Float32Array([0.5, 0])),
    other: encodeVector(new Float32Array([0, 0.5])),
  });
  expect([...centres.move(new Float32Array([0.6, 0.8]), '中文')]).toEqual([
    expect.closeTo(0.1 / Math.hypot(0.1, 0.8)),
    expect.closeTo(0.8 / Math.hypot(0.1, 0.8)),
  ]);
  expect([...centres.move(new Float32Array([0.6, 0.8]), 'English')]).toEqual([
    expect.closeTo(0.6 / Math.hypot(0.6, 0.3)),
    expect.closeTo(0.3 / Math.hypot(0.6, 0.3)),
  ]);
});

it('finds the passage that answers among passages of both languages', async () => {
  const passages = [
    'A lost or stolen laptop is reported to the security desk within one hour.',
    '员工每周最多可远程办公两天，须提前一天登记。',
    '子女未满三周岁的员工，每年享有十天育儿假。',
    '未休完的年假可结转至次年三月三十一日。',
  ];
  const question = ['笔记本电脑丢失后要在多久之内报告？'];
  const nearest = async (centred: boolean) => {
    const request = { urgency: 'bulk', centred } as const;
    const asked = (await inference.embed({ ...request, role: 'query', texts: question })).vectors[0]!;
    const { vectors } = await inference.embed({ ...request, role: 'passage', texts: passages });
    const cosines = vectors.map((vector) => dot(asked, vector));
    return cosines.indexOf(Math.max(...cosines));
  };
  expect(await nearest(true)).toBe(0);
  expect(await nearest(false)).not.toBe(0);
});
