/** Hello world: a dynamic step lists a folder and spawns a job with one task for each file. */
import { pipeline } from '@kube-transform/sdk';
import * as z from 'zod';
import { prepend_hello_world_directory } from '../kt_functions/hello_world.js';

// What a dynamic step spawns is found by name among the functions that the pipeline's module exports.
export { prepend_hello_world_directory, prepend_hello_world_file } from '../kt_functions/hello_world.js';

const Params = z.object({
  inputDirectory: z.string().default('examples/data/hello_world/raw').describe('Directory of text files'),
  outputDirectory: z
    .string()
    .default('out/hello_world/processed')
    .describe('Directory for the files that are made'),
});

export default pipeline('hello-world', { params: Params }).dynamic(
  'prepend-hello-world',
  prepend_hello_world_directory,
  ({ params }) => ({
    input_directory: params.inputDirectory,
    output_directory: params.outputDirectory,
  }),
);
