import type { OoxmlPackage } from './package.js';

interface Style {
  name: string;
  basedOn?: string;
  outline?: number;
  list?: string;
  level?: number;
}

/** What the paragraph styles of a DOCX file mean for its structure. */
export class Styles {
  private readonly styles = new Map<string, Style>();

  static async of(source: OoxmlPackage, part: string | null): Promise<Styles> {
    const styles = new Styles();
    if (part === null) return styles;
    let style: Style | undefined;
    await source.xml(part, {
      open: (name, attributes) => {
        const value = attributes.val ?? '';
        if (name === 'style') styles.styles.set(attributes.styleId ?? '', (style = { name: '' }));
        else if (!style) return;
        else if (name === 'name') style.name = value.toLowerCase();
        else if (name === 'basedOn') style.basedOn = value;
        else if (name === 'outlineLvl') style.outline = Number(value);
        else if (name === 'numId') style.list = value;
        else if (name === 'ilvl') style.level = Number(value);
      },
      close: (name) => {
        if (name === 'style') style = undefined;
      },
    });
    return styles;
  }

  /**
   * @returns the level of a heading, 1 to 6; null for other styles. A style's name tells it (its id is translated in
   * some languages), or that of one it is based on, or else its place in the outline.
   */
  headingLevel(id: string): number | null {
    for (const style of this.chain(id)) {
      const level = /^heading ([1-9])$/.exec(style.name)?.[1];
      if (level) return Math.min(6, Number(level));
      if (style.name === 'title') return 1;
    }
    const outline = this.chain(id).find((style) => style.outline !== undefined)?.outline;
    return outline !== undefined && outline < 9 ? Math.min(6, outline + 1) : null;
  }

  isTitle(id: string): boolean {
    return this.chain(id).some((style) => style.name === 'title');
  }

  isTableOfContents(id: string): boolean {
    return this.chain(id).some((style) => /^toc \d$|^table of figures$/.test(style.name));
  }

  /** @returns the list whose items a style's paragraphs are. */
  list(id: string): { list: string; level: number } | null {
    const found = this.chain(id).find((style) => style.list !== undefined);
    return found?.list === undefined ? null : { list: found.list, level: found.level ?? 0 };
  }

  private chain(id: string): Style[] {
    const chain: Style[] = [];
    for (
      let style = this.styles.get(id);
      style && chain.length < 20;
      style = this.styles.get(style.basedOn ?? '')
    )
      chain.push(style);
    return chain;
  }
}
