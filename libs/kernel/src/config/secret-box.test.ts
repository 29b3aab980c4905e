import { randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { SecretBox } from './secret-box.js';

const master = randomBytes(32);

describe('SecretBox', () => {
  it('gives back what it took, and never the same twice', () => {
    const box = new SecretBox(master);
    const sealed = box.seal('sk-密钥', 'a');
    expect(sealed.includes('sk-')).toBe(false);
    expect(box.seal('sk-密钥', 'a').equals(sealed)).toBe(false);
    expect(new SecretBox(master).open(sealed, 'a')).toBe('sk-密钥');
  });

  it('opens nothing that is of another key or place, or was altered', () => {
    const box = new SecretBox(master);
    const sealed = box.seal('sk', 'a');
    expect(() => new SecretBox(randomBytes(32)).open(sealed, 'a')).toThrow();
    expect(() => box.open(sealed, 'b')).toThrow();
    for (let i = 0; i < sealed.length; i++) {
      const altered = Buffer.from(sealed);
      altered[i]! ^= 1;
      expect(() => box.open(altered, 'a')).toThrow();
    }
  });
});
