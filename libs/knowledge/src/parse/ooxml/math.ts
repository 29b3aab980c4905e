/** An element of a formula in Office Math (ECMA-376 part 1, 22.1). */
export interface MathNode {
  name: string;
  attributes: Record<string, string>;
  children: MathNode[];
  text: string;
}

/** @returns a formula in one line that a person can read: (a)/(b), x^2, √(x), ∑_(i=1)^n. */
export function mathText(node: MathNode): string {
  const part = (name: string): string => {
    const child = node.children.find((each) => each.name === name);
    return child ? inner(child) : '';
  };
  switch (node.name) {
    case 't':
      return node.text;
    case 'f':
      return `${group(part('num'))}/${group(part('den'))}`;
    case 'sSup':
      return `${part('e')}^${group(part('sup'))}`;
    case 'sSub':
      return `${part('e')}_${group(part('sub'))}`;
    case 'sSubSup':
      return `${part('e')}_${group(part('sub'))}^${group(part('sup'))}`;
    case 'sPre':
      return `_${group(part('sub'))}^${group(part('sup'))}${part('e')}`;
    case 'rad':
      return part('deg') === '' ? `√(${part('e')})` : `√[${part('deg')}](${part('e')})`;
    case 'nary': {
      const [sub, sup] = [part('sub'), part('sup')];
      return `${property(node, 'chr') ?? '∫'}${sub && `_${group(sub)}`}${sup && `^${group(sup)}`} ${part('e')}`;
    }
    case 'd':
      return `${property(node, 'begChr') ?? '('}${node.children
        .filter((child) => child.name === 'e')
        .map(inner)
        .join(property(node, 'sepChr') ?? '|')}${property(node, 'endChr') ?? ')'}`;
    case 'func':
      return `${part('fName')} ${part('e')}`;
    case 'limLow':
      return `${part('e')}_${group(part('lim'))}`;
    case 'limUpp':
      return `${part('e')}^${group(part('lim'))}`;
    case 'm':
      return `[${node.children
        .filter((child) => child.name === 'mr')
        .map((row) =>
          row.children
            .filter((child) => child.name === 'e')
            .map(inner)
            .join(', '),
        )
        .join('; ')}]`;
    case 'eqArr':
      return node.children
        .filter((child) => child.name === 'e')
        .map(inner)
        .join('\n');
    default:
      return node.name.endsWith('Pr') ? '' : inner(node);
  }
}

const inner = (node: MathNode): string => node.children.map(mathText).join('');

/** @returns the text, in parentheses where it is more than one sign. */
const group = (text: string): string => (/^(?:[\p{L}\p{N}]|\d+|∞)?$/u.test(text) ? text : `(${text})`);

function property(node: MathNode, name: string): string | undefined {
  const properties = node.children.find((child) => child.name === `${node.name}Pr`);
  return properties?.children.find((child) => child.name === name)?.attributes.val;
}
