import type { ToolCallPart } from '@midplane/contracts';
import type { Piece } from './attempt.js';

/** An answer as its pieces come together. */
export class AnswerDraft {
  text = '';
  reasoning = '';
  private readonly calls = new Map<number, ToolCallPart>();

  add(piece: Piece): void {
    if (piece.type === 'text') this.text += piece.text;
    else if (piece.type === 'reasoning') this.reasoning += piece.text;
    else {
      const call = this.calls.get(piece.index) ?? { id: '', name: '', arguments: '' };
      call.id = piece.id ?? call.id;
      call.name = piece.name ?? call.name;
      call.arguments += piece.arguments;
      this.calls.set(piece.index, call);
    }
  }

  get toolCalls(): ToolCallPart[] {
    return [...this.calls].sort(([a], [b]) => a - b).map(([, call]) => call);
  }
}
