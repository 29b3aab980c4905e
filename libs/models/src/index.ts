export { type ModelsConfig, modelsConfig } from './models.config.js';
export { ModelsModule } from './models.module.js';
