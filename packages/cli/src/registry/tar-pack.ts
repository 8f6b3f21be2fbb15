/**
 * What is used of tar-stream. The build makes one file of it (`bundle.mjs`), so that nobody has
 * to install the 13 packages that it is.
 */
export { pack } from 'tar-stream';
