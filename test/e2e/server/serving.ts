/** `kt serve` as a process of its own. */
import { spawn } from 'node:child_process';
import { onTestFinished } from 'vitest';
import { BIN } from '../../kit/kt.js';

/** A server that runs until the test has finished. */
export interface Served {
  url: string;
  /** Tells it to end; its exit code. */
  end(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** Runs `kt serve`. */
export async function serve(env: Record<string, string>): Promise<Served> {
  const { JOB_SERVER_PORT: port = '0' } = env;
  const child = spawn(process.execPath, [BIN, 'serve', '--port', port], { env: { ...process.env, ...env } });
  const ended = new Promise<number | null>(resolve => child.on('close', resolve));
  const end = (signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> => {
    child.kill(signal);
    return ended;
  };
  onTestFinished(async () => void (await end()));
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.on('data', chunk => {
      said += String(chunk);
      const found = /at (http:\S+)/.exec(said)?.[1];
      if (found !== undefined) resolve(found);
    });
    void ended.then(() => reject(new Error(said)));
  });
  return { url, end };
}
