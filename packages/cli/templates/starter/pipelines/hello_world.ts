import { type KTJobInput, ktFunction, pipeline } from '@kube-transform/sdk';
import * as z from 'zod';

/** Lists a directory, and asks for a job with a task for each file in it. */
export const prepend_hello_world_directory = ktFunction(
  { input: z.object({ input_directory: z.string(), output_directory: z.string() }) },
  async ({ input_directory, output_directory }, { files }): Promise<KTJobInput[]> => {
    const names = await files.listdir(input_directory);
    const tasks = names.map(name => ({
      function: 'hello_world.prepend_hello_world_file',
      args: {
        input_file: files.join(input_directory, name),
        output_file: files.join(output_directory, name),
      },
    }));
    return [{ type: 'static', memory: '1Gi', cpu: '1', tasks }];
  },
);

/** Copies a text file with "Hello World: " before each line. */
export const prepend_hello_world_file = ktFunction(
  { input: z.object({ input_file: z.string(), output_file: z.string() }) },
  async ({ input_file, output_file }, { files, log }) => {
    log.info(`Prepending to ${input_file}`);
    const lines = (await files.readText(input_file)).split('\n');
    // What follows the last newline is no line.
    const isEnd = (line: string, index: number): boolean => line === '' && index === lines.length - 1;
    const greeted = lines.map((line, index) => (isEnd(line, index) ? line : `Hello World: ${line}`));
    await files.write(output_file, greeted.join('\n'));
    log.info(`Wrote ${output_file}`);
  },
);

const Params = z.object({
  inputDirectory: z.string().default('hello_world/raw').describe('Directory of text files'),
  outputDirectory: z
    .string()
    .default('hello_world/processed')
    .describe('Directory of the files that are made'),
});

export default pipeline('hello-world', { params: Params }).dynamic(
  'prepend-hello-world',
  prepend_hello_world_directory,
  ({ params }) => ({
    input_directory: params.inputDirectory,
    output_directory: params.outputDirectory,
  }),
);
