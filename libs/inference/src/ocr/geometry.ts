export type Point = readonly [x: number, y: number];

/** A rectangle that may be tilted: its corners, clockwise from the one where its text begins. */
export type Quad = readonly [Point, Point, Point, Point];

/** Quarter turns, clockwise, between the picture and its text: 0 is level, 1 reads downwards, 2 upside down, 3 upwards. */
export type Turn = 0 | 1 | 2 | 3;

/** @returns the same rectangle, beginning at the corner where text that is turned so begins */
export function turned(quad: Quad, turn: Turn): Quad {
  return [...quad.slice(turn), ...quad.slice(0, turn)] as unknown as Quad;
}

/** @returns the corners of the points' convex hull, counter-clockwise (Andrew's monotone chain) */
export function convexHull(points: Point[]): Point[] {
  const sorted = [...points].sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  const half = (from: Point[]): Point[] => {
    const chain: Point[] = [];
    for (const point of from) {
      while (chain.length >= 2 && turn(chain.at(-2)!, chain.at(-1)!, point) <= 0) chain.pop();
      chain.push(point);
    }
    chain.pop();
    return chain;
  };
  return sorted.length < 3 ? sorted : [...half(sorted), ...half(sorted.reverse())];
}

function turn(a: Point, b: Point, c: Point): number {
  return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]);
}

/**
 * The smallest rectangle around points, grown on every side.
 * @param grow how far, from the rectangle's sides
 * @returns undefined where the points lie on one line
 */
export function smallestRectangle(
  points: Point[],
  grow: (width: number, height: number) => number,
): Quad | undefined {
  const hull = convexHull(points);
  let best: { area: number; angle: number } | undefined;
  for (const [i, point] of hull.entries()) {
    const next = hull[(i + 1) % hull.length]!;
    const angle = Math.atan2(next[1] - point[1], next[0] - point[0]);
    const { width, height } = extent(hull, angle);
    // One side of the smallest rectangle lies on a side of the hull (Freeman and Shapira, 1975).
    if (!best || width * height < best.area) best = { area: width * height, angle };
  }
  if (!best) return undefined;
  // The side that is nearest to level counts as the top: text runs along it.
  const angle = best.angle - Math.round(best.angle / (Math.PI / 2)) * (Math.PI / 2);
  const { left, top, width, height } = extent(hull, angle);
  if (width === 0 || height === 0) return undefined;
  const by = grow(width, height);
  const corner = (x: number, y: number): Point => [
    x * Math.cos(angle) - y * Math.sin(angle),
    x * Math.sin(angle) + y * Math.cos(angle),
  ];
  const [x0, y0, x1, y1] = [left - by, top - by, left + width + by, top + height + by];
  return [corner(x0, y0), corner(x1, y0), corner(x1, y1), corner(x0, y1)];
}

function extent(
  points: Point[],
  angle: number,
): { left: number; top: number; width: number; height: number } {
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const xs = points.map(([x, y]) => x * cos + y * sin);
  const ys = points.map(([x, y]) => y * cos - x * sin);
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  return { left, top, width: Math.max(...xs) - left, height: Math.max(...ys) - top };
}

export function distance(a: Point, b: Point): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1]);
}
