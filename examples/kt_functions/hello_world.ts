/** Hello world as kube-transform's starter kit has it: functions that documents call as `hello_world.…`. */
import { type KTJobInput, ktFunction } from '@kube-transform/sdk';
import * as z from 'zod';

/** Makes one task for each file of a directory. */
export const prepend_hello_world_directory = ktFunction(
  {
    name: 'hello_world.prepend_hello_world_directory',
    input: z.object({ input_directory: z.string(), output_directory: z.string() }),
  },
  async ({ input_directory, output_directory }, { files }): Promise<KTJobInput[]> => {
    const names = await files.listdir(input_directory);
    const tasks = names.map(name => ({
      function: 'hello_world.prepend_hello_world_file',
      args: {
        input_file: files.join(input_directory, name),
        output_file: files.join(output_directory, name),
      },
    }));
    return [{ type: 'static', name: 'prepend-hello-world-files', tasks }];
  },
);

/** Copies a text file with "Hello World: " before each line. */
export const prepend_hello_world_file = ktFunction(
  {
    name: 'hello_world.prepend_hello_world_file',
    input: z.object({ input_file: z.string(), output_file: z.string() }),
  },
  async ({ input_file, output_file }, { files }) => {
    const lines = (await files.readText(input_file)).split('\n');
    const isEnd = (line: string, index: number): boolean => line === '' && index === lines.length - 1;
    const greeted = lines.map((line, index) => (isEnd(line, index) ? line : `Hello World: ${line}`));
    await files.write(output_file, greeted.join('\n'));
  },
);
