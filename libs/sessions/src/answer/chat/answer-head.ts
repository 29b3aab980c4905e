import { NO_ANSWER } from './prompts/answer.v1.js';

const THINK = '<think>';
const END_OF_THINK = '</think>';

/**
 * Watches the beginning of a model's reply: takes out what it thinks aloud between tags, and holds back what may
 * become the word for "not in the passages" until that is decided.
 */
export class AnswerHead {
  private held = '';
  private state: 'undecided' | 'thinking' | 'answering' = 'undecided';

  /** @returns what is part of the answer for certain */
  push(text: string): string {
    if (this.state === 'answering') return text;
    this.held += text;
    return this.decide();
  }

  /** @returns the rest of the answer; `abstained` where it was nothing but the word for it */
  end(): { text: string; abstained: boolean } {
    const held = this.state === 'answering' || this.state === 'thinking' ? '' : this.held;
    const abstained = held.trim().replace(/^[*`"'“]+|[*`"'”.。!！]+$/gu, '') === NO_ANSWER;
    return { text: abstained ? '' : held, abstained };
  }

  private decide(): string {
    if (this.state === 'thinking') {
      const end = this.held.indexOf(END_OF_THINK);
      if (end < 0) {
        this.held = this.held.slice(-END_OF_THINK.length);
        return '';
      }
      this.held = this.held.slice(end + END_OF_THINK.length);
      this.state = 'undecided';
    }
    const text = this.held.trimStart();
    if (THINK.startsWith(text) || text === '') return '';
    if (text.startsWith(THINK)) {
      this.state = 'thinking';
      this.held = text.slice(THINK.length);
      return this.decide();
    }
    const bare = text.replace(/^[*`"'“]+/u, '');
    if (NO_ANSWER.startsWith(bare) || (bare.startsWith(NO_ANSWER) && bare.length <= NO_ANSWER.length + 4))
      return '';
    this.state = 'answering';
    this.held = '';
    return text;
  }
}
