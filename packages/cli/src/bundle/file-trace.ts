/**
 * What is used of @vercel/nft. The build makes one file of it (`bundle.mjs`), so that nobody has
 * to install the 40 packages that it is.
 */
export { nodeFileTrace } from '@vercel/nft';
