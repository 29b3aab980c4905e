import { STATE_LEVELS, STATE_SCALE } from '@midplane/contracts';
import { describe, expect, it } from 'vitest';
import { centreAndTurn, quantize, Rotation } from './token-states.js';

const DIMENSION = 384;
const COUNT = 40;

/** States like a transformer's: two dimensions hold most of the variance, and all lie off the origin. */
function states(): Float32Array {
  let state = 7;
  const random = () => (state = (state * 48271) % 2147483647) / 2147483647 - 0.5;
  return Float32Array.from({ length: COUNT * DIMENSION }, (_, i) => {
    const d = i % DIMENSION;
    return 0.3 + random() * (d === 17 || d === 200 ? 8 : 0.4);
  });
}
const centre = new Float32Array(DIMENSION).fill(0.3);

function dot(a: Float32Array, i: number, b: Float32Array, j: number): number {
  let sum = 0;
  for (let d = 0; d < DIMENSION; d++) sum += a[i * DIMENSION + d]! * b[j * DIMENSION + d]!;
  return sum;
}

describe('token states', () => {
  it('are centred and of length 1, and a rotation changes no cosine', () => {
    const raw = states();
    const plain = raw.map((value) => value - 0.3);
    const turned = raw.slice();
    const distances = centreAndTurn(turned, centre, new Rotation(DIMENSION));
    for (let i = 0; i < COUNT; i++) {
      expect(distances[i]).toBeCloseTo(Math.sqrt(dot(plain, i, plain, i)), 4);
      expect(dot(turned, i, turned, i)).toBeCloseTo(1, 4);
      for (let j = 0; j < i; j++) {
        const cosine = dot(plain, i, plain, j) / (distances[i]! * distances[j]!);
        expect(dot(turned, i, turned, j)).toBeCloseTo(cosine, 4);
      }
    }
  });

  it('are turned the same way by every process', () => {
    const one = new Float32Array(DIMENSION);
    one[0] = 1;
    new Rotation(DIMENSION).turn(one, 0);
    expect([...one.slice(0, 4)].map((value) => value.toFixed(4))).toMatchInlineSnapshot(`
      [
        "-0.0684",
        "0.0021",
        "0.0200",
        "0.0159",
      ]
    `);
  });

  it('keep their cosines at 2 bits a dimension, to within .08', () => {
    const turned = states();
    centreAndTurn(turned, centre, new Rotation(DIMENSION));
    const { scales, codes } = quantize(turned, DIMENSION);
    expect(codes).toHaveLength((COUNT * DIMENSION) / 4);
    const decoded = Float32Array.from(turned, (_, i) => {
      const scale = scales[Math.floor(i / DIMENSION)]! / STATE_SCALE / Math.sqrt(DIMENSION);
      return scale * STATE_LEVELS[(codes[i >> 2]! >> (2 * (i & 3))) & 3]!;
    });
    for (let i = 0; i < COUNT; i++) {
      expect(dot(decoded, i, decoded, i)).toBeCloseTo(1, 1);
      for (let j = 0; j < COUNT; j++) {
        // What a 2-bit code of a unit vector keeps of it: its cosine with itself is .94.
        const expected = 0.94 * dot(turned, i, turned, j);
        expect(Math.abs(dot(turned, i, decoded, j) - expected)).toBeLessThan(0.08);
      }
    }
  });
});
