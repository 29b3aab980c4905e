import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FLOAT, type Graph, INT64, onnxModel } from './onnx.js';

/** What the model writes for a second of a deep tone, and of a high one. Silence ends what it writes. */
export const TONE_WORDS = { deep: ' low', high: ' high' };
/** Tones that it tells apart. */
export const TONES = { deep: 440, high: 3000 };

/** Tokens, in the order of Whisper's kinds: words, the end, the start, languages, tasks, timestamps. */
const TOKENS = [
  'Ġlow',
  'Ġhigh',
  '<|endoftext|>',
  '<|startoftranscript|>',
  '<|en|>',
  '<|zh|>',
  '<|translate|>',
  '<|transcribe|>',
  '<|startofprev|>',
  '<|notimestamps|>',
];
const id = (token: string): number => TOKENS.indexOf(token);
const FIRST_TIMESTAMP = TOKENS.length;
const VOCABULARY = FIRST_TIMESTAMP + 1501;
/** Timestamps of a second. */
const STEPS = 50;

export interface ToneModelOptions {
  /** Whether it knows two languages: it takes what is mostly high for Chinese. Default true. */
  multilingual?: boolean;
}

/**
 * Writes the folder of a Whisper as hubs publish them: configuration, tokenizer and two ONNX graphs, of which one
 * hears and one writes token by token, with a cache. Its weights are not learnt, and it says nothing about quality: it
 * writes a word for each second by whether its tone is a deep or a high one, each between two timestamps.
 * What is real is the way there: files, mel spectrogram, language, prompt, timestamps, generation, ONNX Runtime.
 */
export async function writeToneModel(
  folder: string,
  { multilingual = true }: ToneModelOptions = {},
): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const special = { bos_token_id: 2, eos_token_id: 2, pad_token_id: 2, decoder_start_token_id: 3 };
  const files: Record<string, object> = {
    'config.json': {
      architectures: ['WhisperForConditionalGeneration'],
      model_type: 'whisper',
      is_encoder_decoder: true,
      vocab_size: VOCABULARY,
      d_model: 2,
      encoder_layers: 1,
      decoder_layers: 1,
      encoder_attention_heads: 1,
      decoder_attention_heads: 1,
      max_source_positions: 1500,
      max_target_positions: 448,
      ...special,
    },
    'generation_config.json': {
      ...special,
      max_length: 448,
      no_timestamps_token_id: id('<|notimestamps|>'),
      prev_sot_token_id: id('<|startofprev|>'),
      is_multilingual: multilingual,
      ...(multilingual && {
        lang_to_id: { '<|en|>': id('<|en|>'), '<|zh|>': id('<|zh|>') },
        task_to_id: { translate: id('<|translate|>'), transcribe: id('<|transcribe|>') },
      }),
    },
    'preprocessor_config.json': {
      feature_extractor_type: 'WhisperFeatureExtractor',
      processor_class: 'WhisperProcessor',
      chunk_length: 30,
      feature_size: 80,
      hop_length: 160,
      n_fft: 400,
      n_samples: 480_000,
      nb_max_frames: 3000,
      sampling_rate: 16_000,
    },
    'tokenizer_config.json': { tokenizer_class: 'WhisperTokenizer', processor_class: 'WhisperProcessor' },
    'tokenizer.json': tokenizer(),
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), JSON.stringify(content));
  await writeFile(join(folder, 'onnx/encoder_model.onnx'), onnxModel(encoder()));
  await writeFile(join(folder, 'onnx/decoder_model_merged.onnx'), onnxModel(decoder(multilingual ? 2 : 0)));
}

/**
 * Writes the folder of a Moonshine, which takes sound as it is and writes no times: a word for all of it, by whether it
 * is a deep or a high tone. As `writeToneModel` otherwise.
 */
export async function writeMoonshineToneModel(folder: string): Promise<void> {
  await mkdir(join(folder, 'onnx'), { recursive: true });
  const special = { bos_token_id: 3, eos_token_id: 2, pad_token_id: 2, decoder_start_token_id: 3 };
  const files: Record<string, object> = {
    'config.json': {
      architectures: ['MoonshineForConditionalGeneration'],
      model_type: 'moonshine',
      is_encoder_decoder: true,
      vocab_size: TOKENS.length,
      hidden_size: 2,
      encoder_num_hidden_layers: 1,
      decoder_num_hidden_layers: 1,
      encoder_num_key_value_heads: 1,
      decoder_num_key_value_heads: 1,
      ...special,
    },
    'generation_config.json': { ...special },
    'preprocessor_config.json': {
      feature_extractor_type: 'MoonshineFeatureExtractor',
      processor_class: 'MoonshineProcessor',
      sampling_rate: 16_000,
    },
    'tokenizer_config.json': {
      tokenizer_class: 'PreTrainedTokenizerFast',
      processor_class: 'MoonshineProcessor',
    },
    'tokenizer.json': tokenizer(),
  };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), JSON.stringify(content));
  await writeFile(join(folder, 'onnx/encoder_model.onnx'), onnxModel(soundEncoder()));
  await writeFile(join(folder, 'onnx/decoder_model_merged.onnx'), onnxModel(oneWordDecoder()));
}

/** @returns how loud the sound is, and how much it changes from one sample to the next: more, where it is high */
function soundEncoder(): Graph {
  return {
    inputs: { input_values: { type: FLOAT, shape: [1, 'samples'] } },
    constants: { zero: [0], one: [1], end: [2 ** 31], lastButOne: [-1], shape: [1, 1, 2] },
    nodes: [
      { op: 'Slice', inputs: ['input_values', 'one', 'end', 'one'], output: 'later' },
      { op: 'Slice', inputs: ['input_values', 'zero', 'lastButOne', 'one'], output: 'earlier' },
      { op: 'Sub', inputs: ['later', 'earlier'], output: 'change' },
      { op: 'Abs', inputs: ['change'], output: 'changes' },
      { op: 'Abs', inputs: ['input_values'], output: 'loudness' },
      { op: 'ReduceMean', inputs: ['loudness'], output: 'loud', attributes: { axes: [1], keepdims: 1 } },
      { op: 'ReduceMean', inputs: ['changes'], output: 'restless', attributes: { axes: [1], keepdims: 1 } },
      { op: 'Concat', inputs: ['loud', 'restless'], output: 'both', attributes: { axis: 1 } },
      { op: 'Reshape', inputs: ['both', 'shape'], output: 'last_hidden_state' },
    ],
    outputs: { last_hidden_state: { type: FLOAT, shape: [1, 1, 2] } },
  };
}

/** Behind the start it writes a word, then the end. */
function oneWordDecoder(): Graph {
  return {
    inputs: {
      input_ids: { type: INT64, shape: [1, 'tokens'] },
      encoder_hidden_states: { type: FLOAT, shape: [1, 1, 2] },
      'past_key_values.0.decoder.key': { type: FLOAT, shape: [1, 1, 'past', 1] },
    },
    constants: {
      cached: [1, 1, -1, 1],
      list: [-1],
      zero: [0],
      one: [1],
      deep: [0],
      high: [1],
      end: [id('<|endoftext|>')],
      vocabulary: TOKENS.map((_, token) => token),
      shape: [1, 1, TOKENS.length],
    },
    nodes: [
      { op: 'Cast', inputs: ['input_ids'], output: 'given', attributes: { to: FLOAT } },
      { op: 'Reshape', inputs: ['given', 'cached'], output: 'more' },
      {
        op: 'Concat',
        inputs: ['past_key_values.0.decoder.key', 'more'],
        output: 'present.0.decoder.key',
        attributes: { axis: 2 },
      },
      { op: 'Reshape', inputs: ['present.0.decoder.key', 'list'], output: 'all' },
      { op: 'Shape', inputs: ['all'], output: 'length' },
      { op: 'Equal', inputs: ['length', 'one'], output: 'isFirst' },
      { op: 'Reshape', inputs: ['encoder_hidden_states', 'list'], output: 'heard' },
      { op: 'Gather', inputs: ['heard', 'zero'], output: 'loud' },
      { op: 'Gather', inputs: ['heard', 'one'], output: 'restless' },
      { op: 'Greater', inputs: ['restless', 'loud'], output: 'isHigh' },
      { op: 'Where', inputs: ['isHigh', 'high', 'deep'], output: 'word' },
      { op: 'Where', inputs: ['isFirst', 'word', 'end'], output: 'token' },
      { op: 'Equal', inputs: ['vocabulary', 'token'], output: 'chosen' },
      { op: 'Cast', inputs: ['chosen'], output: 'scores', attributes: { to: FLOAT } },
      { op: 'Reshape', inputs: ['scores', 'shape'], output: 'logits' },
    ],
    outputs: {
      logits: { type: FLOAT, shape: [1, 1, TOKENS.length] },
      'present.0.decoder.key': { type: FLOAT, shape: [1, 1, 'present', 1] },
    },
  };
}

function tokenizer(): object {
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    added_tokens: TOKENS.slice(2).map((content, i) => ({
      id: i + 2,
      content,
      special: true,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: { [TOKENS[0]!]: 0, [TOKENS[1]!]: 1 },
      merges: [],
      // Words are found whole.
      ignore_merges: true,
    },
  };
}

/** @returns the loudest of the deep and of the high half of the spectrum, for each fiftieth of a second */
function encoder(): Graph {
  return {
    inputs: { input_features: { type: FLOAT, shape: [1, 80, 3000] } },
    constants: { halves: [1, 2, 40, 3000], pairs: [1, 2, 1500, 2] },
    nodes: [
      { op: 'Reshape', inputs: ['input_features', 'halves'], output: 'split' },
      { op: 'ReduceMax', inputs: ['split'], output: 'loudest', attributes: { axes: [2], keepdims: 0 } },
      { op: 'Reshape', inputs: ['loudest', 'pairs'], output: 'paired' },
      { op: 'ReduceMax', inputs: ['paired'], output: 'frames', attributes: { axes: [3], keepdims: 0 } },
      { op: 'Transpose', inputs: ['frames'], output: 'last_hidden_state', attributes: { perm: [0, 2, 1] } },
    ],
    outputs: { last_hidden_state: { type: FLOAT, shape: [1, 1500, 2] } },
  };
}

/**
 * Behind the start, the language and the task it writes in threes: when a second begins, its word, when it ends.
 * @param named tokens of language and task
 */
function decoder(named: number): Graph {
  const bySecond = { axes: [1], keepdims: 0 };
  return {
    inputs: {
      input_ids: { type: INT64, shape: [1, 'tokens'] },
      encoder_hidden_states: { type: FLOAT, shape: [1, 1500, 2] },
      'past_key_values.0.decoder.key': { type: FLOAT, shape: [1, 1, 'past', 1] },
    },
    constants: {
      cached: [1, 1, -1, 1],
      list: [-1],
      zero: [0],
      one: [1],
      three: [3],
      steps: [STEPS],
      last: [29],
      named: [named],
      seconds: [30, STEPS, 2],
      start: [id('<|startoftranscript|>')],
      end: [id('<|endoftext|>')],
      deep: [0],
      high: [1],
      english: [id('<|en|>')],
      chinese: [id('<|zh|>')],
      first: [FIRST_TIMESTAMP],
      vocabulary: Array.from({ length: VOCABULARY }, (_, token) => token),
      shape: [1, 1, VOCABULARY],
      // Silence lies 2 below the loudest, as Whisper scales its spectrum: less than half a second of a tone is none.
      softer: { float: 0.9 },
      sure: { float: 50 },
    },
    nodes: [
      { op: 'Cast', inputs: ['input_ids'], output: 'given', attributes: { to: FLOAT } },
      { op: 'Reshape', inputs: ['given', 'cached'], output: 'more' },
      {
        op: 'Concat',
        inputs: ['past_key_values.0.decoder.key', 'more'],
        output: 'present.0.decoder.key',
        attributes: { axis: 2 },
      },
      { op: 'Reshape', inputs: ['present.0.decoder.key', 'list'], output: 'floats' },
      { op: 'Cast', inputs: ['floats'], output: 'all', attributes: { to: INT64 } },
      { op: 'Equal', inputs: ['all', 'start'], output: 'starts' },
      { op: 'Cast', inputs: ['starts'], output: 'startsAs1', attributes: { to: FLOAT } },
      { op: 'ArgMax', inputs: ['startsAs1'], output: 'startAt', attributes: { axis: 0, keepdims: 1 } },
      { op: 'Shape', inputs: ['all'], output: 'length' },
      { op: 'Sub', inputs: ['length', 'one'], output: 'lastAt' },
      { op: 'Sub', inputs: ['lastAt', 'startAt'], output: 'behind' },
      { op: 'Sub', inputs: ['behind', 'named'], output: 'written' },
      { op: 'Div', inputs: ['written', 'three'], output: 'second' },
      { op: 'Mod', inputs: ['written', 'three'], output: 'place' },
      { op: 'Add', inputs: ['second', 'one'], output: 'next' },
      // What is heard in that second.
      { op: 'Reshape', inputs: ['encoder_hidden_states', 'seconds'], output: 'frames' },
      { op: 'ReduceMean', inputs: ['frames'], output: 'heard', attributes: bySecond },
      { op: 'Max', inputs: ['second', 'zero'], output: 'notBefore' },
      { op: 'Min', inputs: ['notBefore', 'last'], output: 'row' },
      { op: 'Gather', inputs: ['heard', 'row'], output: 'now' },
      { op: 'Gather', inputs: ['now', 'zero'], output: 'nowDeep', attributes: { axis: 1 } },
      { op: 'Gather', inputs: ['now', 'one'], output: 'nowHigh', attributes: { axis: 1 } },
      { op: 'Reshape', inputs: ['nowDeep', 'list'], output: 'nowDeepIs' },
      { op: 'Reshape', inputs: ['nowHigh', 'list'], output: 'nowHighIs' },
      { op: 'Greater', inputs: ['nowHighIs', 'nowDeepIs'], output: 'isHigh' },
      { op: 'Where', inputs: ['isHigh', 'high', 'deep'], output: 'word' },
      // Silence: far softer than the loudest of all.
      { op: 'Max', inputs: ['nowDeepIs', 'nowHighIs'], output: 'nowLoudest' },
      { op: 'ReduceMax', inputs: ['heard'], output: 'loudest', attributes: { axes: [0, 1], keepdims: 0 } },
      { op: 'Sub', inputs: ['loudest', 'softer'], output: 'soft' },
      { op: 'Less', inputs: ['nowLoudest', 'soft'], output: 'isSilent' },
      { op: 'Greater', inputs: ['second', 'last'], output: 'isOver' },
      { op: 'Or', inputs: ['isSilent', 'isOver'], output: 'ends' },
      // When it begins and ends.
      { op: 'Mul', inputs: ['second', 'steps'], output: 'beginsAt' },
      { op: 'Mul', inputs: ['next', 'steps'], output: 'endsAt' },
      { op: 'Add', inputs: ['beginsAt', 'first'], output: 'begins' },
      { op: 'Add', inputs: ['endsAt', 'first'], output: 'stops' },
      { op: 'Where', inputs: ['ends', 'end', 'begins'], output: 'opening' },
      { op: 'Equal', inputs: ['place', 'zero'], output: 'atOpening' },
      { op: 'Equal', inputs: ['place', 'one'], output: 'atWord' },
      { op: 'Where', inputs: ['atWord', 'word', 'stops'], output: 'wordOrStop' },
      { op: 'Where', inputs: ['atOpening', 'opening', 'wordOrStop'], output: 'text' },
      // Right behind the start, the language.
      { op: 'ReduceMean', inputs: ['heard'], output: 'mean', attributes: { axes: [0], keepdims: 0 } },
      { op: 'Gather', inputs: ['mean', 'zero'], output: 'meanDeep' },
      { op: 'Gather', inputs: ['mean', 'one'], output: 'meanHigh' },
      { op: 'Greater', inputs: ['meanHigh', 'meanDeep'], output: 'mostlyHigh' },
      { op: 'Where', inputs: ['mostlyHigh', 'chinese', 'english'], output: 'language' },
      { op: 'Less', inputs: ['written', 'zero'], output: 'isNamed' },
      { op: 'Where', inputs: ['isNamed', 'language', 'text'], output: 'token' },
      { op: 'Equal', inputs: ['vocabulary', 'token'], output: 'chosen' },
      { op: 'Cast', inputs: ['chosen'], output: 'chosenAs1', attributes: { to: FLOAT } },
      { op: 'Mul', inputs: ['chosenAs1', 'sure'], output: 'scores' },
      { op: 'Reshape', inputs: ['scores', 'shape'], output: 'logits' },
    ],
    outputs: {
      logits: { type: FLOAT, shape: [1, 1, VOCABULARY] },
      'present.0.decoder.key': { type: FLOAT, shape: [1, 1, 'present', 1] },
    },
  };
}
