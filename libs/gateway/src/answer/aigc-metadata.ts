/**
 * The implicit label of AI-generated content, by GB 45438-2025, annex E: `Label` 1 says that it is AI-generated.
 * @param producer name or code of the producer, ASCII
 * @param produceIds ids of the answers; none where they are not known yet (a stream's header comes before its answer)
 * @returns JSON in ASCII, fit for a header
 */
export function aigcMetadata(producer: string, produceIds: string[]): string {
  return JSON.stringify({
    Label: '1',
    ContentProducer: producer,
    ProduceID: produceIds.join(','),
    ReservedCode1: '',
    ContentPropagator: '',
    PropagateID: '',
    ReservedCode2: '',
  });
}
