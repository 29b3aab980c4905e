import { describe, expect, it } from 'vitest';
import { namesMissing } from './names-missing.js';

describe('namesMissing', () => {
  const rates = ['Daily allowance: Germany 48 euros, France 52 euros.'];

  it('tells the names that no text holds', () => {
    expect(namesMissing('What is the daily allowance for Japan?', rates, 'en')).toBe(1);
    expect(namesMissing('What is the daily allowance for Germany?', rates, 'en')).toBe(0);
    expect(namesMissing('Is it more in Germany or in Japan?', rates, 'en')).toBe(0.5);
    expect(namesMissing('How much is the daily allowance?', rates, 'en')).toBe(0);
  });

  it('takes another spelling for the name', () => {
    const texts = ['The Super Bowl is a game. Thomas de Maizière of India was there.'];
    for (const question of [
      'Who won the Superbowl?',
      'What did de Maiziere say?',
      'Which famous Indian was there?',
      'Is it in Indai?',
    ])
      expect(namesMissing(question, texts, 'en'), question).toBe(question.endsWith('Indai?') ? 1 : 0);
  });

  it('leaves out abbreviations and what is written in capitals', () => {
    const texts = ['Ask human resources.'];
    expect(namesMissing('Whom do I ask in HR?', texts, 'en')).toBe(0);
    expect(namesMissing('WHOM DO I ASK IN JAPAN?', texts, 'en')).toBe(0);
    expect(namesMissing('Where is form GB45438?', texts, 'en')).toBe(1);
  });

  it('looks for countries in Chinese texts, in either language', () => {
    const texts = ['出差津贴：德国 48 欧元，法國 52 欧元，Spain 40 欧元。'];
    expect(namesMissing('日本的出差津贴是多少？', texts, 'zh')).toBe(1);
    expect(namesMissing('法国的出差津贴是多少？', texts, 'zh')).toBe(0);
    expect(namesMissing('西班牙的出差津贴是多少？', texts, 'zh')).toBe(0);
    expect(namesMissing('What is the daily allowance for Japan?', texts, 'zh')).toBe(1);
    expect(namesMissing('What is the daily allowance for Germany?', texts, 'zh')).toBe(0);
  });

  it('looks for no name that the texts write in another script', () => {
    expect(namesMissing('Where was Chopin born?', ['肖邦出生于华沙。'], 'zh')).toBe(0);
    expect(namesMissing('日本的津贴是多少？', rates, 'en')).toBe(0);
    expect(namesMissing('Kubernetes 是什么？', ['云平台说明。'], 'zh')).toBe(1);
  });
});
