import { commandsPlugin, modelPlugin, panelPlugin } from './plugins';

export * from './tokens';

export default [modelPlugin, commandsPlugin, panelPlugin];
