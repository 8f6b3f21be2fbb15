/** What `kt serve` loads: the server, as one file in which all that it needs is. */
export { readSettings } from './settings.js';
export { startServer } from './start-server.js';
