/** Written without spaces between words: Chinese, Japanese, Korean, and their full-width marks. */
export const CJK =
  /[\u2e80-\u30ff\u3130-\u318f\u31f0-\u9fff\uac00-\ud7af\uf900-\ufaff\uff00-\uffef\u{20000}-\u{3ffff}]/u;
