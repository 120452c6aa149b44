// A CommonJS function whose exports only show at run time.
Object.assign(module.exports, { ['hand' + 'ler']: async (event) => ({ common: event }) });
