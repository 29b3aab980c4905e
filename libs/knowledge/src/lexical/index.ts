export { cutWords, distinctWords, wordsOf, type Word } from './cut-words.js';
