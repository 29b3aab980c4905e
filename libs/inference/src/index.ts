export * from './embedding/embedder.port.js';
export type { EndpointOptions } from './embedding/endpoint.embedder.js';
export * from './inference.config.js';
export * from './inference.js';
export type { ModelLoad } from './scheduling/model-load.js';
export { SHIPPED_MODEL } from './models/model-catalog.js';
export { InferenceModule } from './inference.module.js';
export { inferenceHandlers } from './inference.service.js';
